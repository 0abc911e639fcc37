import type { ProxyServer, ProxyView } from '../../src/model/proxy.js';
import { memberName } from '../../src/model/names.js';
import { fresh, unknown } from '../../src/model/reading.js';
import { eachProxy } from './proxies.js';
import { NOW_MS, type Change } from './view.js';

const SERVERS = { 'pg-a': 'patroni1', 'pg-b': 'patroni2', 'pg-c': 'patroni3' } as const;

const line = (backend: string, server: keyof typeof SERVERS, up: boolean): ProxyServer => ({
  backend,
  server,
  member: memberName(SERVERS[server]),
  status: up ? 'UP' : 'DOWN',
  up,
  admin: { drain: false, maint: false, resolution: false },
  sessions: 3,
  checkStatus: 'L7OK',
  lastChangeSeconds: 100,
});

const answer = (): ProxyView => ({
  pid: 10,
  startedAtMs: NOW_MS - 3_600_000,
  servers: [
    ...Object.keys(SERVERS).map((name) => line('main', name as 'pg-a', name === 'pg-a')),
    ...['ro', 'reports'].flatMap((pool) =>
      Object.keys(SERVERS).map((name) => line(pool, name as 'pg-a', name !== 'pg-a')),
    ),
  ],
});

/** Two proxies, `north` and `south`: servers that are not called like members, a pool for writes and two for reads. */
export const twoProxies: Change = (view) => ({
  ...view,
  proxies: ['north', 'south'].map((name) => ({
    name,
    pools: { writes: 'main', reads: ['ro', 'reports'] },
    seen: fresh(answer(), NOW_MS, name),
  })),
});

/** Lines of one proxy changed; `pool` null: in all of its pools. */
export const atProxy =
  (proxy: string, pool: string | null, server: string, part: Partial<ProxyServer>): Change =>
  (view) =>
    eachProxy(view, ({ name, seen }) => ({
      seen:
        name !== proxy || seen.kind === 'unknown'
          ? seen
          : {
              ...seen,
              value: {
                ...seen.value,
                servers: seen.value.servers.map((row) =>
                  row.server === server && (pool === null || row.backend === pool) ? { ...row, ...part } : row,
                ),
              },
            },
    }));

export const drainedAt = (proxy: string, server: string, pool: string | null = null): Change =>
  atProxy(proxy, pool, server, { status: 'DRAIN', admin: { drain: true, maint: false, resolution: false } });

export const noAnswerOf =
  (proxy: string): Change =>
  (view) =>
    eachProxy(view, ({ name, seen }) => ({
      seen: name === proxy ? unknown('timeout', `${name}: no answer in time`, NOW_MS, name) : seen,
    }));

/** Another process answers. */
export const begunAnew =
  (proxy: string): Change =>
  (view) =>
    eachProxy(view, ({ name, seen }) => ({
      seen:
        name !== proxy || seen.kind === 'unknown'
          ? seen
          : { ...seen, value: { ...seen.value, pid: 11, startedAtMs: NOW_MS - 1_000 } },
    }));
