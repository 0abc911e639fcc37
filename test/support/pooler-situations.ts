import type { PauseRecord } from '../../src/model/ledger.js';
import type { PoolerDatabase, PoolerReport } from '../../src/model/pooler.js';
import type { ProblemCode } from '../../src/model/problem.js';
import { fresh, unknown } from '../../src/model/reading.js';
import type { SituationRow } from './leader-situations.js';
import { leaderKey, ledgerOf, NOW_MS, proxyServer, remediationOf, type Change } from './view.js';

/** A pooler that says this of its one database. */
export const pooler = (part: Partial<PoolerDatabase> = {}, more: Partial<PoolerReport> = {}): Change => {
  const database = { name: 'app', paused: false, servers: 1, waiting: 0, maxWaitMs: 0, ...part };
  const report: PoolerReport = { version: '1.18.0', allPaused: null, databases: [database], ...more };
  return (view) => ({ ...view, poolers: [{ name: 'bouncer', seen: fresh(report, NOW_MS, 'console of bouncer') }] });
};
export const pausedPooler = pooler({ paused: true, servers: 0 });
const mutePooler: Change = (view) => ({
  ...view,
  poolers: [{ name: 'bouncer', seen: unknown('timeout', 'no answer', NOW_MS, 'console of bouncer') }],
});

/** A pause of ours that began a second ago for a switchover, whose run is `phase` by now. */
const pausedByUs = (part: Partial<PauseRecord> = {}, phase: 'verifying' | 'failed' = 'verifying') => {
  const run = remediationOf('switchover', 'patroni1', { phase, endedAtMs: phase === 'failed' ? NOW_MS : null });
  const pause = {
    pooler: 'bouncer',
    leader: 'patroni1',
    sinceMs: NOW_MS - 1_000,
    untilMs: NOW_MS + 2_000,
    remediationId: run.id,
    ...part,
  };
  return { ledger: ledgerOf({ remediations: [run], pauses: [pause] }) };
};
const overdue = pausedByUs({ untilMs: NOW_MS - 500 });
const formerLeader = pausedByUs({ leader: 'patroni2' });

export const POOLER_SITUATIONS = {
  'pooler-held': {
    subject: 'bouncer',
    seen: [
      { name: 'its time is over, whoever leads', view: [pausedPooler], with: overdue },
      { name: 'its time is over and nobody leads', view: [pausedPooler, leaderKey(null)], with: overdue },
      { name: 'another one leads, and the proxy sends to that one alone', view: [pausedPooler], with: formerLeader },
      {
        name: 'what it was paused for has ended, and the leader is the same',
        view: [pausedPooler],
        with: pausedByUs({}, 'failed'),
      },
      { name: 'it is paused as a whole, and its time is over', view: [pooler({}, { allPaused: true })], with: overdue },
    ],
    friends: [
      { name: 'the leader is not handed over yet', view: [pausedPooler], with: pausedByUs() },
      {
        name: 'another one leads, and the proxy has not noticed',
        view: [pausedPooler, proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN' })],
        with: formerLeader,
      },
      {
        name: 'another one leads, and the proxy still sends to the former one too',
        view: [pausedPooler, proxyServer('postgres_primary', 'patroni2', { up: true, status: 'UP' })],
        with: formerLeader,
      },
      { name: 'it is paused by somebody else', view: [pausedPooler] },
      { name: 'somebody has resumed it', view: [pooler()], with: overdue },
      { name: 'its console is silent', view: [mutePooler], with: overdue },
    ],
  },
  'pooler-paused': {
    subject: 'bouncer',
    seen: [
      { name: 'one of its databases', view: [pausedPooler] },
      { name: 'all of it, by a command without a name', view: [pooler({}, { allPaused: true })] },
    ],
    friends: [
      { name: 'it is our pause', view: [pausedPooler], with: pausedByUs() },
      { name: 'it serves', view: [pooler()] },
      { name: 'its console is silent', view: [mutePooler] },
    ],
  },
  'pooler-waits': {
    subject: 'bouncer',
    seen: [{ name: 'the first client has waited for 12 s', view: [pooler({ waiting: 3, maxWaitMs: 12_000 })] }],
    friends: [
      { name: 'they wait for a moment', view: [pooler({ waiting: 3, maxWaitMs: 900 })] },
      { name: 'it is paused, which is told', view: [pooler({ paused: true, waiting: 3, maxWaitMs: 12_000 })] },
      { name: 'its console is silent', view: [mutePooler] },
    ],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;
