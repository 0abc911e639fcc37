import { createHmac } from 'node:crypto';
import type { Delivered, NotifyChannel, Outgoing } from '../../model/notify.js';
import type { NotifyChannelPort } from '../../ports/notify-channel.js';
import { addressOf, baseAddress, basicAuth, closingAgent, excerpt, exchange } from '../patroni/exchange.js';

type HttpChannel = Exclude<NotifyChannel, { kind: 'email' }>;

/** Answers to a body that will not be another one next time. */
const REFUSED = [400, 413, 415, 422];
/** PagerDuty takes an event with 202 alone, and says 400 also of a routing key, which a person mends. */
const PAGERDUTY_TOOK = 202;
/** Of an answer no more is worth taking in. */
const MOST_BYTES = 64 * 1024;

const urlOf = (channel: HttpChannel): URL => {
  const base = baseAddress(channel.url);
  return channel.kind === 'alertmanager' ? addressOf(base, '/api/v2/alerts') : base;
};

/** By which the other end knows that it was we, and when: one that was recorded and is sent again is too old. */
export const signature = (secret: string, timestamp: number, body: string): string =>
  `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;

/** Of a POST of JSON, signed where there is a secret. */
export function jsonHeaders(body: string, secret: string | null, nowMs: number): Record<string, string> {
  const common = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'ekimi',
  };
  if (secret === null) return common;
  const timestamp = Math.floor(nowMs / 1000);
  return {
    ...common,
    'x-ekimi-timestamp': String(timestamp),
    'x-ekimi-signature': signature(secret, timestamp, body),
  };
}

function headersOf(channel: HttpChannel, body: string, nowMs: number): Record<string, string> {
  const headers = jsonHeaders(body, channel.kind === 'webhook' ? channel.secret : null, nowMs);
  return channel.kind === 'alertmanager' ? { ...headers, ...basicAuth(channel.auth) } : headers;
}

/** A channel that takes a POST of JSON. Redirects are not followed: what is secret would go where somebody else says. */
export function httpChannel(channel: HttpChannel, deadlineMs: number): NotifyChannelPort {
  const agent = closingAgent({ tls: channel.tls, timeoutMs: deadlineMs });
  const url = urlOf(channel);

  async function post(body: string, nowMs: number): Promise<Delivered> {
    const headers = headersOf(channel, body, nowMs);
    const answer = await exchange(agent, { method: 'POST', url, headers, body, deadlineMs, maxBytes: MOST_BYTES });
    if (answer.kind === 'fault') return { kind: 'retry', why: answer.fault.why };
    return deliveredBy(channel.kind, answer.status, answer.body, answer.headers['retry-after']);
  }

  return {
    send: (message: Outgoing, nowMs) =>
      message.via === 'http'
        ? post(message.body, nowMs)
        : Promise.resolve({ kind: 'refused', why: 'a mail cannot be sent there' }),
    reach: () => connects(agent, url, deadlineMs),
    close: () => {
      void agent.destroy();
    },
  };
}

/** Opens a connection, with TLS where the address has it, and closes it again; nothing is sent. Why that cannot be done, or null. */
export const connects = (
  agent: ReturnType<typeof closingAgent>,
  url: URL,
  deadlineMs: number,
): Promise<string | null> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      done('no answer in time');
    }, deadlineMs);
    const done = (why: string | null): void => {
      clearTimeout(timer);
      socket?.destroy();
      resolve(why);
    };
    let socket: ReturnType<typeof agent.open> | null = null;
    try {
      socket = agent.open(url, () => {
        done(null);
      });
      socket.on('error', (error) => {
        done(error.message);
      });
    } catch (error) {
      done(error instanceof Error ? error.message : String(error));
    }
  });

/** What a status says of the message. */
function deliveredBy(
  kind: HttpChannel['kind'],
  status: number,
  body: string,
  retryAfter: string | undefined,
): Delivered {
  const isPager = kind === 'pagerduty';
  if (isPager ? status === PAGERDUTY_TOOK : status >= 200 && status < 300) return { kind: 'sent' };
  const said = excerpt(body, 160);
  const why = `status ${status}${said === '' ? '' : `: ${said}`}`;
  if (status >= 300 && status < 400)
    return { kind: 'retry', why: `status ${status}, which leads elsewhere: a redirect is not followed` };
  if (REFUSED.includes(status) && !(isPager && status === 400)) return { kind: 'refused', why };
  const seconds = Number(retryAfter);
  return Number.isFinite(seconds) && seconds > 0
    ? { kind: 'retry', why, afterMs: seconds * 1000 }
    : { kind: 'retry', why };
}
