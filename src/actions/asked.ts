import type { ProcedureName } from '../model/procedure.js';

type Rule = 'needed' | 'optional' | 'no';

/** What a procedure takes, and what the help says of it. What it does is its action. */
export interface ProcedureRow {
  readonly takes: {
    readonly target: Rule;
    readonly candidate: Rule;
    readonly at: Rule;
    readonly acceptLoss: Rule;
    readonly leader: Rule;
  };
  readonly usage: string;
  readonly summary: string;
  /** Further parameters that a person may give (`--set NAME=VALUE`), each with what it means. Absent: none. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Only as a stage of a procedure of several stages. */
  readonly alone?: false;
}

const ONE_MEMBER = { target: 'needed', candidate: 'no', at: 'no', acceptLoss: 'no', leader: 'no' } as const;

const OF_CLUSTER = { target: 'no', candidate: 'no', at: 'no', acceptLoss: 'no', leader: 'no' } as const;

const ofMember = (name: ProcedureName, summary: string): ProcedureRow => ({
  takes: ONE_MEMBER,
  usage: `${name} MEMBER`,
  summary,
});

/** What makes sense only within a procedure that goes on from there. */
const ofStage = (name: ProcedureName, summary: string): ProcedureRow => ({ ...ofMember(name, summary), alone: false });

/** All that a person can start, in the order of the help. A name without a row does not compile. */
export const PROCEDURES: Readonly<Record<ProcedureName, ProcedureRow>> = {
  switchover: {
    takes: { target: 'no', candidate: 'optional', at: 'optional', acceptLoss: 'no', leader: 'optional' },
    usage: 'switchover [--candidate MEMBER] [--at TIME]',
    summary: 'hand leadership to a healthy replica, now or at a time; without a candidate to the best one',
  },
  'cancel-switchover': {
    takes: { target: 'no', candidate: 'no', at: 'no', acceptLoss: 'no', leader: 'no' },
    usage: 'cancel-switchover',
    summary: 'take a scheduled switchover back, whoever made it',
  },
  failover: {
    takes: { target: 'no', candidate: 'needed', at: 'no', acceptLoss: 'optional', leader: 'optional' },
    usage: 'failover --candidate MEMBER [--accept-loss BYTES|any]',
    summary: 'make a named member leader where nobody leads, or in place of a living leader',
  },
  'restart-member': ofMember('restart-member', 'restart PostgreSQL on a replica'),
  'start-member': ofMember('start-member', 'start a member that is stopped'),
  'stop-member': { ...ofMember('stop-member', 'stop a replica, as a stage of evacuate-member'), alone: false },
  'reinitialize-replica': {
    takes: { ...ONE_MEMBER, acceptLoss: 'optional' },
    usage: 'reinitialize-replica MEMBER [--accept-loss BYTES|any]',
    summary: "destroy a replica's copy and make a new one from the leader",
  },
  'drain-replica': ofMember('drain-replica', 'take a replica out of the read pool until you put it back'),
  'undrain-replica': ofMember('undrain-replica', 'put a replica back that was drained through ekimi'),
  'cancel-blocking-queries': ofMember('cancel-blocking-queries', 'cancel the oldest query that replay waits for'),
  'terminate-blocking-queries': ofMember('terminate-blocking-queries', 'end the session of that query'),
  'resume-replay': ofMember('resume-replay', 'resume replay that somebody has paused on a replica'),
  'fence-member': ofMember('fence-member', 'close a second primary in the proxy and kill it'),
  'move-aside': ofStage('move-aside', 'rename the data directory of a stopped member beside itself'),
  'remove-aside': {
    ...ofMember('remove-aside', 'delete an old data directory of a member that lies aside'),
    usage: 'remove-aside MEMBER --set directory=NAME',
    parameters: { directory: 'name of the folder, as ekimi status shows it under LIES ASIDE' },
  },
  'begin-copy': ofStage('begin-copy', 'start a stopped member that is to copy the leader'),
  'close-servers': ofStage('close-servers', 'take a replica out of all pools of all proxies'),
  'open-servers': ofStage('open-servers', 'give a replica to the health checks of all proxies'),
  'pause-pooler': {
    takes: ONE_MEMBER,
    usage: 'pause-pooler POOLER',
    summary: 'hold the clients of a pooler between two transactions, for pooler.maxPause at most',
  },
  'resume-pooler': {
    takes: ONE_MEMBER,
    usage: 'resume-pooler POOLER',
    summary: 'let the clients go that we hold in a pooler, before the time of the pause is over',
  },
  'pause-cluster': {
    takes: OF_CLUSTER,
    parameters: {
      for: 'how long, such as 2h: then it is told, and resumed where resume-cluster is auto',
      until: 'the same as a time with its offset, such as 2026-11-22T04:00:00Z',
    },
    usage: 'pause-cluster [--set for=2h | --set until=TIME]',
    summary: 'pause Patroni, with your name and reason: nobody fails over until it is resumed',
  },
  'resume-cluster': {
    takes: OF_CLUSTER,
    usage: 'resume-cluster',
    summary: 'resume Patroni, whoever paused it',
  },
  'patch-config': {
    takes: OF_CLUSTER,
    usage: 'patch-config',
    summary: "change Patroni's dynamic configuration (a stage of apply-config)",
    alone: false,
  },
  'restart-leader': {
    takes: ONE_MEMBER,
    usage: 'restart-leader MEMBER',
    summary: 'restart PostgreSQL on the leader (a stage of apply-config)',
    alone: false,
  },
  'start-store': { ...ofMember('start-store', 'start an etcd member that is stopped'), alone: false },
  'stop-without-etcd': ofStage(
    'stop-without-etcd',
    'stop a member, the leader included, while the data of etcd is lost',
  ),
  'move-store-aside': ofStage(
    'move-store-aside',
    'stop an etcd member whose majority has lost its data, and rename its data beside itself',
  ),
  'defragment-store': {
    ...ofMember('defragment-store', "compact etcd's history and defragment one member"),
    alone: false,
  },
  'disarm-store': { ...ofMember('disarm-store', 'disarm the alarm NOSPACE of etcd'), alone: false },
  'start-first': {
    ...ofMember('start-first', 'start the most advanced member of a cluster of which nothing runs'),
    alone: false,
  },
};

export const isProcedure = (name: string): name is ProcedureName => Object.hasOwn(PROCEDURES, name);
