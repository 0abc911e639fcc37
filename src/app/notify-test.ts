import { redactorOf } from '../config/redactor.js';
import type { EkimiConfig } from '../model/config.js';
import type { Delivered, Notice, NotifyChannel } from '../model/notify.js';
import { TEST_FIRES_FOR_MS, written } from '../notify/formats.js';
import { spanText } from '../words/amounts.js';
import { notifyChannelsOf, systemClock } from './wiring.js';

interface Tried {
  readonly channel: string;
  readonly kind: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * A message of test to each channel, and its end behind it where somebody would have to end it by hand. An alert of Alertmanager ends by itself,
 * after some time: before it has been sent on, an end would keep it from everybody. What is not there is left out.
 */
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
    const both = first.kind === 'sent' && channel.kind === 'pagerduty';
    const last = both ? await send(channel, { ...notice, change: 'ended', isLast: true }) : first;
    const took = both ? 'the message and its end' : (TOOK[channel.kind] ?? 'the message');
    const detail = last.kind === 'sent' ? `it took ${took}` : redact(last.why);
    return { channel: channel.name, kind: channel.kind, ok: last.kind === 'sent', detail };
  }

  try {
    return await Promise.all(notifications.channels.filter(({ name }) => only === null || name === only).map(tried));
  } finally {
    for (const port of Object.values(ports)) port.close();
  }
}

const TOOK: Readonly<Partial<Record<NotifyChannel['kind'], string>>> = {
  alertmanager: `the message, which fires for ${spanText(TEST_FIRES_FOR_MS)}`,
};

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
