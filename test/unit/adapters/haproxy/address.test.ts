import { expect, it } from 'vitest';
import { haproxyAdapter } from '../../../../src/adapters/haproxy/haproxy-adapter.js';

const clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };

it.each(['http://127.0.0.1:1', 'http://127.0.0.1:1/', 'http://127.0.0.1:1/stats', 'http://127.0.0.1:1/;csv'])(
  '[S5] the statistics at %s are asked for as CSV',
  async (stats) => {
    const pools = { writes: 'p', reads: ['r'] };
    const proxy = { name: 'proxy', stats, statsAuth: null, tls: null, runtime: null, pools, servers: {} };
    const adapter = haproxyAdapter(proxy, 200, clock);
    const reading = await adapter.view();
    await adapter.close();
    expect(reading.source).toMatch(/^GET http:\/\/127\.0\.0\.1:1\/(stats)?;csv$/);
  },
);
