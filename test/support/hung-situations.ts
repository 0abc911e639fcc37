import type { ProblemCode } from '../../src/model/problem.js';
import { beat, refusedBy } from './heartbeat-situations.js';
import {
  bothSilent,
  hears,
  leaseLeft,
  led,
  nobodyHears,
  renewedSince,
  silentForTenSeconds,
  type SituationRow,
} from './leader-situations.js';
import { all, api, config, host, leaderKey, noEtcd, NOW_MS, proxyServer, silent, sql, stopped } from './view.js';

const checkTimesOut = proxyServer('postgres_primary', 'patroni1', { status: 'DOWN', up: false, checkStatus: 'L7TOUT' });
const silentToAll = all(bothSilent, nobodyHears);
const since = led({ ...silentForTenSeconds, renewedMs: NOW_MS - 12_000 });
const saysUnknown = api('patroni1', { state: 'unknown', stateText: 'unknown', xlog: null });

export const HUNG_SITUATIONS = {
  'leader-unreachable': {
    subject: 'patroni1',
    seen: [
      {
        name: 'it runs, is silent to all, and has not renewed its lease',
        view: [silentToAll, leaseLeft(15_000)],
        with: since,
      },
      { name: 'its container is paused', view: [silentToAll, host('patroni1', { state: 'paused' })], with: since },
      { name: 'it runs and its renewal is not due yet: not proven', view: [silentToAll], with: since },
      {
        name: 'a replica heard it for the last time before it fell silent',
        view: [bothSilent, hears('patroni2', 12_000), hears('patroni3', 12_000)],
        with: since,
      },
    ],
    friends: [
      { name: 'all is well' },
      { name: 'its container is stopped: it is dead', view: [silentToAll, stopped('patroni1')], with: since },
      { name: 'the host driver does not answer', view: [silentToAll, silent('patroni1', 'host')], with: since },
      { name: 'its lease was renewed since: its Patroni lives', view: [silentToAll], with: renewedSince },
      { name: 'its API alone is silent', view: [silent('patroni1', 'api'), nobodyHears], with: since },
      { name: 'its SQL alone is silent', view: [silent('patroni1', 'sql'), nobodyHears], with: since },
      {
        name: 'a replica has heard it since',
        view: [bothSilent, hears('patroni2', 20_000), hears('patroni3', 8_000), leaseLeft(15_000)],
        with: since,
      },
      {
        name: 'no replica answers us either: it may be we who are cut off',
        view: [silentToAll, silent('patroni2', 'api'), silent('patroni3', 'api'), leaseLeft(15_000)],
        with: since,
      },
      { name: 'etcd does not answer', view: [silentToAll, noEtcd], with: since },
      { name: 'nobody holds the key', view: [silentToAll, leaderKey(null)], with: since },
      { name: 'it leads a standby cluster', view: [silentToAll, config({ standbyCluster: true })], with: since },
    ],
  },
  'leader-hung': {
    subject: 'patroni1',
    seen: [
      {
        name: '[N2] its PostgreSQL hangs and its API says so',
        view: [saysUnknown, silent('patroni1', 'sql', 'timeout')],
      },
      {
        name: '[N2] API and SQL hang, no replica hears it, and its lease was renewed since',
        view: [bothSilent, nobodyHears],
        with: renewedSince,
      },
      {
        name: 'reads are answered, a row is not written, and streams bring nothing',
        view: [beat(refusedBy(null)), nobodyHears],
      },
    ],
    friends: [
      { name: 'all is well' },
      { name: 'a row is refused: it does not hang', view: [beat(refusedBy('53100')), nobodyHears] },
      {
        name: 'one row came late, and a replica has just heard it',
        view: [beat(refusedBy(null)), hears('patroni2', 500)],
      },
      { name: 'an idle leader, whose streams bring nothing', view: [beat(null), nobodyHears] },
      { name: 'a beat of a minute ago', view: [beat(refusedBy(null), { agoMs: 60_000 }), nobodyHears] },
      { name: "a proxy's check of its health alone gets no answer in time", view: [checkTimesOut, nobodyHears] },
      { name: 'our way to its port alone is shut', view: [silent('patroni1', 'sql', 'timeout'), nobodyHears] },
      { name: 'it was demoted', view: [beat(refusedBy(null)), nobodyHears, sql('patroni1', { inRecovery: true })] },
      {
        name: 'both are silent to us, its lease is renewed, and a replica has just heard it',
        view: [bothSilent, hears('patroni2', 500)],
        with: renewedSince,
      },
    ],
  },
} as const satisfies Partial<Record<ProblemCode, SituationRow>>;
