import { redactorOf } from '../config/redactor.js';
import type { EkimiConfig } from '../model/config.js';
import type { Delivered, Notice, NotifyChannel } from '../model/notify.js';
import { written } from '../notify/formats.js';
import { isKeyed } from '../notify/routes.js';
import { notifyChannelsOf, systemClock } from './wiring.js';

interface Tried {
  readonly channel: string;
  readonly kind: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A message of test to each channel, and where incidents are counted its end behind it. What is not there is left out. */
export async function testChannels(config: EkimiConfig, only: string | null): Promise<readonly Tried[]> {
  const { notifications } = config;
  if (notifications === undefined) return [];
  const ports = notifyChannelsOf(notifications);
  const redact = redactorOf(config).text;
  const nowMs = systemClock.now();
  const notice = testNotice(config, nowMs);

  async function send(channel: NotifyChannel, one: Notice): Promise<Delivered> {
    return (await ports[channel.name]?.send(written(channel, [one], nowMs), nowMs)) ?? { kind: 'refused', why: 'none' };
  }

  async function tried(channel: NotifyChannel): Promise<Tried> {
    const first = await send(channel, notice);
    const both = first.kind === 'sent' && isKeyed(channel.kind);
    const last = both ? await send(channel, { ...notice, change: 'ended', isLast: true }) : first;
    const detail =
      last.kind === 'sent' ? `it took ${both ? 'the message and its end' : 'the message'}` : redact(last.why);
    return { channel: channel.name, kind: channel.kind, ok: last.kind === 'sent', detail };
  }

  try {
    return await Promise.all(notifications.channels.filter(({ name }) => only === null || name === only).map(tried));
  } finally {
    for (const port of Object.values(ports)) port.close();
  }
}

const testNotice = ({ instance, notifications }: EkimiConfig, nowMs: number): Notice => ({
  key: `ekimi/test/${instance}/${nowMs}`,
  scope: 'ekimi',
  change: 'test',
  level: 'info',
  code: 'notify-failed',
  subject: 'test',
  text: `a message of test from ${instance}: nothing is wrong, and nothing has to be done`,
  unblock: [],
  incident: null,
  sinceMs: nowMs,
  atMs: nowMs,
  isLast: false,
  by: instance,
  link: notifications?.link ?? null,
});
