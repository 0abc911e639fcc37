import { afterALoop, fixed, type ProblemRow } from './problem-row.js';

/** What goes wrong with whoever leads while it holds its key, or while nobody holds it. */
export const LEADER_ROWS: readonly ProblemRow[] = [
  {
    code: 'leader-not-serving',
    level: 'critical',
    rank: 91,
    seenBy: 'leader key, member API of its holder, SQL',
    // A crash, a restart or a promotion of some seconds wakes nobody.
    grace: afterALoop,
    milder: {
      when: (facts) => facts['isWished'] === true,
      level: 'warning',
      grace: (_policy, waits) => ({ forMs: 2 * waits.ttlMs, samples: 3, clearForMs: 0 }),
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'The holder of the leader key takes no writes: its PostgreSQL is down, starting, or in recovery. While it holds the key nobody else may lead. A restart that somebody asked for is told later.',
    advice:
      "Look at PostgreSQL's log on it. Patroni waits for primary_start_timeout before it lets another lead: patronictl failover to a candidate ends that.",
  },
  {
    code: 'leader-api-silent',
    level: 'critical',
    rank: 83,
    seenBy: 'member API silent, leader key with a lease renewed since, SQL or a stream',
    grace: fixed(3_000, 3, 3_000),
    milder: {
      when: (facts) => facts['isReached'] === true,
      level: 'warning',
      grace: fixed(30_000, 3, 3_000),
      page: 'never',
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'The REST API of the leader does not answer, its Patroni lives and its PostgreSQL takes writes. HAProxy asks that API: it will have no writer. Where its checks pass, only we cannot reach it.',
    advice:
      'Look at port 8008 of that member (firewall, file descriptors, certificate); restarting Patroni alone keeps PostgreSQL running if the cluster is paused first. Do not stop its host.',
  },
  {
    code: 'leader-flapping',
    level: 'critical',
    rank: 82,
    seenBy: 'leader key, member API, SQL over ten minutes',
    grace: fixed(0, 1, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'The same leader stopped taking writes three times within ten minutes and came back each time (a crash loop, memory, a link): too briefly for Patroni to replace it.',
    advice:
      "Look at its PostgreSQL's log and its kernel's (out of memory); switch over to another member before you look further.",
  },
  {
    code: 'member-not-configured',
    level: 'critical',
    rank: 81,
    seenBy: "etcd's member keys and leader key",
    grace: afterALoop,
    milder: {
      when: (facts) => facts['leads'] !== true,
      level: 'warning',
      grace: (_policy, waits) => ({ forMs: waits.ttlMs + waits.loopWaitMs, samples: 3, clearForMs: 0 }),
      page: 'never',
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'Patroni has a member that the configuration lacks. Nothing is seen of it, and Patroni may elect it. Critical while it leads.',
    advice: 'Add it to patroni.members and postgres.members in ekimi.yaml, or remove it from the cluster.',
  },
  {
    code: 'primary-without-key',
    level: 'critical',
    rank: 93,
    seenBy: 'own API or SQL of the member, leader key',
    grace: afterALoop,
    milder: {
      when: (facts) => facts['isPaused'] === true,
      level: 'info',
      grace: afterALoop,
      page: 'never',
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'One member takes writes and does not hold the leader key, and no other takes any: its Patroni does not run or does not reach etcd. In a pause that is so on purpose; else another may be elected beside it.',
    advice:
      'Look at Patroni on that member first: started again it takes the key back. If another leads by then, stop its PostgreSQL before clients reach both.',
  },
  {
    code: 'keys-missing',
    level: 'critical',
    rank: 92,
    seenBy: 'etcd, member API',
    grace: (_policy, waits) => ({ forMs: 2 * waits.loopWaitMs, samples: 3, clearForMs: 0 }),
    ladder: [],
    page: 'at-once',
    meaning:
      'etcd answers and has no key of this scope, though members of it run: the configuration leads past it, or etcd lost its data. Nothing is sent.',
    advice:
      "Compare dcs.namespace and the scope with `namespace:` and `scope:` in patroni.yml; a Citus cluster's scope ends in /GROUP; Patroni's `etcd:` (v2 API) is not what `etcd3:` writes.",
  },
  {
    code: 'commits-wait',
    level: 'critical',
    rank: 80,
    seenBy: 'SQL of the leader (wait event SyncRep), /config',
    grace: fixed(5_000, 3, 5_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'Commits on the leader wait for a synchronous standby that does not confirm: clients hang, and nothing is refused.',
    advice:
      'Bring the standby back. To go on without it: PATCH /config {"synchronous_mode_strict": false}, or stop the mute standby so that Patroni takes it out of the set.',
  },
  {
    code: 'leader-read-only',
    level: 'critical',
    rank: 79,
    seenBy: 'SQL of the leader (default_transaction_read_only)',
    grace: afterALoop,
    milder: {
      when: (facts) => facts['isServer'] !== true,
      level: 'info',
      grace: afterALoop,
      page: 'never',
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'The leader runs and refuses writes, because transactions are read-only by default. Of single databases it is only told.',
    advice:
      "SELECT name, setting, sourcefile FROM pg_settings WHERE name = 'default_transaction_read_only'; then ALTER SYSTEM RESET it or take it out of PATCH /config, and reload.",
  },
  {
    code: 'failsafe-active',
    level: 'critical',
    rank: 78,
    seenBy: 'member API, SQL, etcd out of reach',
    grace: fixed(5_000, 3, 3_000),
    milder: { when: (facts) => facts['writer'] !== null, level: 'warning', grace: fixed(0, 2, 3_000), page: 'never' },
    ladder: [],
    page: 'at-once',
    meaning:
      'etcd is out of reach and the primary goes on by failsafe_mode: any member that is lost now ends writes. Critical when no primary is left.',
    advice: 'Bring etcd back. Restart no Patroni and no member until then.',
  },
  {
    code: 'member-starting',
    level: 'warning',
    rank: 24,
    seenBy: 'SQL (SQLSTATE 57P03)',
    grace: fixed(0, 3, 0),
    milder: { when: (facts) => facts['isLong'] !== true, level: 'info', grace: fixed(10_000, 3, 0), page: 'never' },
    ladder: [],
    page: 'at-once',
    meaning:
      'PostgreSQL on a replica takes no connections: it starts, recovers or stops. It is not restarted for that; after 15 min a person is told.',
    advice: "Look at its PostgreSQL's log: a recovery tells how far it is. A restart begins it anew.",
  },
];
