import { afterEach, describe, expect, test } from 'vitest';
import { listen, type Listener } from '../../src/adapters/hosts/peers/listener.js';
import { until } from './etcd-support.js';
import { LocalDriver, TOKEN } from './peers-support.js';

const NAMED = { scope: 'main', namespace: '/service/', system: null };
/** As many streams as are lent at once. */
const STREAMS = 16;

describe('the door for other instances', () => {
  let listener: Listener | null = null;
  afterEach(() => listener?.close());

  test('gives a stream back whose client went away before it began', async () => {
    let waiting = 0;
    let tell = (): void => undefined;
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    listener = await listen({
      peers: {
        local: 'command',
        listen: { host: '127.0.0.1', port: 0 },
        members: {},
        dcs: {},
        proxy: {},
        tls: null,
        token: TOKEN,
      },
      lender: {
        from: async () => {
          waiting += 1;
          await told;
          return { ...NAMED, instance: 'peer', nowMs: 0 };
        },
        answer: () => Promise.reject(new Error('not asked')),
        act: () => Promise.reject(new Error('not asked')),
      },
      local: new LocalDriver(),
      told: () => undefined,
    });
    const { url } = listener;
    const events = (signal: AbortSignal) =>
      fetch(new URL('/v1/events', url), {
        method: 'POST',
        body: JSON.stringify(NAMED),
        headers: { authorization: `Bearer ${TOKEN}` },
        signal,
      });
    const gone = new AbortController();
    const asked = Array.from({ length: STREAMS }, () => events(gone.signal).catch(() => null));
    await until('all wait', () => waiting === STREAMS);
    gone.abort();
    await Promise.all(asked);
    // Until the other end has seen that they are gone.
    await new Promise((resolve) => setTimeout(resolve, 100));
    tell();
    const next = new AbortController();
    let status = 0;
    await until('a stream is free', async () => {
      ({ status } = await events(next.signal));
      return status === 200;
    }).finally(() => {
      next.abort();
    });
    expect(status).toBe(200);
  });
});
