import type { Block, Decision } from './decision.js';
import type { CaseEvidence } from './evidence.js';
import type { Incident } from './incident.js';
import type { KillSwitch, Remediation } from './ledger.js';
import type { AgreedLoss } from './loss.js';
import type { Plan, Reply } from './plan.js';
import type { PageChange } from './page.js';
import type { ProcedureRequest } from './procedure.js';
import type { ProcedureRun, RunStep } from './procedure-run.js';
import type { Problem, ProblemLevel } from './problem.js';
import type { Circumstances, KeptSituation } from './situation.js';
import type { States } from './states.js';
import type { ClusterView } from './view.js';

/**
 * The look just before a request. `asked`: whose plan it must have been again: that of a ladder (`problem`), of a person, or none, since the
 * plan of a later step stands and only has to be allowed to go on (`step`).
 */
export type SecondLook = KeptSituation & {
  readonly asked: 'problem' | 'step' | (ProcedureRequest & { readonly by: string });
};

type Body =
  | {
      readonly kind: 'start';
      readonly version: string;
      readonly instance: string;
      readonly configHash: string;
      readonly policyHash: string;
      readonly policy: unknown;
      /** The cluster was begun anew within the running process: what differs in its configuration. Absent: the process began. */
      readonly changes?: readonly string[];
    }
  | { readonly kind: 'stop'; readonly reason: string }
  /** A change that was asked for over HTTP: what was asked, by whom, from where, and what they were told. */
  | ({ readonly kind: 'api-change' } & ApiChange)
  /** A pass that saw or decided something new: with all that it read, so that it can be decided again. */
  | {
      readonly kind: 'pass';
      readonly tick: number;
      readonly cluster: string;
      readonly problems: readonly Problem[];
      readonly decisions: readonly Decision[];
      /** Left out of passes that only repeat the one before. */
      readonly view: ClusterView | null;
      readonly states: States | null;
      /** The rest of what the decisions were made of, so that they can be made again. Absent in older journals. */
      readonly circumstances?: Circumstances;
      /** At the end of a run, for what the next one remembers: nothing was decided by it. */
      readonly isLast?: true;
      /** Why a reader could not give view and states back. Never written. */
      readonly lost?: string;
    }
  /** Before the request. `requests` is what will be, or in dry-run would be, sent. */
  | {
      readonly kind: 'intent';
      readonly id: string;
      readonly plan: Plan;
      readonly step: number;
      readonly request: string;
      readonly shadow: boolean;
      readonly epoch: string;
      /** The look on whose strength it is sent. Absent in dry-run, which looks once, and in older journals. */
      readonly look?: SecondLook;
      /** Why a reader could not give the look back. Never written. */
      readonly lost?: string;
    }
  /** After the request: what came back, or that nothing is known. */
  | {
      readonly kind: 'outcome';
      readonly id: string;
      readonly step: number;
      readonly reply: Reply;
      readonly shadow: boolean;
    }
  /** What the cluster showed in the end. */
  | { readonly kind: 'verdict'; readonly id: string; readonly remediation: Remediation }
  /** Around a procedure that stops a member or gives it up for dead: what was known of it before and after. */
  | ({ readonly kind: 'evidence' } & CaseEvidence)
  | {
      readonly kind: 'approval';
      readonly id: string;
      readonly state: string;
      readonly by: string | null;
      /** Of the one who decided; of `waiting` what it is asked for, of `expired` why it ended. */
      readonly reason: string | null;
      readonly plan: Plan;
      /** The loss that it was asked for; null: none. Absent in older journals. */
      readonly loss?: AgreedLoss | null;
    }
  /** A person asked for a procedure: what became of it at once. `blocks` says why not; whatever was sent has its own intent. */
  | {
      readonly kind: 'procedure';
      readonly name: string;
      readonly by: string;
      readonly reason: string;
      /** `planned`: asked for with dryRun, so that nothing was to be sent. */
      readonly answer: 'started' | 'rehearsed' | 'planned' | 'held' | 'refused';
      readonly text: string;
      readonly id: string | null;
      readonly plan: Plan | null;
      readonly blocks: readonly Block[];
    }
  /** The veto hook: what it was asked about, and what it said. `untilMs`: so long that counts; of `asked` its deadline. */
  | {
      readonly kind: 'veto';
      readonly id: string;
      readonly change: 'asked' | 'go' | 'veto' | 'silent';
      readonly plan: Plan;
      readonly because: string;
      readonly untilMs: number;
    }
  /** A procedure of several stages: its begin, each stage, each change, its end. */
  | {
      readonly kind: 'procedure-run';
      readonly change: RunStep;
      readonly by: string;
      readonly text: string;
      readonly run: ProcedureRun;
    }
  | { readonly kind: 'switch'; readonly change: 'on' | 'off'; readonly switch: KillSwitch; readonly by: string }
  | {
      readonly kind: 'tenure';
      readonly change: 'held' | 'lost' | 'other' | 'unknown' | 'released';
      readonly detail: string;
    }
  | {
      readonly kind: 'policy';
      /** `in-force`: it was so before, and stands at the head of a file, since those before it may be pruned. */
      readonly change: 'reloaded' | 'refused' | 'in-force';
      readonly hash: string;
      readonly detail: string;
      readonly policy: unknown;
    }
  /** A changed `ekimi.yaml` that was not taken in for the cluster: why, and what to do. */
  | { readonly kind: 'config'; readonly change: 'refused'; readonly hash: string; readonly detail: string }
  /** A person was told. `change` and `level` are absent in older journals, which wrote only what was told for the first time. */
  | {
      readonly kind: 'page';
      readonly code: string;
      readonly subject: string;
      readonly text: string;
      readonly change?: PageChange;
      readonly level?: ProblemLevel;
    }
  /** An incident with all that is known of it: at its opening, at its end, and where it turned out to be part of another one. */
  | { readonly kind: 'incident'; readonly change: 'opened' | 'joined' | 'ended'; readonly of: Incident };

/** One change that somebody who was let in asked for over HTTP. */
export interface ApiChange {
  readonly method: string;
  readonly path: string;
  /** The name of the token, and its role. */
  readonly by: string;
  readonly role: string;
  /** The address that it came from: of a proxy where there is one. */
  readonly from: string;
  readonly requestId: string;
  /** The status of the answer; below 400 the change was made. */
  readonly status: number;
}

/** What the journal keeps. `kind` is stable; readers skip kinds that they do not know. */
export type EntryBody = Body & {
  /** The incident that it is part of; of a pass those that were open. Absent: of none, or in older journals. */
  readonly incident?: string | readonly string[];
};

export type EntryKind = EntryBody['kind'];

/** All of them, as they are asked for. */
export const ENTRY_KINDS: readonly EntryKind[] = [
  'pass',
  'evidence',
  'intent',
  'outcome',
  'verdict',
  'approval',
  'veto',
  'procedure',
  'procedure-run',
  'incident',
  'switch',
  'tenure',
  'policy',
  'config',
  'page',
  'start',
  'stop',
  'api-change',
];

/** An entry that says by which policy is decided from here on. */
export const holdsPolicy = (body: EntryBody): body is Extract<EntryBody, { kind: 'start' | 'policy' }> =>
  body.kind === 'start' || (body.kind === 'policy' && body.change !== 'refused');

export interface NewEntry {
  readonly atMs: number;
  readonly scope: string;
  readonly body: EntryBody;
}

/** As it lies in the file: `hash` covers everything else in the line, `prev` is the hash of the line before it. */
export interface JournalEntry extends NewEntry {
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
}
