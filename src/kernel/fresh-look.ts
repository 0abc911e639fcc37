import { ACTIONS } from '../actions/index.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { membersTouched, type Plan } from '../model/plan.js';
import type { Reading } from '../model/reading.js';
import type { States } from '../model/states.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { advanceWith, look } from './look.js';
import { isHurried } from './period.js';
import type { Session } from './session.js';
import { measureStall } from './stall.js';

/** What was seen for one request, and by the monotonic clock when that look ended; `stoodStillMs`: how long we stood still in it. */
export interface FreshLook {
  readonly view: ClusterView;
  readonly states: States;
  readonly stoodStillMs: number;
  readonly lookedAtMs: number;
}

/** The second look is one of its own: what the pass saw and made of it stays as it is. */
export async function lookAgain(session: Session, plan: Plan): Promise<FreshLook> {
  const { clock } = session.parts.ports;
  const { value: view, stoodStillMs } = await measureStall(clock, () => look(session, plan));
  return { view, states: advanceWith(session, view), stoodStillMs, lookedAtMs: clock.monotonic() };
}

/** A pass that began longer ago, or stood still for that, is no look of this moment any more. */
const OF_THIS_MOMENT_MS = 250;

/**
 * What this pass saw, for the first request of what goes on it while clients wait; null: look again. A second look would keep them waiting as long
 * again. Not where anything was sent since, which it does not show, and not where a call of an earlier look is still open: a second look asks anew
 * and waits, while a pass goes on without the answer, and what nobody said would count as nothing against it.
 */
export function lookOfPass(session: Session, plan: Plan): FreshLook | null {
  const { view, lastPass, tick, sentInTick } = session;
  if (ACTIONS[plan.action].goesOnPassLook !== true || view === null || lastPass === null) return null;
  if (!isHurried(session, plan) || sentInTick === tick || !isWhole(view, plan)) return null;
  const { clock } = session.parts.ports;
  // By both: the monotonic one does not count what the machine was suspended for, and the other may be set.
  const agesMs = [clock.monotonic() - lastPass.monotonicMs, clock.now() - lastPass.wallMs];
  if (agesMs.some((ageMs) => ageMs < 0 || ageMs > OF_THIS_MOMENT_MS)) return null;
  return { view, states: advanceWith(session, view), stoodStillMs: 0, lookedAtMs: lastPass.monotonicMs };
}

/** Everybody answered who has a say: etcd, all proxies and poolers, who leads, whom the plan touches and whom it calls down, by all that is configured. */
export function isWhole(view: ClusterView, plan: Plan): boolean {
  const holder = leaderKeyHolder(view);
  const down = Array.isArray(plan.params['down']) ? (plan.params['down'] as readonly string[]) : [];
  const names = new Set([...membersTouched(plan), ...down, ...(holder === null ? [] : [holder])]);
  const touched = [...names].flatMap((name): readonly Reading<unknown>[] => {
    const member = memberOf(view, name);
    return member === null ? [] : [member.api, member.sql];
  });
  return [
    view.dcs.keys,
    ...view.proxies.map(({ seen }) => seen),
    ...(view.poolers ?? []).map(({ seen }) => seen),
    ...touched,
  ].every((reading) => reading.kind === 'fresh' || (reading.kind === 'unknown' && reading.fault === 'not-configured'));
}
