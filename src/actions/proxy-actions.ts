import { z } from 'zod';
import { PLACES } from './places-shape.js';
import { hasSteppedDown, isProvenNotPrimary } from '../assess/former-leader.js';
import { linesOfFormer } from '../assess/proxy.js';
import { leadershipOf } from '../assess/leader.js';
import { isLeaderWaitedFor, isLeftClosed } from '../assess/poolers.js';
import { lineAt, linesOf, outOfReachOf, placeText, tellable } from '../assess/proxy-lines.js';
import { isHeld, isStoppedSoftly } from '../assess/rotation.js';
import { ownerOf } from '../model/proxy.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { action, bound, met, pending, type ActionInput, type PlanOf, type Sight } from './action.js';
import { WE_FENCED } from './permits.js';
import {
  closedPlaces,
  field,
  holds,
  movedServer,
  placeOf,
  proxiesOf,
  unlessUsual,
  usualPlaces,
  writeLines,
} from './proxy-places.js';
import { setServer, tellProxies, type Told } from './proxy-requests.js';
import type { Routing } from './waits.js';

/** The member leads again, or follows: its line in the primary pool is given back to the health checks. */
export const openTraffic = action({
  name: 'open-traffic',
  params: z.object({ back: PLACES.exactOptional(), left: PLACES.exactOptional() }),
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
  bind: (input, target) => {
    const fence = input.ledger.fences.find((row) => row.member === target);
    if (fence === undefined) return { kind: 'nothing', why: `${target} was not fenced by us` };
    const places = closedPlaces(input.view, fence);
    if (places.length === 0) return { kind: 'nothing', why: `no server of ${target} is closed by us` };
    const out = outOfReachOf(input.view);
    const left = places.filter(({ proxy }) => out.includes(proxy));
    const back = places.filter((place) => !holds(left, place));
    const isUsual = fence.at === undefined;
    return bound({
      ...field('back', isUsual ? undefined : back),
      ...field('left', isUsual || left.length === 0 ? undefined : left),
    });
  },
  alreadyTrue: (input, target) => !input.ledger.fences.some((fence) => fence.member === target),
  refuse: (input, plan) => {
    if (!input.ledger.fences.some((fence) => fence.member === plan.target))
      return `${plan.target} was not fenced by us`;
    const left = proxiesOf(plan.params.left ?? []).join(', ');
    return plan.params.back?.length === 0 ? `proxy ${left} cannot be told, and it is closed nowhere else` : null;
  },
  // What cannot be told now stays closed by us, to be opened when it can.
  keeps: ({ params }) => (params.left === undefined ? null : { at: params.left }),
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

/** `downFirst`: nobody is to be sent to who led before, not even while the two are told one after the other. */
const DOWN = z.object({
  down: z.array(z.string()).readonly(),
  servers: PLACES.exactOptional(),
  downServers: PLACES.exactOptional(),
  downFirst: z.literal(true).exactOptional(),
});
type Nudge = PlanOf<z.infer<typeof DOWN>>;

/** Tells the proxy of a proven new leader; its own checks go on and have the last word. [field-notes: leader killed] */
export const proxyNudge = action({
  name: 'proxy-nudge',
  params: DOWN,
  class: 'traffic',
  runbook: 'Automatic Failover > Failover Timeline',
  settlesLeadership: () => true,
  goesOnPassLook: true,
  // Whoever leads again, after another one did, is told to the proxy anew.
  triesCountFrom: ({ memory }) => memory.lastLeaderChangeMs ?? -Infinity,
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
    const behind = lines.filter(
      (line) => (!line.row.up || isLeftClosed(view, input.ledger, line)) && !isHeld(line.row),
    );
    const at = unlessUsual(view, 'writes', target, (view.proxies.length > 1 ? behind : lines).map(placeOf));
    const usualDown = down.flatMap((name) => usualPlaces(view.proxies, 'writes', name));
    const isUsual = view.proxies.length === 1 && former.map(placeOf).every((place) => holds(usualDown, place));
    if (at?.length === 0 && down.length === 0)
      return { kind: 'nothing', why: `no proxy that can be told waits for ${target}` };
    return bound({
      down,
      ...field('servers', at),
      ...field('downServers', isUsual ? undefined : former.map(placeOf)),
      ...(former.length > 0 && isLeaderWaitedFor(input.view, input.ledger) ? { downFirst: true } : {}),
    });
  },
  alreadyTrue: (input, target) => {
    const lines = tellable(input.view, writeLines(input.view, target));
    if (tellable(input.view, linesOfFormer(input, target)).length > 0) return false;
    if (lines.some((line) => isLeftClosed(input.view, input.ledger, line))) return false;
    return lines.length > 0 && lines.every(({ row }) => row.up || (lines.length > 1 && isHeld(row)));
  },
  refuse: notTheNewLeader,
  steps: ({ routing }, plan) => {
    const told = toldOf(routing, plan);
    if (told.length === 0) return [];
    return [
      {
        ...tellProxies(told, TOLD_WITHIN_MS),
        withinMs: 10_000,
        expect: ({ view }) => {
          const sights = told.map((row) => healthSeen(view, row));
          return sights.find(({ kind }) => kind === 'pending') ?? met(sights.map(({ text }) => text).join(', '));
        },
      },
    ];
  },
});

/** A proxy may take so long to answer before it is given up; the others are told meanwhile. */
const TOLD_WITHIN_MS = 1_000;

/** One after the other, in this order. */
function toldOf(routing: Routing, { target, params }: Nudge): readonly Told[] {
  const { servers, down, downServers, downFirst } = params;
  const up = (servers ?? usualPlaces(routing, 'writes', target)).map((place): Told => ({
    place,
    state: 'up',
    members: [target],
  }));
  const former = (downServers ?? down.flatMap((name) => usualPlaces(routing, 'writes', name))).map((place): Told => ({
    place,
    state: 'down',
    members: down,
  }));
  if (downFirst !== true) return [...up, ...former];
  // Proxy by proxy: one that does not obey keeps no other waiting for its new leader.
  const rank = ({ place }: Told): number => routing.findIndex(({ name }) => name === place.proxy);
  return [...former, ...up].sort((one, other) => rank(one) - rank(other));
}

function notTheNewLeader(input: ActionInput, plan: Nudge): string | null {
  return notLedBy(input, plan.target) ?? stillAlive(input, plan);
}

function notLedBy({ view }: ActionInput, target: string): string | null {
  const leadership = leadershipOf(view);
  return leadership.kind === 'proven' && leadership.member.name === target
    ? null
    : `${target} is not the proven leader`;
}

function stillAlive(input: ActionInput, { params }: Nudge): string | null {
  const alive = params.down.find((name) => !mayBeCalledDown(input, name));
  return alive === undefined ? null : `${alive} lives and is not proven to be no primary`;
}

/** A server that might still be the primary of somebody's sessions is left to the proxy's own checks; so is one that is not ours. */
function mayBeCalledDown(input: ActionInput, name: string | null): boolean {
  const member = name === null ? null : memberOf(input.view, name);
  if (member === null) return false;
  // Who waits in a pooler is to meet nobody but the new leader.
  return (
    isProvenNotPrimary(input.view, member) ||
    (isLeaderWaitedFor(input.view, input.ledger) && hasSteppedDown(input.view, member))
  );
}

function healthSeen(view: ClusterView, told: Told): Sight {
  const { place, state } = told;
  const moved = movedServer(view, told);
  if (moved !== null) return met(`${moved}, and was left alone`);
  const server = placeText(view.proxies, place);
  const row = lineAt(view, place)?.row ?? null;
  if (row === null) return pending('the proxy did not answer');
  return row.up === (state === 'up') && !isStoppedSoftly(row)
    ? met(`${server} is ${row.status}`)
    : pending(`${server} is not ${state} yet (${row.status} now)`);
}
