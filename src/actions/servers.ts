import { z } from 'zod';
import { leaderKeyHolder } from '../assess/leader.js';
import {
  lineAt,
  lineText,
  maybeHidden,
  memberLines,
  outOfReachOf,
  placeText,
  tellable,
} from '../assess/proxy-lines.js';
import { isHeld } from '../assess/rotation.js';
import type { Ledger } from '../model/ledger.js';
import { memberName } from '../model/names.js';
import type { ServerPlace } from '../model/proxy.js';
import { memberOf, type ClusterView } from '../model/view.js';
import {
  action,
  bound,
  met,
  over,
  pending,
  type ActionInput,
  type ActionStep,
  type PlanOf,
  type Wish,
} from './action.js';
import { serves } from './member-actions.js';
import { PLACES } from './places-shape.js';
import { movedIn, placeOf } from './proxy-places.js';
import { setServer, shutSessions } from './proxy-requests.js';
import type { Routing } from './waits.js';

const SERVERS = z.object({ servers: PLACES });
type ServersPlan = PlanOf<z.infer<typeof SERVERS>>;

/** Sessions have this long to end by themselves before they are cut. */
const DRAIN_MS = 30_000;

/** Every line of a member that a proxy has, in pools for reads and for writes. */
export const linesFor = (view: ClusterView, member: string) => [
  ...memberLines(view, 'reads', member),
  ...memberLines(view, 'writes', member),
];

/** Lines that still may be given something by their proxy. */
export const openPlaces = (view: ClusterView, member: string): readonly ServerPlace[] =>
  tellable(view, linesFor(view, member))
    .filter(({ row }) => !row.admin.maint)
    .map(placeOf);

/** Lines that a person or a program holds back: drained, or in maintenance. */
export const heldPlaces = (view: ClusterView, member: string): readonly ServerPlace[] =>
  tellable(view, linesFor(view, member))
    .filter(({ row }) => isHeld(row))
    .map(placeOf);

/** Why nobody can say that a member gets nothing from any proxy; null: all of them answer and can be told. */
export function untoldProxies(view: ClusterView, member: string): string | null {
  const out = outOfReachOf(view);
  if (out.length > 0) return `proxy ${out.join(', ')} cannot be told (no answer, or no runtime API)`;
  const [hidden] = [...maybeHidden(view, 'reads', member), ...maybeHidden(view, 'writes', member)];
  return hidden === undefined
    ? null
    : `${lineText(view, hidden)} may be ${member}: say which member it is in proxies.${hidden.proxy}.servers`;
}

/** Takes a member out of every proxy for good: drained first, then closed, and who stays is cut. */
export const closeServers = action({
  name: 'close-servers',
  params: SERVERS,
  class: 'traffic',
  runbook: 'Maintenance Operations > Adding a New Replica',
  summary: 'take a replica out of all pools of all proxies, after its sessions had time to end',
  inverse: 'open-servers',
  inverseNote: 'opened by the procedure that closed them, or by add-replica',
  refusals: 'the target holds the leader key; a proxy is silent or has no runtime API; nobody knows whose a server is',
  needs: () => ['proxy'],
  disruptsTarget: false,
  destroysCopy: false,
  takesReader: true,
  countsSuccess: false,
  bind: ({ view }, target) => {
    const servers = openPlaces(view, target);
    return servers.length === 0 ? { kind: 'nothing', why: `no server of ${target} is open` } : bound({ servers });
  },
  alreadyTrue: () => false,
  refuse: ({ view }, { target }) => {
    if (leaderKeyHolder(view) === target) return `${target} holds the leader key`;
    return untoldProxies(view, target);
  },
  refuseLater: ({ view }, plan) => {
    if (leaderKeyHolder(view) === plan.target) return over(`${plan.target} holds the leader key`);
    const moved = movedIn(view, closing(view.proxies, plan));
    return moved === null ? null : over(moved);
  },
  steps: ({ routing }, plan) => closing(routing, plan),
});

function closing(routing: Routing, { target, params: { servers } }: ServersPlan): readonly ActionStep[] {
  const whose = (place: ServerPlace) => ({ place, members: [target] });
  const drains = servers.map((place, index): ActionStep => ({
    step: setServer(place, 'state drain'),
    whose: whose(place),
    withinMs: index + 1 < servers.length ? 10_000 : DRAIN_MS,
    goOnWhenLate: true,
    expect: ({ view }) => {
      const told = index + 1 < servers.length ? [place] : servers;
      const rows = told.map((one) => lineAt(view, one)?.row ?? null);
      if (rows.some((row) => row === null || !isHeld(row))) return pending('the proxy has not taken it yet');
      const sessions = rows.reduce((sum, row) => sum + (row?.sessions ?? 0), 0);
      return sessions === 0 || index + 1 < servers.length
        ? met(`${target} is drained`)
        : pending(`${sessions} sessions go on`);
    },
  }));
  const closes = servers.map((place): ActionStep => {
    const server = placeText(routing, place);
    return {
      step: setServer(place, 'state maint'),
      whose: whose(place),
      withinMs: 15_000,
      expect: ({ view }) =>
        lineAt(view, place)?.row.admin.maint === true
          ? met(`${server} is in maintenance`)
          : pending('the proxy has not taken it yet'),
    };
  });
  const cuts = servers.map((place): ActionStep => {
    const server = placeText(routing, place);
    return {
      step: shutSessions(place),
      whose: whose(place),
      withinMs: 15_000,
      unlessSeen: true,
      expect: ({ view }) => {
        const sessions = lineAt(view, place)?.row.sessions ?? null;
        return sessions === 0
          ? met(`no session is left on ${server}`)
          : pending(`${sessions ?? 'unknown'} sessions on ${server}`);
      },
    };
  });
  return [...drains, ...closes, ...cuts];
}

/** Which of them: as the procedure bound it, else all that are held back. */
function toOpen(view: ClusterView, target: string, wish: Wish | undefined): readonly ServerPlace[] {
  const held = heldPlaces(view, target);
  const asked = PLACES.safeParse(wish?.parameters?.['servers']);
  if (!asked.success) return held;
  return held.filter((place) => asked.data.some((one) => placeKey(one) === placeKey(place)));
}

/** One server of one proxy as a text, to compare. */
export const placeKey = ({ proxy, backend, server }: ServerPlace): string => `${proxy}:${backend}/${server}`;

/** Why a server of it is not to be opened beside its health checks: Ekimi closed it for a reason that stands; null: it did not. */
export function closedByUs({ drains, fences }: Pick<Ledger, 'drains' | 'fences'>, member: string): string | null {
  const isOfIt = (row: { readonly member: string; readonly shadow: boolean }) => row.member === member && !row.shadow;
  if (fences.some(isOfIt)) return `${member} is fenced: it is opened again once it has rejoined`;
  const drain = drains.find(isOfIt);
  return drain === undefined
    ? null
    : `${member} is drained by ${drain.by ?? 'Ekimi'}: ekimi run-procedure give-back ${member}`;
}

/** Gives a member that serves to the health checks of every proxy. */
export const openServers = action({
  name: 'open-servers',
  params: SERVERS,
  class: 'traffic',
  runbook: 'Maintenance Operations > Adding a New Replica',
  summary: 'give a replica that serves to the health checks of all proxies',
  inverse: 'close-servers',
  inverseNote: 'closed again by remove-member',
  refusals: 'the target does not run and stream; it is drained or fenced by Ekimi; nobody knows whose a server is',
  needs: () => ['proxy'],
  disruptsTarget: false,
  destroysCopy: false,
  bind: ({ view }, target, _problem, wish) => {
    const servers = toOpen(view, target, wish);
    return servers.length === 0 ? { kind: 'nothing', why: `no server of ${target} is held back` } : bound({ servers });
  },
  alreadyTrue: () => false,
  refuse: ({ view, ledger }: ActionInput, { target }) => {
    const sight = serves(view, target);
    if (memberOf(view, target) === null || sight.kind !== 'met') return sight.text;
    return closedByUs(ledger, target) ?? untoldProxies(view, target);
  },
  steps: ({ routing }, { target, params: { servers } }) =>
    servers.map((place) => {
      const server = placeText(routing, place);
      return {
        step: setServer(place, 'state ready'),
        whose: { place, members: [memberName(target)] },
        withinMs: 15_000,
        expect: ({ view }) => {
          const row = lineAt(view, place)?.row;
          return row !== undefined && !isHeld(row)
            ? met(`${server} is open to the health checks (${row.status} now)`)
            : pending('the proxy has not taken it yet');
        },
      };
    }),
});
