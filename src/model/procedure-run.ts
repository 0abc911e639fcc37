import type { Json } from './plan.js';
import type { ProblemCode } from './problem.js';
import type { AcceptedLoss, ProcedureName } from './procedure.js';

/** Procedures of several stages. Each stage is a procedure of one action, through the same gates. */
export const STAGED_NAMES = [
  'rolling-restart',
  'add-replica',
  'remove-member',
  'evacuate-member',
  'give-back',
  'after-failover',
  'recover-partition',
  'apply-config',
  'recover-dcs',
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
  readonly for?: readonly { readonly code: ProblemCode; readonly member: boolean }[];
  /**
   * Absent: who holds tenure goes on with it. `operator`: where etcd has no majority, so that nobody can hold tenure, the instance that a
   * person with the right to recover started it at.
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

export const STAGED_ROWS: Readonly<Record<StagedName, StagedRow>> = {
  'rolling-restart': {
    usage: 'rolling-restart [--back] [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'optional', parameters: {} },
    summary:
      'restart PostgreSQL on all members: replicas, the one furthest behind first, then a switchover, then the former leader',
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
    usage: 'after-failover [MEMBER] [--set accept-loss=BYTES|any] [--plan]',
    takes: { member: 'optional', candidate: 'no', back: 'no', parameters: { 'accept-loss': ACCEPT_LOSS } },
    summary:
      'bring the old leader back as a replica: started, rewound, or, where you agree, copied anew; then given readers',
    runbook: 'Recovery Procedures > Scenario 2: Failed Primary Recovery (After Failover)',
    for: [
      { code: 'timeline-diverged', member: true },
      { code: 'rewind-failed', member: true },
    ],
  },
  'recover-partition': {
    usage: 'recover-partition [--set accept-loss=BYTES|any] [--plan]',
    takes: { member: 'no', candidate: 'no', back: 'no', parameters: { 'accept-loss': ACCEPT_LOSS } },
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
  'cold-start': {
    usage: 'cold-start [--candidate MEMBER] [--plan]',
    takes: { member: 'no', candidate: 'optional', back: 'no', parameters: {} },
    summary: 'where nothing runs: etcd, then the most advanced member alone until it leads, then the others',
    runbook: 'Recovery Procedures > Scenario 3: Complete Cluster Recovery',
    authority: 'operator',
  },
};

/** The commands that answer a problem by a procedure of several stages, as a person types them. */
export const commandsFor = ({ code, subject }: { readonly code: ProblemCode; readonly subject: string }): string[] =>
  STAGED_NAMES.flatMap((name) =>
    (STAGED_ROWS[name].for ?? [])
      .filter((row) => row.code === code)
      .map(({ member }) => `ekimi run-procedure ${name}${member ? ` ${subject}` : ''} --plan (then --reason TEXT)`),
  );

export const isStaged = (name: string): name is StagedName => (STAGED_NAMES as readonly string[]).includes(name);

interface StageBase {
  /** The same stage has the same key in every pass. */
  readonly key: string;
  readonly text: string;
}

/** One action, as it is left to do. */
export interface ActionStage extends StageBase {
  readonly kind: 'action';
  readonly action: ProcedureName;
  readonly target: string | null;
  /** Who shall lead; null: the best candidate at that moment. */
  readonly candidate: string | null;
  /** Who must lead when it is sent; null: whoever does. */
  readonly leader: string | null;
  /** What its action is bound to beyond that: `Wish.parameters`. */
  readonly parameters?: Readonly<Record<string, Json>>;
  /** What a person gave up when the run began; absent: nothing. */
  readonly acceptLoss?: AcceptedLoss;
}

/** Something that comes about by itself. It is left until it is seen; after `withinMs` the run is held. */
export interface WaitStage extends StageBase {
  readonly kind: 'wait';
  readonly withinMs: number;
  /** How far it is; null: nobody can tell. */
  readonly progress: StageProgress | null;
}

/** A question to a person: the run is held with it, and goes on when it is continued. `text` is the question. */
export interface ConfirmStage extends StageBase {
  readonly kind: 'confirm';
}

/** What is left to do, one by one. */
export type Stage = ActionStage | WaitStage | ConfirmStage;

/** Of a copy: bytes that are there, bytes that are to come in all, bytes a second. */
export interface StageProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | null;
  readonly bytesPerSecond: number | null;
}

/**
 * `held`: a stage did not succeed, or what is left is not what was agreed: a person looks. `paused`: by a person. `aborting`: over as soon as the
 * stage that is under way has ended.
 */
export type RunPhase = 'running' | 'held' | 'paused' | 'aborting' | 'aborted' | 'succeeded';

/**
 * A procedure under way: what it is for and what a person agreed to. No position: what is left is computed anew, and what was sent for it stands in
 * the remediations, each with the run and its stage.
 */
export interface ProcedureRun {
  readonly id: string;
  readonly name: StagedName;
  /** Bound once, at the start; its shape is the procedure's own. */
  readonly goal: Readonly<Record<string, Json>>;
  readonly by: string;
  readonly reason: string;
  readonly phase: RunPhase;
  /** Keys of the stages, in order, that a person saw and agreed to. */
  readonly agreed: readonly string[];
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Why it is as it is, for people. */
  readonly detail: string;
  /** A stage that failed before this is tried again: a person continued the run. */
  readonly continuedAtMs: number;
  /** The wait at which it stands, and since when. */
  readonly waiting?: { readonly key: string; readonly sinceMs: number } | null;
  /** The question for which it is held. */
  readonly asking?: string | null;
  /** When it was last written where it is kept while etcd cannot hold it. */
  readonly keptAtMs?: number;
  /** Questions that a person answered by continuing it. */
  readonly confirmed?: readonly string[];
  /** A recovery that was begun while etcd was lost took its place; nobody ended it. */
  readonly displaced?: boolean;
  /** The problem for which it was proposed or begun; absent: a person asked for it. */
  readonly proposed?: Proposed;
}

/** `asked`: nobody has agreed to it yet. `accepted`: by a person, or by the policy. `gone`: what called for it has cleared. */
export interface Proposed {
  readonly code: ProblemCode;
  readonly subject: string;
  readonly word: 'asked' | 'accepted' | 'gone';
}

/** Proposed and not begun: nothing of it was sent, and it stands in nobody's way. */
export const isOffer = ({ phase, proposed }: ProcedureRun): boolean => phase === 'held' && proposed?.word === 'asked';

/** What happened to a run, as the journal has it. */
export type RunStep =
  'proposed' | 'started' | 'stage' | 'held' | 'paused' | 'continued' | 'aborting' | 'aborted' | 'succeeded';

export const isOver = ({ phase }: ProcedureRun): boolean => phase === 'aborted' || phase === 'succeeded';

/**
 * The one that is not over; two at once are refused. What was begun while etcd was lost stands beside what the ledger had, until that can be
 * ended: the one that began last is under way, and the other must not keep it.
 */
export const openRun = (runs: readonly ProcedureRun[] = []): ProcedureRun | null =>
  runs
    .filter((run) => !isOver(run))
    .reduce<ProcedureRun | null>(
      (last, run) => (last !== null && last.startedAtMs >= run.startedAtMs ? last : run),
      null,
    );

/** Names a list of what is left, so that a word on one is never taken for a word on another. */
export function markOf(keys: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const character of keys.join('\n')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Parameters of PostgreSQL that it is about, by its goal: they are read as long as it is not over. */
export function settingsOfRun(run: ProcedureRun | null): readonly string[] {
  const names = run?.goal['settings'];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** As a person asks for it. */
export interface RunRequest {
  readonly name: StagedName;
  readonly member: string | null;
  readonly candidate: string | null;
  /** Further parameters, as they were written. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Hand leadership back in the end to who led in the beginning. */
  readonly back: boolean;
  readonly reason: string;
  /** Show every stage and send nothing. */
  readonly dryRun: boolean;
}

export const RUN_CHANGES = ['pause', 'continue', 'abort'] as const;
export type RunChange = (typeof RUN_CHANGES)[number];

export const isRunChange = (text: string): text is RunChange => (RUN_CHANGES as readonly string[]).includes(text);

/** A stage as it would be now: the exact requests of it, and what holds it; both empty where that depends on the stages before it. */
export interface PlannedStage {
  readonly key: string;
  readonly text: string;
  readonly requests: readonly string[];
  readonly held: readonly string[];
  /** What it waits for, breaks off or costs, as things stand; absent: nothing that is known. */
  readonly told?: readonly string[];
}

export type RunAnswer =
  | { readonly kind: 'started'; readonly id: string; readonly stages: readonly PlannedStage[] }
  /** Asked for with `dryRun`, or the policy is in dry-run: nothing is sent, and no run is kept. */
  | { readonly kind: 'planned'; readonly stages: readonly PlannedStage[] }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 409; readonly text: string };

/** What is wrong with it as it is written: named but not taken, or taken and not named; null: it fits. */
export function misfitOf(
  { name, member, candidate, back, parameters }: RunRequest,
  { takes }: Pick<StagedRow, 'takes'> = STAGED_ROWS[name],
): string | null {
  const given = { member, candidate, back: back ? '--back' : null };
  const words = { member: 'member', candidate: 'candidate', back: '--back' };
  for (const what of ['member', 'candidate', 'back'] as const) {
    if (takes[what] === 'needed' && given[what] === null) return `${name} needs a ${words[what]}`;
    if (takes[what] === 'no' && given[what] !== null) return `${name} takes no ${words[what]}`;
  }
  if (takes.parameters === 'any') return null;
  const allowed = Object.keys(takes.parameters);
  const unknown = Object.keys(parameters).find((key) => !allowed.includes(key));
  return unknown === undefined
    ? null
    : `${name} takes no parameter ${unknown}; it takes ${allowed.join(', ') || 'none'}`;
}
