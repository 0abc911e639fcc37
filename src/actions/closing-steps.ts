import { z } from 'zod';
import { linesIn } from '../assess/proxy-lines.js';
import type { Plan } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { ownerOf } from '../model/proxy.js';
import { lastValue } from '../model/reading.js';
import { actionPolicy, type ActionInput, type Ahead } from './action.js';
import { placeOf } from './proxy-places.js';
import { PLACES } from './places-shape.js';
import { tellProxies } from './proxy-requests.js';

/** What a proxy may take to answer: the hand-over waits for no longer. */
const TOLD_WITHIN_MS = 200;

/** `closes`: servers of the old leader that take nothing new from just before the request on. */
export const CLOSES = { closes: PLACES.exactOptional() };
const CLOSING = z.object(CLOSES).loose();

/** Whether a proxy may be told of who leads without a person's word: it is the same right as that of telling it afterwards. */
function mayTell({ policy, ledger, view }: Pick<ActionInput, 'policy' | 'ledger' | 'view'>): string | null {
  if (!isAuto(policy)) return 'proxy-nudge is not auto';
  const thrown = ledger.switches.find(
    ({ subject, expiresAtMs }) => subject === 'action:proxy-nudge' && (expiresAtMs === null || expiresAtMs > view.atMs),
  );
  return thrown === undefined ? null : `${thrown.owner} switched off proxy-nudge`;
}

const isAuto = (policy: Policy): boolean => {
  const { mode, window } = actionPolicy(policy, 'proxy-nudge');
  return mode === 'auto' && window === 'any';
};

/**
 * The old leader's servers in all pools for writes, as each proxy had them last: which of them can be told is for the look before the request to
 * say, so that one proxy that falls silent makes no other plan of it.
 */
export function closedAround(
  input: ActionInput,
  leader: string,
): { readonly closes?: ReturnType<typeof PLACES.parse> } {
  if (mayTell(input) !== null) return {};
  const closes = input.view.proxies
    .filter(({ mute }) => mute !== true)
    .flatMap((proxy) => linesIn(proxy, 'writes', lastValue))
    .filter(({ row }) => ownerOf(row) === leader && row.up && !row.admin.maint)
    .map(placeOf);
  return closes.length === 0 ? {} : { closes };
}

/** Whoever connects while the leader steps down is refused at once, instead of being led to a port on which nobody listens. */
export function closingAhead(policy: Policy, plan: Plan): { readonly ahead?: Ahead } {
  const { closes = [] } = CLOSING.parse(plan.params);
  if (closes.length === 0 || !isAuto(policy)) return {};
  const told = closes.map((place) => ({ place, state: 'stopping' as const, members: [plan.target] }));
  return { ahead: { ...tellProxies(told, TOLD_WITHIN_MS), unless: mayTell } };
}
