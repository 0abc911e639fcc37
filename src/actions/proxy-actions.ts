import { z } from 'zod';
import { PLACES } from './places-shape.js';
import { isProvenNotPrimary } from '../assess/former-leader.js';
import { leadershipOf } from '../assess/leader.js';
import { lineAt, linesOf, outOfReachOf, placeText, tellable } from '../assess/proxy-lines.js';
import { isHeld } from '../assess/rotation.js';
import { ownerOf, type ServerPlace } from '../model/proxy.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { action, bound, met, notYet, pending, type ActionInput, type ActionStep, type PlanOf } from './action.js';
import { WE_FENCED } from './permits.js';
import { field, holds, placeOf, unlessUsual, usualPlaces, writeLines, type Routing } from './proxy-places.js';
import { setServer } from './proxy-requests.js';

/** The member leads again, or follows: its line in the primary pool is given back to the health checks. */
export const openTraffic = action({
  name: 'open-traffic',
  params: z.object({ back: PLACES.exactOptional() }),
  class: 'traffic',
  runbook: 'Emergency Procedures > Split-Brain Prevention',
  summary: 'give a fenced member that has rejoined back to the health checks of the proxy',
  inverse: 'fence-member',
  inverseNote: 'fenced again if it is a rogue again',
  refusals: 'the fence is not ours',
  releases: 'fence',
  permits: { window: WE_FENCED },
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  bind: (input, target) =>
    input.ledger.fences.some((fence) => fence.member === target)
      ? bound(field('back', closedAt(input.view, target)))
      : { kind: 'nothing', why: `${target} was not fenced by us` },
  alreadyTrue: (input, target) => !input.ledger.fences.some((fence) => fence.member === target),
  refuse: (input, plan) => {
    if (!input.ledger.fences.some((fence) => fence.member === plan.target))
      return `${plan.target} was not fenced by us`;
    // The record goes with the first success: a proxy that is silent now would keep it closed for good.
    const silent = input.view.proxies.length > 1 ? outOfReachOf(input.view) : [];
    return silent.length === 0 ? null : `proxy ${silent.join(', ')} cannot be told, where it may be closed too`;
  },
  steps: ({ routing }, plan) =>
    (plan.params.back ?? usualPlaces(routing, 'writes', plan.target)).map((place) => {
      const server = placeText(routing, place);
      return {
        step: setServer(place, 'state ready'),
        withinMs: 15_000,
        expect: ({ view }) => {
          const row = lineAt(view, place)?.row;
          return row?.admin.maint === false
            ? met(`${server} is open to the health checks (${row.status} now)`)
            : pending('the proxy has not taken it yet');
        },
      };
    }),
});

/** Of several proxies those in which it is closed; undefined: the usual places. */
function closedAt(view: ClusterView, member: string): readonly ServerPlace[] | undefined {
  const lines = writeLines(view, member);
  const closed = lines.filter(({ row }) => row.admin.maint);
  return unlessUsual(view, 'writes', member, (closed.length > 0 ? closed : lines).map(placeOf));
}

const DOWN = z.object({
  down: z.array(z.string()).readonly(),
  servers: PLACES.exactOptional(),
  downServers: PLACES.exactOptional(),
});
type Nudge = PlanOf<z.infer<typeof DOWN>>;

/** Tells the proxy of a proven new leader; its own checks go on and have the last word. [field-notes: leader killed] */
export const proxyNudge = action({
  name: 'proxy-nudge',
  params: DOWN,
  class: 'traffic',
  runbook: 'Automatic Failover > Failover Timeline',
  settlesLeadership: () => true,
  summary: 'mark a proven new leader up in the proxy, and the old one down',
  inverse: null,
  inverseNote: "none needed: the proxy's own checks correct it within seconds",
  refusals:
    'the target is not the proven leader; a server that would be called down lives and is not proven to be no primary',
  needs: () => ['proxy'],
  disruptsTarget: false,
  destroysCopy: false,
  bind: (input, target) => {
    const { view } = input;
    const others = tellable(view, linesOf(view, 'writes')).filter(
      ({ row }) => row.up && !row.admin.maint && ownerOf(row) !== target,
    );
    const former = others.filter(({ row }) => mayBeCalledDown(input, ownerOf(row)));
    const down = [...new Set(former.map(({ row }) => ownerOf(row) ?? ''))];
    const lines = tellable(view, writeLines(view, target));
    const behind = lines.filter(({ row }) => !row.up && !isHeld(row));
    const at = unlessUsual(view, 'writes', target, (view.proxies.length > 1 ? behind : lines).map(placeOf));
    const usualDown = down.flatMap((name) => usualPlaces(view.proxies, 'writes', name));
    const isUsual = view.proxies.length === 1 && former.map(placeOf).every((place) => holds(usualDown, place));
    return bound({ down, ...field('servers', at), ...field('downServers', isUsual ? undefined : former.map(placeOf)) });
  },
  alreadyTrue: (input, target) => {
    const lines = tellable(input.view, writeLines(input.view, target));
    return lines.length > 0 && lines.every(({ row }) => row.up || (lines.length > 1 && isHeld(row)));
  },
  refuse: notTheNewLeader,
  refuseLater: (input, plan) => {
    const no = notTheNewLeader(input, plan);
    return no === null ? null : notYet(no);
  },
  steps: ({ routing }, plan) => {
    const { servers, down, downServers } = plan.params;
    return [
      ...(servers ?? usualPlaces(routing, 'writes', plan.target)).map((place) => health(routing, place, 'up')),
      ...(downServers ?? down.flatMap((name) => usualPlaces(routing, 'writes', name))).map((place) =>
        health(routing, place, 'down'),
      ),
    ];
  },
});

function notTheNewLeader(input: ActionInput, plan: Nudge): string | null {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven' || leadership.member.name !== plan.target)
    return `${plan.target} is not the proven leader`;
  const alive = plan.params.down.find((name) => !mayBeCalledDown(input, name));
  return alive === undefined ? null : `${alive} lives and is not proven to be no primary`;
}

/** A server that might still be the primary of somebody's sessions is left to the proxy's own checks; so is one that is not ours. */
function mayBeCalledDown(input: ActionInput, name: string | null): boolean {
  const member = name === null ? null : memberOf(input.view, name);
  return member !== null && isProvenNotPrimary(input.view, member);
}

function health(routing: Routing, place: ServerPlace, state: 'up' | 'down'): ActionStep {
  const server = placeText(routing, place);
  return {
    step: setServer(place, `health ${state}`),
    withinMs: 10_000,
    // One proxy of several that does not obey keeps the others waiting for no longer than this.
    ...(routing.length > 1 ? { goOnWhenLate: true, withinMs: 3_000 } : {}),
    expect: ({ view }) => {
      const row = lineAt(view, place)?.row ?? null;
      if (row === null) return pending('the proxy did not answer');
      return row.up === (state === 'up')
        ? met(`${server} is ${row.status}`)
        : pending(`${server} is not ${state} yet (${row.status} now)`);
    },
  };
}
