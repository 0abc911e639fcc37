import type { Channel } from '../model/channel.js';
import type { ActionName } from '../model/plan.js';
import type { Grace, Policy } from '../model/policy.js';
import type { ProblemCode, ProblemLevel } from '../model/problem.js';

/** The cluster's own waits, from `/config`; every grace that leaves time to Patroni derives from them. */
export interface Waits {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
}

/** One rung: what to try, and how many independent channels must agree before it may be. */
export interface Rung {
  readonly action: ActionName;
  readonly minChannels: number;
  /** One of these must be among them. */
  readonly oneOf: readonly Channel[];
}

/** One problem of the catalogue. A row without a ladder pages: it has a name, evidence and a documented next step for a person. */
export interface ProblemRow {
  readonly code: ProblemCode;
  readonly level: ProblemLevel;
  /** Higher goes first when two problems ask for an action in one pass. */
  readonly rank: number;
  readonly seenBy: string;
  readonly grace: (policy: Policy, waits: Waits) => Grace;
  readonly ladder: readonly Rung[];
  /** Page a person when it becomes active (or when its ladder is exhausted). */
  readonly page: 'at-once' | 'when-exhausted' | 'never';
  readonly meaning: string;
  /** For the runbook pages: what a person should do. */
  readonly advice: string;
}

const fixed = (forMs: number, samples: number, clearForMs: number) => (): Grace => ({ forMs, samples, clearForMs });

const lagGrace = (policy: Policy): Grace => ({ forMs: policy.lag.forMs, samples: 3, clearForMs: policy.lag.forMs });

/** What Patroni heals by itself gets `ttl + loop_wait` first. [design: Never fight Patroni] */
const patroniFirst =
  (samples: number) =>
  (_policy: Policy, waits: Waits): Grace => ({
    forMs: waits.ttlMs + waits.loopWaitMs,
    samples,
    clearForMs: waits.loopWaitMs,
  });

const rung = (action: ActionName, minChannels: number, oneOf: readonly Channel[] = ['api', 'sql', 'peers']): Rung => ({
  action,
  minChannels,
  oneOf,
});

const REBUILD: readonly Rung[] = [rung('restart-member', 2), rung('reinitialize-replica', 2)];

/** The catalogue, in the order of its documentation. Snapshot-tested: a changed row is a reviewed row. */
export const CATALOGUE: readonly ProblemRow[] = [
  {
    code: 'observer-impaired',
    level: 'critical',
    rank: 100,
    seenBy: 'ourselves: most members and etcd silent at once, or our clock jumped',
    // The gate asks for any phase of it; only the page waits, so that one slow pass wakes nobody.
    grace: fixed(10_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning: 'We may be the one that is cut off or asleep. Nothing is acted on until several clean passes.',
    advice: 'Check the network between this host and the cluster, and its clock.',
  },
  {
    code: 'scope-mismatch',
    level: 'critical',
    rank: 99,
    seenBy: "member API: another scope or another member's name",
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'An address of the configuration leads to another cluster or member. Nothing is sent anywhere in this scope until it is right.',
    advice: 'Correct patroni.members in ekimi.yaml.',
  },
  {
    code: 'member-unknown',
    level: 'warning',
    rank: 98,
    seenBy: "etcd's member keys",
    grace: (_policy, waits) => ({ forMs: waits.ttlMs + waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    ladder: [],
    page: 'at-once',
    meaning: 'A member answers at its address but Patroni has no member of that name in the DCS.',
    advice: "Compare the name in ekimi.yaml with the member's own `name:`.",
  },
  {
    code: 'cluster-paused',
    level: 'info',
    rank: 97,
    seenBy: '/config, member API',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'never',
    meaning: 'Patroni is in maintenance mode: a person owns the cluster and we only watch.',
    advice: 'PATCH /config {"pause": false} when the work is done.',
  },
  {
    code: 'split-brain-confirmed',
    level: 'critical',
    rank: 95,
    seenBy: 'own API and SQL of each primary, leader key',
    grace: (_policy, waits) => ({ forMs: waits.loopWaitMs, samples: 3, clearForMs: waits.loopWaitMs }),
    ladder: [rung('fence-member', 3, ['sql'])],
    page: 'when-exhausted',
    meaning: 'Two members of one system accept writes.',
    advice:
      'Close traffic to the member without the leader key, stop it, let the rest settle, start it again and let Patroni rewind it.',
  },
  {
    code: 'split-brain-suspected',
    level: 'critical',
    rank: 94,
    seenBy: 'own API or SQL of two members, or a primary without the leader key',
    grace: fixed(3_000, 3, 3_000),
    ladder: [],
    page: 'at-once',
    meaning: 'More than one member says that it is primary, by at least one channel.',
    advice: 'Look at every member by SQL (`SELECT pg_is_in_recovery()`) and at the leader key.',
  },
  {
    code: 'leader-down',
    level: 'critical',
    rank: 90,
    seenBy: 'member API, SQL, replicas no longer streaming, host',
    grace: fixed(0, 2, 1_000),
    ladder: [rung('expedite-failover', 4, ['host'])],
    page: 'when-exhausted',
    meaning: 'The leader key names a member that is dead. Patroni replaces it when the key expires (ttl).',
    advice: 'Wait for ttl; look at the container or host of the old leader.',
  },
  {
    code: 'leader-frozen',
    level: 'critical',
    rank: 89,
    seenBy: 'member API silent, SQL answers as primary, key held',
    grace: fixed(4_000, 3, 1_000),
    ladder: [rung('fence-member', 3, ['dcs'])],
    page: 'when-exhausted',
    meaning:
      "The leader's Patroni does not run but its PostgreSQL accepts writes. When the key expires there will be two primaries.",
    advice: "Stop the member's container or host before the key expires.",
  },
  {
    code: 'member-fenced',
    level: 'info',
    rank: 58,
    seenBy: 'our ledger, host, leader key',
    grace: fixed(5_000, 3, 0),
    ladder: [rung('start-member', 1, ['host'])],
    page: 'when-exhausted',
    meaning: 'A member that we fenced is stopped, and another one leads: it may come back as a replica.',
    advice: 'Look at what it holds before you start it: pg_rewind discards what only it has.',
  },
  {
    code: 'member-rejoined',
    level: 'info',
    rank: 57,
    seenBy: 'our ledger, member API, leader',
    grace: fixed(2_000, 2, 0),
    ladder: [rung('open-traffic', 1, ['api', 'sql'])],
    page: 'when-exhausted',
    meaning: 'A member that we fenced is back and streams (or never stopped leading): its traffic may be opened again.',
    advice: 'set server BACKEND/MEMBER state ready',
  },
  {
    code: 'proxy-behind',
    level: 'info',
    rank: 56,
    seenBy: 'proxy, leader key, member API, SQL',
    grace: fixed(0, 1, 0),
    ladder: [rung('proxy-nudge', 3, ['dcs'])],
    page: 'never',
    meaning: 'A new leader is proven and the proxy still waits for its own health checks.',
    advice: 'Wait for the checks, or set server BACKEND/MEMBER health up.',
  },
  {
    code: 'cluster-down',
    level: 'critical',
    rank: 88,
    seenBy: 'API and SQL of all members, host or DCS',
    grace: fixed(10_000, 3, 0),
    ladder: [],
    page: 'at-once',
    meaning: 'No member answers.',
    advice: 'Start the member that led last first (last row of /history), alone; then the others.',
  },
  {
    code: 'leaderless',
    level: 'critical',
    rank: 87,
    seenBy: 'leader key absent by a linearizable read, no member primary',
    grace: (_policy, waits) => ({ forMs: waits.ttlMs + waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    ladder: [rung('failover', 2, ['api'])],
    page: 'when-exhausted',
    meaning: 'Nobody leads for longer than an election takes.',
    advice: 'Bring the old leader back (no loss), or POST /failover to the most advanced member with the loss in mind.',
  },
  {
    code: 'no-failover-candidate',
    level: 'critical',
    rank: 86,
    seenBy: 'member API',
    grace: (_policy, waits) => ({ forMs: waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    ladder: [],
    page: 'at-once',
    meaning: 'Leaderless, and no running replica may be promoted.',
    advice: 'Start a member, or lift its nofailover tag.',
  },
  {
    code: 'failover-flapping',
    level: 'warning',
    rank: 85,
    seenBy: 'leader key over an hour',
    grace: fixed(0, 1, 60_000),
    ladder: [],
    page: 'at-once',
    meaning: 'The leader changed three times or more within an hour.',
    advice: 'Look for an unstable network or DCS before anything else.',
  },
  {
    code: 'dcs-quorum-lost',
    level: 'critical',
    rank: 84,
    seenBy: 'linearizable read, endpoints',
    grace: fixed(5_000, 3, 0),
    ladder: [],
    page: 'at-once',
    meaning: 'etcd cannot answer a linearizable read: the leader will demote itself and the cluster becomes read-only.',
    advice: 'Restart the etcd members. Never remove their data: Patroni recovers alone in seconds once quorum is back.',
  },
  {
    code: 'dcs-member-down',
    level: 'warning',
    rank: 60,
    seenBy: 'the endpoint itself, host',
    grace: fixed(10_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning: 'One etcd member does not serve; one more and quorum is lost.',
    advice: 'Restart that etcd member.',
  },
  {
    code: 'dcs-alarm',
    level: 'critical',
    rank: 61,
    seenBy: 'etcd alarm list',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'at-once',
    meaning: 'etcd raised an alarm (NOSPACE makes it read-only).',
    advice: 'Compact and defragment, then disarm the alarm.',
  },
  {
    code: 'data-corruption',
    level: 'critical',
    rank: 59,
    seenBy: 'SQL: pg_stat_database.checksum_failures',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'at-once',
    meaning: 'PostgreSQL read a page whose checksum is wrong.',
    advice: 'Switch over away from it if it is the leader, then rebuild it; keep the evidence.',
  },
  {
    code: 'replica-lag-emergency',
    level: 'critical',
    rank: 55,
    seenBy: 'member API, SQL, peers',
    grace: lagGrace,
    ladder: [rung('drain-replica', 2), rung('cancel-blocking-queries', 1, ['sql'])],
    page: 'when-exhausted',
    meaning: 'A replica replays so far behind that reads from it are wrong.',
    advice: 'Stop reads from it; find what holds replay back.',
  },
  {
    code: 'replay-blocked',
    level: 'warning',
    rank: 54,
    seenBy: 'SQL on the replica: recovery waits for a backend',
    grace: lagGrace,
    ladder: [rung('cancel-blocking-queries', 1, ['sql']), rung('terminate-blocking-queries', 1, ['sql'])],
    page: 'when-exhausted',
    meaning: 'A query on the replica holds a snapshot or lock that replay waits for.',
    advice: 'Cancel the query, or let it finish and accept the lag.',
  },
  {
    code: 'replica-start-failed',
    level: 'critical',
    rank: 52,
    seenBy: 'member API, SQL silent, peers',
    grace: patroniFirst(3),
    ladder: REBUILD,
    page: 'when-exhausted',
    meaning: 'PostgreSQL on a replica does not start; Patroni tries once per loop for ever.',
    advice: "Read the member's PostgreSQL log: a wrong setting wants a person, a damaged copy wants a rebuild.",
  },
  {
    code: 'replica-crash-loop',
    level: 'critical',
    rank: 51,
    seenBy: 'member API over ten minutes',
    grace: fixed(0, 1, 60_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'A replica failed to start many times. Its repair is the ladder of replica-start-failed; this row tells a person.',
    advice: "Read the member's PostgreSQL log.",
  },
  {
    code: 'timeline-diverged',
    level: 'critical',
    rank: 50,
    seenBy: "member's timeline and position against the leader's /history",
    grace: patroniFirst(3),
    ladder: REBUILD,
    page: 'when-exhausted',
    meaning: "A member holds WAL past the point where the leader's history left its timeline.",
    advice: 'pg_rewind or reinitialize discards that WAL: look at it first.',
  },
  {
    code: 'rewind-failed',
    level: 'critical',
    rank: 49,
    seenBy: 'member API, DCS',
    grace: (_policy, waits) => ({
      forMs: 2 * (waits.ttlMs + waits.loopWaitMs),
      samples: 3,
      clearForMs: waits.loopWaitMs,
    }),
    ladder: [rung('reinitialize-replica', 2)],
    page: 'when-exhausted',
    meaning: 'A former leader did not rejoin: pg_rewind failed or hangs.',
    advice: 'Read its log; reinitialize if nothing on it is needed.',
  },
  {
    code: 'wal-missing',
    level: 'critical',
    rank: 48,
    seenBy: 'SQL on the leader: slot lost; replica not streaming',
    grace: patroniFirst(3),
    ladder: [rung('reinitialize-replica', 2)],
    page: 'when-exhausted',
    meaning: 'The leader no longer has the WAL that the replica needs: it can never stream again.',
    advice: 'Reinitialize it, or give it the WAL from an archive.',
  },
  {
    code: 'replica-not-streaming',
    level: 'warning',
    rank: 47,
    seenBy: 'member API (3.0.4+), its WAL receiver, the leader',
    grace: patroniFirst(3),
    ladder: REBUILD,
    page: 'when-exhausted',
    meaning: 'A replica runs but receives no WAL.',
    advice:
      'Look for "requested WAL segment has already been removed" and for network or authentication errors in its log.',
  },
  {
    code: 'creating-replica-stuck',
    level: 'warning',
    rank: 46,
    seenBy: 'member API over time',
    grace: fixed(30 * 60_000, 3, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'A copy has been under way for half an hour. A second request would start it from zero, so nothing is sent.',
    advice: 'Look at pg_stat_progress_basebackup on the source; a spread checkpoint comes first.',
  },
  {
    code: 'member-down',
    level: 'critical',
    rank: 45,
    seenBy: 'API, SQL, host, DCS member key',
    grace: patroniFirst(3),
    ladder: [rung('start-member', 2, ['host']), rung('restart-member', 2, ['host', 'sql', 'dcs'])],
    page: 'when-exhausted',
    meaning: 'A replica answers by no channel.',
    advice: 'Look at its host.',
  },
  {
    code: 'patroni-down',
    level: 'critical',
    rank: 44,
    seenBy: 'API silent, SQL answers, DCS member key gone',
    grace: patroniFirst(3),
    ladder: [rung('restart-member', 3, ['dcs'])],
    page: 'when-exhausted',
    meaning: "A replica's PostgreSQL runs without Patroni: nobody would demote or repair it.",
    advice: "Start the member's Patroni.",
  },
  {
    code: 'replica-recovered',
    level: 'info',
    rank: 40,
    seenBy: 'member API, SQL',
    grace: (policy) => ({ forMs: policy.lag.recoveredForMs, samples: 3, clearForMs: 0 }),
    ladder: [rung('undrain-replica', 1, ['api', 'sql'])],
    page: 'when-exhausted',
    meaning: 'A replica that we drained has caught up.',
    advice: 'Nothing: it is put back by itself.',
  },
  {
    code: 'replica-lag-critical',
    level: 'critical',
    rank: 30,
    seenBy: 'member API, SQL, peers',
    grace: lagGrace,
    ladder: [],
    page: 'at-once',
    meaning: 'A replica lags between the critical and the emergency threshold.',
    advice: 'Find what holds it back before it becomes an emergency.',
  },
  {
    code: 'replica-lagging',
    level: 'warning',
    rank: 29,
    seenBy: 'member API, SQL, peers',
    grace: lagGrace,
    ladder: [],
    page: 'never',
    meaning: 'A replica lags between the warning and the critical threshold.',
    advice: 'Watch it.',
  },
  {
    code: 'too-few-replicas',
    level: 'warning',
    rank: 28,
    seenBy: 'member API, SQL, leader',
    grace: (_policy, waits) => ({ forMs: waits.ttlMs + waits.loopWaitMs, samples: 3, clearForMs: waits.loopWaitMs }),
    ladder: [],
    page: 'at-once',
    meaning: 'Not all replicas run and stream.',
    advice: 'See the problems of the members that are missing.',
  },
  {
    code: 'proxy-mismatch',
    level: 'warning',
    rank: 27,
    seenBy: 'proxy, leader key, member API',
    grace: fixed(20_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning: 'The proxy does not route as the cluster is.',
    advice: "Look at the proxy's health checks of that server.",
  },
  {
    code: 'connections-high',
    level: 'warning',
    rank: 26,
    seenBy: 'SQL',
    grace: fixed(60_000, 5, 30_000),
    ladder: [],
    page: 'at-once',
    meaning: 'A member nears max_connections.',
    advice: 'Find the client; look at idle in transaction.',
  },
  {
    code: 'slot-retains-wal',
    level: 'warning',
    rank: 25,
    seenBy: 'SQL',
    grace: fixed(60_000, 5, 30_000),
    ladder: [],
    page: 'at-once',
    meaning: 'A replication slot holds back much WAL and may fill the disk.',
    advice: 'Find its consumer; drop the slot if it has none.',
  },
  {
    code: 'pending-restart',
    level: 'info',
    rank: 10,
    seenBy: 'member API',
    grace: fixed(60_000, 3, 0),
    ladder: [],
    page: 'never',
    meaning: 'A parameter change waits for a restart.',
    advice: 'Restart in a maintenance window: replicas first for an increase, the primary first for a decrease.',
  },
];

const ROWS = new Map(CATALOGUE.map((row) => [row.code, row]));

/** Throws for a code without a row: a defect, since every code has one (tested). */
export function problemRow(code: ProblemCode): ProblemRow {
  const row = ROWS.get(code);
  if (row === undefined) throw new Error(`problem ${code} has no row in the catalogue`);
  return row;
}

/** The catalogue's grace with the operator's overrides on top. */
export function graceOf(code: ProblemCode, policy: Policy, waits: Waits): Grace {
  return { ...problemRow(code).grace(policy, waits), ...policy.grace[code] };
}
