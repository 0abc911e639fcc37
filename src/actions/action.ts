import type { Ending, Ledger } from '../model/ledger.js';
import type { Loss } from '../model/loss.js';
import type { MemberName } from '../model/names.js';
import type { ActionClass, ActionName, Json, Plan, Risk, Step } from '../model/plan.js';
import type { ActionPolicy, Policy } from '../model/policy.js';
import type { Problem } from '../model/problem.js';
import type { Situation } from '../model/situation.js';
import type { Memory } from '../model/states.js';
import type { Actuators, ClusterView } from '../model/view.js';
import type { StepInput } from './waits.js';

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

/** One request and what must be seen after it. */
export interface ActionStep {
  readonly step: Step;
  /** Judged from the cluster, never from a status code. */
  readonly expect: (input: ActionInput) => Sight;
  readonly withinMs: number;
  /** A step that helps but must not hold up what follows: when its time runs out, the next one is due. */
  readonly goOnWhenLate?: boolean;
  /** Not sent when its effect is there already, whoever caused it. */
  readonly unlessSeen?: boolean;
  /**
   * The cluster proves that a request whose answer was lost never took effect, and cannot any more. Then, and only then, it is sent again,
   * once. `sentMs`: how long ago it was sent.
   */
  readonly provenUndone?: (input: ActionInput, sentMs: number) => string | null;
}

/** A runbook procedure as a record: when to refuse, the exact requests, what must then be true, how to undo it. */
export interface RunbookAction {
  readonly name: ActionName;
  readonly class: ActionClass;
  readonly risk: Risk;
  /** Heading of the runbook that this follows. */
  readonly runbook: string;
  readonly summary: string;
  /** Undoes it; null with the reason why nothing can. */
  readonly inverse: ActionName | null;
  readonly inverseNote: string;
  /** Which configured parts it needs. */
  readonly needs: (policy: Policy) => readonly (keyof Actuators)[];
  /** It takes the member away from its work for a while: counted against the floors. */
  readonly disruptsTarget: boolean;
  /** It destroys the member's copy: asks the data-loss guard. */
  readonly destroysCopy: boolean;
  /**
   * A success followed by the same problem counts against the attempt cap ("ran fine but did not help"). Default true. A replica that goes
   * in and out ends up out: drains are not counted, undrains are.
   */
  readonly countsSuccess?: boolean;
  /** It stops a member or gives it up for dead: what is known of it is written down before the first request and after the verdict. */
  readonly leavesEvidence?: boolean;
  /** Which member it works on, where that is not the problem's subject; or why there is none, which a person is told. */
  readonly target?: (input: ActionInput, problem: Problem) => MemberName | { readonly none: string };
  /** What speaks for this target and against the others: told to whoever has to agree. Null: nothing to choose from. */
  readonly grounds?: (input: ActionInput, plan: Plan) => string | null;
  /** Conditions that must still hold before each later step; null: go on. */
  readonly refuseLater?: (input: ActionInput, plan: Plan) => Halt | null;
  /**
   * Half done it is worse than either: its later steps do not wait for gate start-grace after a takeover. `refuseLater` looks anew before
   * each.
   */
  readonly finishesAtOnce?: boolean;
  /** What would be lost beyond its guards; null: nothing. Only a person's consent passes it. */
  readonly loss?: (input: ActionInput, plan: Plan) => Loss | null;
  /** It ends another's pending request for a switchover: that one is no reason to hold it. */
  readonly endsRequest?: boolean;
  /** It takes a leader away that is well: what a change of leader breaks off (base backups) is waited for. */
  readonly stopsLeader?: (plan: Plan) => boolean;
  /** It is the end of a change of leader: one that is still in flight does not hold it up. */
  readonly settlesLeadership?: (plan: Pick<Plan, 'because'>) => boolean;
  /** What this run is bound to (pids, levels), or why there is nothing for it to do now. `problem` null: a person started it. */
  readonly bind: (input: ActionInput, target: MemberName, problem: Problem | null, wish?: Wish) => Bound;
  /** Its effect is there already, whoever caused it: the ladder moves on. */
  readonly alreadyTrue: (input: ActionInput, target: MemberName) => boolean;
  /** In dry-run its record stands, so it is not rehearsed again; nothing was sent, so nothing became so. Default: false. */
  readonly rehearsed?: (input: ActionInput, target: MemberName) => boolean;
  /** Why a person must agree even where the policy says auto: nothing is known against it, and too little for it. Null: none. */
  readonly doubt?: (input: ActionInput, plan: Plan) => string | null;
  /** Hard "no"s that no approval lifts. Null: none. */
  readonly refuse: (input: ActionInput, plan: Plan) => string | null;
  readonly steps: (input: StepInput, plan: Plan) => readonly ActionStep[];
}

/** What a person may add to the start of a procedure. */
export interface Wish {
  readonly candidate: MemberName | null;
  readonly scheduledAtMs: number | null;
}

/** `over`: what it was begun for is gone, so it ends here; else it stays half done until its time runs out, and may go on. */
export interface Halt {
  readonly why: string;
  readonly over: boolean;
}

export type Bound =
  | { readonly kind: 'bound'; readonly params: Readonly<Record<string, Json>> }
  /** `stuck`: not because it is done or not its turn, but because it cannot be: a person is told. */
  | { readonly kind: 'nothing'; readonly why: string; readonly stuck?: true };

export const bound = (params: Readonly<Record<string, Json>> = {}): Bound => ({ kind: 'bound', params });

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
