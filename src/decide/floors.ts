import { ACTIONS } from '../actions/index.js';
import { healthyReplicas } from '../assess/replica.js';
import { silentProxies } from '../assess/proxy-lines.js';
import { othersServing, servesReads } from '../assess/rotation.js';
import { siteOf } from '../assess/sites.js';
import type { Plan } from '../model/plan.js';
import { no, type No } from './gate.js';
import type { Situation } from '../model/situation.js';

/** `busy`: members on which something is in flight; they count as unhealthy. */
type Check = (input: Situation, plan: Plan, busy: readonly string[]) => No | null;

interface Floor {
  /** Its key below `limits` in the policy. */
  readonly key: 'minReadPool' | 'minHealthyReplicas' | 'minReadPoolPerSite';
  readonly holds: (plan: Plan) => boolean;
  readonly check: Check;
}

const takesReader = ({ action }: Plan): boolean => ACTIONS[action].takesReader === true;
const disrupts = ({ action }: Plan): boolean => ACTIONS[action].disruptsTarget;

/** What must remain when an action takes a member away, one row each. */
const FLOORS: readonly Floor[] = [
  { key: 'minReadPool', holds: takesReader, check: readPool },
  { key: 'minHealthyReplicas', holds: disrupts, check: healthy },
  { key: 'minReadPoolPerSite', holds: (plan) => takesReader(plan) || disrupts(plan), check: readPoolOfSite },
];

/** The first floor that this plan would break; null: enough remains. */
export function floorsFor(input: Situation, plan: Plan, busy: readonly string[]): No | null {
  for (const floor of FLOORS) {
    const answer = floor.holds(plan) ? floor.check(input, plan, busy) : null;
    if (answer !== null) return answer;
  }
  return null;
}

const healthyNames = ({ view, policy }: Situation): readonly string[] =>
  healthyReplicas(view, policy.lag.emergencyBytes).map(({ name }) => name);

/** Who takes new readers beside `target`, in the pool that has fewest; by their health where no proxy tells. */
function otherReaders(
  input: Situation,
  target: string,
  counts: (name: string) => boolean = () => true,
): readonly string[] {
  // In dry-run our drains exist on paper only; the floor must hold as if they were real.
  const drained = new Set(input.ledger.drains.map((drain) => drain.member));
  const left = (names: readonly string[]): readonly string[] =>
    names.filter((name) => !drained.has(name) && counts(name));
  const [first, ...others] = othersServing(input.view, target).map(left);
  if (first === undefined) return left(healthyNames(input).filter((name) => name !== target));
  return others.reduce((fewest, names) => (names.length < fewest.length ? names : fewest), first);
}

function readPool(input: Situation, { target }: Plan): No | null {
  const { minReadPool } = input.policy.limits;
  const others = otherReaders(input, target);
  if (others.length >= minReadPool) return null;
  return no(
    `${others.length} other replicas serve reads, and ${minReadPool} must remain`,
    'bring another replica back into rotation',
  );
}

function healthy(input: Situation, { target }: Plan, busy: readonly string[]): No | null {
  const { minHealthyReplicas } = input.policy.limits;
  const others = healthyNames(input).filter((name) => name !== target && !busy.includes(name));
  if (others.length >= minHealthyReplicas) return null;
  return no(
    `${others.length} other replicas are healthy, and ${minHealthyReplicas} must remain`,
    'bring another replica to run and stream, or lower limits.minHealthyReplicas',
  );
}

/**
 * Readers of a site read there. A drain takes one that serves, however late; a repair takes one away only if it is well, for what is broken
 * already serves nobody as it should, and alone on its site it would never be mended.
 */
function readPoolOfSite(input: Situation, plan: Plan, busy: readonly string[]): No | null {
  const site = siteOf(input.view, plan.target);
  const floor = input.policy.limits.minReadPoolPerSite ?? 0;
  if (site === null || (!takesReader(plan) && !readsWell(input, plan.target))) return null;
  const others = otherReaders(input, plan.target, (name) => siteOf(input.view, name) === site && !busy.includes(name));
  if (others.length >= floor) return null;
  return no(
    `${others.length} other replicas of site ${site} serve reads, and ${floor} must remain there`,
    `bring another replica of site ${site} back into rotation, or lower limits.minReadPoolPerSite`,
  );
}

function readsWell(input: Situation, target: string): boolean {
  if (!healthyNames(input).includes(target)) return false;
  return silentProxies(input.view).length === input.view.proxies.length || servesReads(input.view, target);
}
