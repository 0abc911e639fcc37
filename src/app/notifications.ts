import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { windowsAt } from '../config/calendar.js';
import type { Redactor } from '../config/redactor.js';
import type { EkimiConfig } from '../model/config.js';
import type { CodedFields } from '../model/log-code.js';
import type { NotificationsConfig } from '../model/notify.js';
import { openHub, type Hub } from '../notify/hub.js';
import { openSpool, type Spool } from '../notify/spool.js';
import { notifyChannelsOf, systemClock } from './wiring.js';

/** Where persons are told, with what the last run could not deliver. Never throws: without a spool it tells from memory. */
export function hubOf(config: EkimiConfig, notifications: NotificationsConfig, redact: Redactor, log: Logger): Hub {
  return openHub({
    config: notifications,
    channels: notifyChannelsOf(notifications),
    clock: systemClock,
    random: Math.random,
    newId: () => randomUUID().slice(0, 12),
    spool: spoolOf(notifications.spool.directory, log),
    reopen: () => openSpool(notifications.spool.directory),
    isOneOfSeveral: config.clusters.length > 1,
    redact: redact.text,
    instance: config.instance,
    isOpen: (window, atMs) => windowsAt({ windows: { freeze: [window], maintenance: [] } }, atMs).freeze !== null,
    log,
  });
}

function spoolOf(directory: string, log: Logger): Spool | null {
  try {
    const spool = openSpool(directory);
    const waiting = spool.outbox.items.length;
    if (waiting > 0) log.info({ waiting }, 'messages of before wait to be sent');
    return spool;
  } catch (err) {
    log.error({ code: 'NOTIFY_SPOOL', err } satisfies CodedFields, 'the spool cannot be opened');
    return null;
  }
}
