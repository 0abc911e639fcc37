import type { z } from 'zod';
import type { ClaimKind, Claims } from '../ledger/claims.js';
import type { DrainRecord, Ending, Ledger, Remediation } from '../model/ledger.js';
import type { Loss } from '../model/loss.js';
import type { MemberName } from '../model/names.js';
import {
  ACTION_ROWS,
  type ActionClass,
  type ActionName,
  type Json,
  type Plan,
  type Risk,
  type Step,
} from '../model/plan.js';
import type { ActionPolicy, Policy } from '../model/policy.js';
import type { Problem } from '../model/problem.js';
import type { ServerPlace } from '../model/proxy.js';
import type { Situation } from '../model/situation.js';
import type { Memory } from '../model/states.js';
import type { Actuators, ClusterView } from '../model/view.js';
import type { StepInput } from './waits.js';
import type { NotOurs } from './whose-doing.js';

/** What an action may look at when it is planned, refused or judged. */
export interface ActionInput {
  readonly view: ClusterView;
  readonly memory: Memory;
  readonly ledger: Ledger;
  readonly policy: Policy;
}

/** A situation as actions look at it. */
export const actionInput = ({
  view,
  states,
  ledger,
  policy,
}: Pick<Situation, 'view' | 'states' | 'ledger' | 'policy'>): ActionInput => ({
  view,
  memory: states.memory,
  ledger,
  policy,
});

/** How far a step's effect can be seen. `violated` is final: it can no longer come true. */
export type Sight =
  | { readonly kind: 'met'; readonly text: string; readonly ending?: Ending }
  | { readonly kind: 'pending'; readonly text: string }
  | { readonly kind: 'violated'; readonly text: string; readonly ending?: Ending };

/** A server line of a proxy that is told something because it is one of these members'. */
export interface ServerClaim {
  readonly place: ServerPlace;
  readonly members: readonly string[];
}

/** `unless`: why it is left out as things stand now, null: it is told. */
export interface Ahead {
  readonly step: Extract<Step, { port: 'proxies' }>;
  readonly whoseEach: readonly ServerClaim[];
  readonly unless: (input: ActionInput) => string | null;
}

/** One request and what must be seen after it. */
export interface ActionStep {
  readonly step: Step;
  /** Judged from the cluster, never from a status code. */
  readonly expect: (input: ActionInput) => Sight;
  readonly withinMs: number;
  /** A step that helps but must not hold up what follows: when its time runs out, the next one is due. */
  readonly goOnWhenLate?: boolean;
  /**
   * It only prepares: what it refuses is gone without, where it only takes long the run is over, and so it is, answered or not, once
   * `refuseLater` says that what it is for is gone.
   */
  readonly goOnWhenRefused?: true;
  /** Servers of a proxy may be another member's by then: asked anew in the look before it is sent. */
  readonly whose?: ServerClaim;
  /** The same of a step for several proxies, one for each of what it tells and in that order: whose is another's by then is left out. */
  readonly whoseEach?: readonly ServerClaim[];
  /** What proxies are told in the same breath, just before: it only helps, and is neither judged nor waited for beyond its own time. */
  readonly ahead?: Ahead;
  /** Not sent when its effect is there already, whoever caused it. */
  readonly unlessSeen?: boolean;
  /** What was refused without effect is sent again after a while, until so long after the run began. */
  readonly tryAgain?: { readonly everyMs: number; readonly forMs: number };
  /**
   * The cluster proves that a request whose answer was lost never took effect, and cannot any more. Then, and only then, it is sent again,
   * once. `sentMs`: how long ago it was sent.
   */
  readonly provenUndone?: (input: ActionInput, sentMs: number) => string | null;
  /** What shows that it is still being done, however late: then it stays open. Absent, or null: nothing does. */
  readonly goesOn?: (input: ActionInput, sentAtMs: number) => string | null;
  /** Why its effect, which is there, is somebody else's doing: asked where no answer came. Absent: nothing tells. */
  readonly notOurs?: NotOurs;
}

/** `waiting` while it stands. */
export interface Appointment {
  readonly kind: 'waiting' | 'kept' | 'withdrawn' | 'missed';
  readonly text: string;
}

/** A plan whose parameters have the shape that its action gave them. */
export type PlanOf<P> = Plan & { readonly params: P };

/** A run just before its first request. */
export type Beginning<P> = Pick<Remediation, 'id' | 'createdAtMs' | 'shadow'> & { readonly plan: PlanOf<P> };

/** What lets an action through a gate that holds the others. `when`: in words, for the documentation. */
export interface Permit<P = Plan['params']> {
  readonly when: string;
  /** A person's approval is what makes it hold: where it does not yet, one is asked for. */
  readonly byApproval?: true;
  /** `isUnderWay`: it is asked for a later step of a run. */
  holds(input: Situation, plan: PlanOf<P>, isUnderWay: boolean): boolean;
}

/**
 * Gates through which some action may pass while they hold the others; of `window` the freeze alone, of `policy` only that etcd does not have
 * the ledger.
 */
export const PERMIT_GATES = [
  'tenure',
  'policy',
  'kill-switch',
  'window',
  'patroni-pause',
  'failsafe',
  'observer-health',
  'start-grace',
  'channels',
  'someone-else',
  'blast-radius',
  'storm',
] as const;
export type PermitGate = (typeof PERMIT_GATES)[number];

/**
 * A runbook procedure as a record: when to refuse, the exact requests, what must then be true, how to undo it, and all that follows from it.
 * `P` is what a run is bound to; it is checked when it comes back from a ledger. Methods, not functions, so that a typed record fits into the
 * registry of all.
 */
export interface ActionRecord<P> {
  readonly name: ActionName;
  /** What a run is bound to. Fields that an older version did not write are optional. */
  readonly params: z.ZodType<P>;
  readonly class: ActionClass;
  /** What its target is. Absent: a member. */
  readonly worksOn?: 'store' | 'pooler';
  /** Heading of the runbook that this follows. */
  readonly runbook: string;
  readonly summary: string;
  /** Undoes it; null with the reason why nothing can. */
  readonly inverse: ActionName | null;
  readonly inverseNote: string;
  /** What no approval lifts, in words for the documentation. The conditions themselves are `refuse`; their texts are what `ekimi why` shows. */
  readonly refusals: string;
  /** Which configured parts it needs. */
  needs(policy: Policy): readonly (keyof Actuators)[];
  /** It takes the member away from its work for a while: counted against the floors. */
  readonly disruptsTarget: boolean;
  /**
   * Its target does not run afterwards, or has no data, until a later stage mends that: no procedure begins it while the policy holds one of those.
   * `target`: a later stage of the same target; `cluster`: all that come after it, since nobody serves until the last of them.
   */
  readonly leavesDown?: 'target' | 'cluster';
  /** It destroys the member's copy: asks the data-loss guard. */
  readonly destroysCopy: boolean;
  /** Its target's Patroni runs and answers all the while: one that falls silent under it died of something else, which a person is told. */
  readonly keepsPatroni?: true;
  /**
   * A success followed by the same problem counts against the attempt cap ("ran fine but did not help"). Default true. A replica that goes
   * in and out ends up out: drains are not counted, undrains are.
   */
  readonly countsSuccess?: boolean;
  /** Tries that ended before this moment (ms) were about something else, and count for nothing. Absent: all within the chain count. */
  triesCountFrom?(input: ActionInput): number;
  /** It stops a member or gives it up for dead: what is known of it is written down before the first request and after the verdict. */
  readonly leavesEvidence?: boolean;
  /** While it is in flight, what is slow to read of its target is read in every pass: the tag in its file, `/replica`, its log and power. */
  readonly awaitsSlowFacts?: true;
  /** Which member it works on, where that is not the problem's subject; or why there is none, which a person is told. */
  target?(input: ActionInput, problem: Problem): MemberName | { readonly none: string };
  /** What speaks for this target and against the others: told to whoever has to agree. Null: nothing to choose from. */
  grounds?(input: ActionInput, plan: PlanOf<P>): string | null;
  /** Every try counts for nothing: what it ends must end, and each further one is the same request. */
  readonly isTriedUntilDone?: true;
  /** Clients wait for it, and what is true a moment later corrects it: the look of its own pass does for its request, where that is a moment old. */
  readonly goesOnPassLook?: true;
  /** Conditions that must still hold before each later step; null: go on. */
  refuseLater?(input: ActionInput, plan: PlanOf<P>): Halt | null;
  /** What would be lost beyond its guards; null: nothing. Only a person's consent passes it. */
  loss?(input: ActionInput, plan: PlanOf<P>): Loss | null;
  /** It ends another's pending request for a switchover: that one is no reason to hold it. */
  readonly endsRequest?: boolean;
  /** It takes a leader away that is well: what a change of leader breaks off (base backups) is waited for. */
  stopsLeader?(plan: PlanOf<P>): boolean;
  /** It is the end of a change of leader: one that is still in flight does not hold it up. */
  settlesLeadership?(plan: Pick<Plan, 'because'>): boolean;
  /** What this run is bound to (pids, levels), or why there is nothing for it to do now. `problem` null: a person started it. */
  bind(input: ActionInput, target: MemberName, problem: Problem | null, wish?: Wish): Bound<P>;
  /** Its effect is there already, whoever caused it: the ladder moves on. */
  alreadyTrue(input: ActionInput, target: MemberName): boolean;
  /** In dry-run its record stands, so it is not rehearsed again; nothing was sent, so nothing became so. Default: false. */
  rehearsed?(input: ActionInput, target: MemberName): boolean;
  /** Why a person must agree even where the policy says auto: nothing is known against it, and too little for it. Null: none. */
  doubt?(input: ActionInput, plan: PlanOf<P>): string | null;
  /** What becomes ours before the first request of a run leaves; null: nothing. */
  claims?(input: Pick<ActionInput, 'view' | 'ledger' | 'policy'>, run: Beginning<P>): Claims;
  /** Whom a person means who names no target: the leader, the candidate, whoever answers. */
  targetAsked?(view: ClusterView, candidate: string | null): MemberName | { readonly none: string };
  /** Which claim on its target a success gives back. */
  readonly releases?: ClaimKind;
  /** What of that claim stays all the same, because this run could not give it back; null: nothing. */
  keeps?(plan: PlanOf<P>): Pick<DrainRecord, 'at'> | null;
  /** Gates that it passes, and when. Absent: it passes none. */
  readonly permits?: Readonly<Partial<Record<PermitGate, Permit<NoInfer<P>>>>>;
  /** It takes its target out of the read pool: asks the floors for readers. */
  readonly takesReader?: boolean;
  /** An answer to the death of a leader: another leader's death is no echo of it, a row of them is. */
  readonly answersDeath?: boolean;
  /** What is under way only waits for others of its kind, which are begun meanwhile. Default: false. */
  waitsForOthers?(input: ActionInput, plan: PlanOf<P>): boolean;
  /** It brings forward what Patroni does itself as soon as the lease ends: the hour's figure counts for it alone, and no election is waited out. */
  readonly bringsForward?: boolean;
  /**
   * Its first request ends the writes of its target's clients: where that one leads they wait from then on for what is left of it. Absent, or false of a plan
   * whose later steps need what is not read in every look: it is not hurried.
   */
  cutsWrites?(plan: PlanOf<P>): boolean;
  /** What became of what its success only arranged (a switchover at a time); null: nothing was, or nobody can tell. */
  appointment?(input: Pick<ActionInput, 'view' | 'policy'>, plan: PlanOf<P>): Appointment | null;
  /** Hard "no"s that no approval lifts. Null: none. */
  refuse(input: ActionInput, plan: PlanOf<P>): string | null;
  steps(input: StepInput, plan: PlanOf<P>): readonly ActionStep[];
}

/** A record with what its name says it can cost at most. */
export interface Action<P> extends ActionRecord<P> {
  readonly risk: Risk;
}

/** An action as the registry has it, whatever it is bound to. */
export type RunbookAction = Action<Plan['params']>;

export const action = <P>(record: ActionRecord<P>): Action<P> => ({ ...record, risk: ACTION_ROWS[record.name].risk });

/** What a person may add to the start of a procedure. */
export interface Wish {
  readonly candidate: MemberName | null;
  readonly scheduledAtMs: number | null;
  /** What a stage of a procedure binds it to; absent: nothing. */
  readonly parameters?: Readonly<Record<string, Json>>;
}

/** `over`: what it was begun for is gone, so it ends here; else it stays half done until its time runs out, and may go on. */
export interface Halt {
  readonly why: string;
  readonly over: boolean;
}

export type Bound<P = Plan['params']> =
  | { readonly kind: 'bound'; readonly params: P }
  /** `stuck`: not because it is done or not its turn, but because it cannot be: a person is told. */
  | { readonly kind: 'nothing'; readonly why: string; readonly stuck?: true };

export const bound = <const P>(params: P): Bound<P> => ({ kind: 'bound', params });

export const actionPolicy = (policy: Policy, name: ActionName): ActionPolicy => policy.actions[name];

export const over = (why: string): Halt => ({ why, over: true });
export const notYet = (why: string): Halt => ({ why, over: false });

export const met = (text: string, ending?: Ending): Sight => ({ kind: 'met', text, ...(ending && { ending }) });
export const pending = (text: string): Sight => ({ kind: 'pending', text });
export const violated = (text: string, ending?: Ending): Sight => ({
  kind: 'violated',
  text,
  ...(ending && { ending }),
});
