import type { Problem, ProblemCode } from './problem.js';

/** Procedures of several stages. Each stage is a procedure of one action, through the same gates. */
export const STAGED_NAMES = [
  'rolling-restart',
  'add-replica',
  'remove-member',
  'rebuild-member',
  'evacuate-member',
  'give-back',
  'after-failover',
  'recover-partition',
  'apply-config',
  'recover-dcs',
  'reseed-dcs',
  'defragment-dcs',
  'cold-start',
] as const;
export type StagedName = (typeof STAGED_NAMES)[number];

type Rule = 'needed' | 'optional' | 'no';

/** What each is to people; what it does is in `src/procedures`. */
export interface StagedRow {
  readonly usage: string;
  readonly summary: string;
  /** Heading of the runbook that it follows. */
  readonly runbook: string;
  /** Problems that call for it; `member`: it is asked for with their subject. Absent: only a person calls for it. */
  readonly for?: readonly {
    readonly code: ProblemCode;
    readonly member: boolean;
    /** Begins by itself only where this figure of the problem is above zero, else a person is asked. Absent: always. */
    readonly figure?: string;
  }[];
  /**
   * Absent: who holds tenure goes on with it. `operator`: where etcd has no majority, or no room for a ledger, so that nobody can take tenure, the
   * instance that a person with the right to recover started it at.
   */
  readonly authority?: 'operator';
  readonly takes: {
    /** A member to work on. */
    readonly member: Rule;
    /** Who shall lead. */
    readonly candidate: Rule;
    readonly back: Rule;
    /** Further parameters by name (`--set NAME=VALUE`), each with what it means; `any`: the procedure checks the names itself. */
    readonly parameters: Readonly<Record<string, string>> | 'any';
  };
  readonly custody?: Custody;
}

/**
 * Whose its member is from then on: a run that `takes` it keeps every ladder away until one `returns` it; one that `removes` it, until it is returned
 * or added again; one that `lends` it, until its own end.
 */
export type Custody = 'takes' | 'removes' | 'returns' | 'lends';

const ACCEPT_LOSS =
  'WAL that only the member has and that may be lost where it is copied anew, as the question states it; any: also what nobody can count';

const OLD =
  'what becomes of a directory that cannot be rewound. aside (the default where the host driver can): moved aside and kept; delete: destroyed by POST /reinitialize';

export const STAGED_ROWS: Readonly<Record<StagedName, StagedRow>> = {
  'rolling-restart': {
    usage: 'rolling-restart [--back] [--set what=postgresql|patroni] [--plan]',
    takes: {
      member: 'no',
      candidate: 'no',
      back: 'optional',
      parameters: {
        what: 'postgresql (the default): PostgreSQL alone, by Patroni; patroni: Patroni with its PostgreSQL, stopped and started by the host driver (container or unit)',
      },
    },
    summary:
      'restart PostgreSQL, or Patroni with it, on all members: replicas, the one furthest behind first, then a switchover, then the former leader',
    runbook: 'Maintenance Operations > Rolling Restart',
    for: [{ code: 'pending-restart', member: false }],
  },
  'add-replica': {
    usage: 'add-replica MEMBER [--plan]',
    takes: { member: 'needed', candidate: 'no', back: 'no', parameters: {} },
    summary: 'start a new member that the configuration names, follow its copy of the leader, and open its servers',
    runbook: 'Maintenance Operations > Adding a New Replica',
    custody: 'lends',
  },
  'remove-member': {
    usage: 'remove-member MEMBER [--plan]',
    takes: { member: 'needed', candidate: 'no', back: 'no', parameters: {} },
    summary:
      'take a member out for good: leadership handed over, closed in every proxy, stopped, its key and its slot gone',
    runbook: 'Maintenance Operations > Adding a New Replica',
    custody: 'removes',
  },
  'rebuild-member': {
    usage: 'rebuild-member MEMBER [--plan]',
    takes: { member: 'needed', candidate: 'no', back: 'no', parameters: {} },
    summary:
      'replace the copy of a member whose pages are wrong: leadership handed over, closed in every proxy, stopped, its directory moved aside and kept, copied anew',
    runbook: 'Emergency Procedures > Data Corruption Recovery',
    // A line of a log is written by whoever may run a statement; what a check finds the leader may have too, and it may be of a copy that is gone.
    for: [{ code: 'data-corruption', member: true, figure: 'failures' }],
    custody: 'lends',
  },
  'evacuate-member': {
    usage: 'evacuate-member MEMBER [--candidate MEMBER] [--set then=stop|mark] [--set sessions=cut|wait] [--plan]',
    takes: {
      member: 'needed',
      candidate: 'optional',
      back: 'no',
      parameters: {
        then: 'stop (the default): its server process is stopped in the end; mark: it runs on, and nothing of Ekimi touches it',
        sessions:
          'cut (the default): readers that are still connected lose their session; wait: for an hour until they have ended',
      },
    },
    summary:
      'take a member out for work on its machine: hand leadership over, drain it, stop it; nothing starts it until it is given back',
    runbook: 'Maintenance Operations > Rolling Restart',
    custody: 'takes',
  },
  'give-back': {
    usage: 'give-back MEMBER [--plan]',
    takes: { member: 'needed', candidate: 'no', back: 'no', parameters: {} },
    summary: 'give back a member that was taken out: start it, wait until it streams, give it readers again',
    runbook: 'Recovery Procedures > Scenario 2: Failed Primary Recovery (After Failover)',
    custody: 'returns',
  },
  'after-failover': {
    usage: 'after-failover [MEMBER] [--set old=aside|delete] [--set accept-loss=BYTES|any] [--plan]',
    takes: { member: 'optional', candidate: 'no', back: 'no', parameters: { 'accept-loss': ACCEPT_LOSS, old: OLD } },
    summary:
      'bring the old leader back as a replica: started, rewound, or, where you agree, copied anew; then given readers',
    runbook: 'Recovery Procedures > Scenario 2: Failed Primary Recovery (After Failover)',
    for: [
      { code: 'timeline-diverged', member: true },
      { code: 'rewind-failed', member: true },
    ],
  },
  'recover-partition': {
    usage: 'recover-partition [--set old=aside|delete] [--set accept-loss=BYTES|any] [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'no', parameters: { 'accept-loss': ACCEPT_LOSS, old: OLD } },
    summary: 'after a partition: who sees whom, a second primary stopped, and everybody who was cut off brought back',
    runbook: 'Emergency Procedures > Network Partition Recovery',
  },
  'apply-config': {
    usage: 'apply-config --set NAME=VALUE [--set ...] [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'no', parameters: 'any' },
    summary:
      "change Patroni's dynamic configuration (ttl=20, postgresql.parameters.max_connections=300; null removes) and restart whom it takes, in the order that it needs",
    runbook: 'Maintenance Operations > Configuration Changes',
  },
  'recover-dcs': {
    usage: 'recover-dcs [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'no', parameters: {} },
    summary: 'start etcd members that are stopped, one by one, until each serves; also where none does',
    runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
    authority: 'operator',
  },
  'reseed-dcs': {
    usage: 'reseed-dcs [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'no', parameters: {} },
    summary:
      'where the data of a majority of etcd, or of all of it, is gone for good: Patroni stopped on each member, the leader last, a new etcd, then the most advanced member alone until it leads, then the others',
    runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
    authority: 'operator',
  },
  'defragment-dcs': {
    usage: 'defragment-dcs [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'no', parameters: {} },
    summary:
      'give etcd room again: its history compacted, its members defragmented one by one, its leader last, the alarm NOSPACE disarmed',
    runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
    for: [{ code: 'dcs-alarm', member: false }],
    authority: 'operator',
  },
  'cold-start': {
    usage: 'cold-start [--candidate MEMBER] [--plan]',
    takes: { member: 'no', candidate: 'optional', back: 'no', parameters: {} },
    summary: 'where nothing runs: etcd, then the most advanced member alone until it leads, then the others',
    runbook: 'Recovery Procedures > Scenario 3: Complete Cluster Recovery',
    authority: 'operator',
  },
};

interface Called extends Pick<Problem, 'code' | 'subject'> {
  readonly facts?: Problem['facts'];
}

/** The commands that answer a problem by a procedure of several stages, as a person types them. */
export const commandsFor = (problem: Called): string[] => [
  ...STAGED_NAMES.flatMap((name) =>
    (STAGED_ROWS[name].for ?? [])
      .filter(({ code }) => code === problem.code)
      .map(
        ({ member }) => `ekimi run-procedure ${name}${member ? ` ${problem.subject}` : ''} --plan (then --reason TEXT)`,
      ),
  ),
  ...ifNew(problem),
];

/** Whether it is a new one nobody but a person knows, so nothing begins this by itself. */
const ifNew = ({ code, subject, facts = {} }: Called): readonly string[] =>
  code === 'member-down' && facts['neverHeard'] === true
    ? [`ekimi run-procedure add-replica ${subject} --plan (where it is a new one; then --reason TEXT)`]
    : [];

export const isStaged = (name: string): name is StagedName => (STAGED_NAMES as readonly string[]).includes(name);
