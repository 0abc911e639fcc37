import { permitOf } from '../actions/index.js';
import type { Block, GateName } from '../model/decision.js';
import type { Plan } from '../model/plan.js';
import { approvalFor } from '../ledger/consent.js';
import type { Situation } from '../model/situation.js';

/** A gate that opens by itself within this time is waited for; nobody is woken. */
const SOON_MS = 60_000;
const AT_ONCE = 0;
/** What often lasts for a pass or two must have lasted for this long. */
const IF_IT_LASTS_MS = 30_000;

/** What a person can do about it: another kind of obstacle is news, another gate of the same kind is not. */
export type Obstacle =
  | 'tenure'
  | 'ekimi'
  | 'person'
  | 'patroni'
  | 'evidence'
  | 'others'
  | 'time'
  | 'limits'
  | 'configuration'
  | 'conditions';

interface PageGate {
  readonly obstacle: Obstacle;
  /** How long a critical problem must be held by it before a person is told. */
  readonly afterMs: number;
  readonly because: string;
}

/** Does a critical problem that this gate holds reach a person, and when? A gate without a row does not compile. */
export const PAGE_GATES: Readonly<Record<GateName, PageGate>> = {
  tenure: { obstacle: 'tenure', afterMs: AT_ONCE, because: 'another instance may not see it, or nobody may act' },
  policy: { obstacle: 'ekimi', afterMs: AT_ONCE, because: 'Ekimi itself is broken and does not mend itself' },
  'kill-switch': { obstacle: 'person', afterMs: AT_ONCE, because: 'only a person takes the switch back' },
  mode: { obstacle: 'configuration', afterMs: AT_ONCE, because: 'the policy lets nothing be sent' },
  'patroni-pause': { obstacle: 'patroni', afterMs: AT_ONCE, because: 'whoever paused the cluster must act' },
  failsafe: { obstacle: 'patroni', afterMs: AT_ONCE, because: 'etcd comes back by a person' },
  'observer-health': { obstacle: 'evidence', afterMs: IF_IT_LASTS_MS, because: 'one slow answer of etcd wakes nobody' },
  'start-grace': {
    obstacle: 'evidence',
    afterMs: SOON_MS,
    because: 'clean passes come within seconds, or do not come',
  },
  channels: {
    obstacle: 'evidence',
    afterMs: IF_IT_LASTS_MS,
    because: 'a second channel often agrees one pass later; where none is configured it never does',
  },
  actuator: { obstacle: 'configuration', afterMs: AT_ONCE, because: 'what is not configured does not appear' },
  'someone-else': { obstacle: 'others', afterMs: SOON_MS, because: 'whoever is at work gets time to end' },
  window: { obstacle: 'time', afterMs: AT_ONCE, because: 'a freeze lasts for hours' },
  'blast-radius': {
    obstacle: 'limits',
    afterMs: SOON_MS,
    because: 'work in flight ends; a floor stays until a member comes back',
  },
  quorum: { obstacle: 'limits', afterMs: AT_ONCE, because: 'another synchronous standby must come first' },
  cooldown: { obstacle: 'time', afterMs: AT_ONCE, because: 'a long cool-down is no answer' },
  attempts: { obstacle: 'conditions', afterMs: AT_ONCE, because: 'it was tried and did not help' },
  budget: { obstacle: 'limits', afterMs: AT_ONCE, because: 'only a person closes the breaker' },
  storm: { obstacle: 'limits', afterMs: AT_ONCE, because: 'several members at once want a person' },
  flap: { obstacle: 'limits', afterMs: AT_ONCE, because: 'a member that flaps is repaired by a person' },
  'data-loss': { obstacle: 'person', afterMs: AT_ONCE, because: 'only a person gives data up' },
  refusal: {
    obstacle: 'conditions',
    afterMs: IF_IT_LASTS_MS,
    because: 'a condition that fails for one pass wakes nobody',
  },
  approval: { obstacle: 'person', afterMs: AT_ONCE, because: 'only a person approves' },
  veto: {
    obstacle: 'others',
    afterMs: IF_IT_LASTS_MS,
    because: 'the answer comes within seconds, or somebody must look at the hook',
  },
};

/** Null: it opens soon by itself. Else the kind of obstacle, and for how long it must stand first. */
export function outlookOf(block: Block, nowMs: number): PageGate | null {
  const isSoon = block.retryAtMs !== null && block.retryAtMs - nowMs <= SOON_MS;
  // An approval's own time says when it is withdrawn, a switch's when it ends: both want a person before.
  const row = PAGE_GATES[block.gate];
  // A hook that is silent, or says no for a minute, is asked again and again: each time soon, and never open.
  return isSoon && row.obstacle !== 'person' && block.gate !== 'veto' ? null : row;
}

const TAKEN_BY_APPROVAL: readonly GateName[] = ['approval', 'data-loss'];

/** A person's approval is all that this gate waits for. */
export const isTakenByApproval = (gate: GateName): boolean => TAKEN_BY_APPROVAL.includes(gate);

/** What a person types or waits for, with all that the command asks for. */
export function wayOut(input: Pick<Situation, 'ledger' | 'nowMs'>, plan: Plan, block: Block): string {
  const isRejected = block.retryAtMs !== null && approvalFor(input, plan, 'rejected') !== null;
  const waiting = approvalFor(input, plan, 'waiting');
  const isByApproval = block.gate === 'patroni-pause' && permitOf(plan, 'patroni-pause')?.byApproval === true;
  if (isRejected || (!isTakenByApproval(block.gate) && !isByApproval)) return block.unblock;
  return waiting === null
    ? 'approve it once Ekimi asks: ekimi status shows the question and its ID'
    : `ekimi approve ${waiting.id} --reason "..."`;
}
