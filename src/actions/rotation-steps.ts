import { leaderKeyHolder } from '../assess/leader.js';
import { answers, lineAt, placeText } from '../assess/proxy-lines.js';
import { isHeld, takesNew } from '../assess/rotation.js';
import type { MemberName } from '../model/names.js';
import { backendsOf, ownerOf, type ProxyServer, type ServerPlace } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { met, pending, type ActionStep, type Sight } from './action.js';
import { setServer, shutSessions } from './proxy-requests.js';
import { rereadMs, type RequestWaits, type Routing } from './waits.js';

/** A drain is of the pools that the configuration names: what others of the same proxies go on giving the member is said. */
function elsewhere(view: ClusterView, member: MemberName): string {
  const others = view.proxies.flatMap((proxy) => {
    const ours = backendsOf(proxy.pools);
    return (freshValue(proxy.seen)?.servers ?? [])
      .filter((row) => ownerOf(row) === member && !ours.includes(row.backend) && takesNew(row))
      .map((row) => (view.proxies.length > 1 ? `${proxy.name}:${row.backend}` : row.backend));
  });
  return others.length === 0 ? '' : `, and still takes connections in ${others.join(', ')}: drain it there by hand`;
}

/** What was set, and what the proxy makes of it now: "ready" is our word, "UP" is its check's, and some checks later. */
function readyText(server: string, row: ProxyServer, leads: boolean): string {
  if (takesNew(row)) return `${server} is ${row.status} in the proxy`;
  const set = `HAProxy set ${server} to ready`;
  if (!row.up)
    return leads
      ? `${set} (${row.status} now): as the leader it stays out by its check, and is back once it follows`
      : `${set}; its check brings it UP in a moment (${row.status} now)`;
  const weight = row.weight === 0 ? ', weight 0' : '';
  return `${set}; the proxy still gives it nothing new (${row.status}${weight})`;
}

/** What all steps of one drain, or of its end, are about. */
export interface ProxyTurn {
  readonly member: MemberName;
  readonly drain: boolean;
  readonly closeSessions: boolean;
  /** Proxies that gave no answer when it began, and were not waited for. */
  readonly left: readonly string[];
}

/** HAProxy's runtime API: at once, and forgotten when HAProxy restarts. [patroni.md section 4.1] */
export function proxySteps(routing: Routing, places: readonly ServerPlace[], turn: ProxyTurn): readonly ActionStep[] {
  const { member, drain, closeSessions } = turn;
  // What we took out is given back whosever it is by now: it is our word that keeps it out.
  const whose = (place: ServerPlace): Pick<ActionStep, 'whose'> =>
    drain ? { whose: { place, members: [member] } } : {};
  const set = places.map((place, index): ActionStep => ({
    step: setServer(place, `state ${drain ? 'drain' : 'ready'}`),
    withinMs: 15_000,
    ...whose(place),
    // What was set before is looked at again: with the last one it is seen that all of them have it.
    expect: ({ view }) => setSeen(view, places.slice(0, index + 1), turn),
  }));
  // Readers that stay connected keep reading old data; a policy may cut them.
  if (!drain || !closeSessions) return set;
  const cut = places.map((place): ActionStep => {
    const server = placeText(routing, place);
    return {
      step: shutSessions(place),
      withinMs: 15_000,
      ...whose(place),
      expect: ({ view }) => {
        const sessions = lineAt(view, place)?.row.sessions;
        return sessions === 0
          ? met(`no session is left on ${server}`)
          : pending(`${sessions ?? 'unknown'} sessions on ${server}`);
      },
    };
  });
  return [...set, ...cut];
}

/** Every place shows it: a proxy that does not answer shows nothing. */
function setSeen(view: ClusterView, places: readonly ServerPlace[], { member, drain, left }: ProxyTurn): Sight {
  const told: string[] = [];
  for (const place of places) {
    const row = lineAt(view, place)?.row ?? null;
    const server = placeText(view.proxies, place);
    if (row === null) {
      const proxy = view.proxies.find(({ name }) => name === place.proxy);
      const isGone = proxy !== undefined && answers(proxy);
      return pending(isGone ? `the proxy has no server ${server} any more` : `${nameFor(view, place)} did not answer`);
    }
    if (isHeld(row) !== drain) return pending(`${server} is still ${row.status}`);
    told.push(
      drain ? `${server} is ${row.status} in the proxy` : readyText(server, row, leaderKeyHolder(view) === member),
    );
  }
  return met(`${told.join(', ')}${drain ? elsewhere(view, member) : ''}${leftText(left, drain)}`);
}

const nameFor = (view: ClusterView, { proxy }: ServerPlace): string =>
  view.proxies.length > 1 ? `proxy ${proxy}` : 'the proxy';

/** Partly done is said, with where it is not. */
const leftText = (left: readonly string[], drain: boolean): string =>
  left.length === 0
    ? ''
    : `; not ${drain ? 'drained' : 'put back'} in ${left.join(', ')}, which did not answer: it follows when that answers`;

/**
 * The member's own tag: survives the proxy's restart, and Patroni's `/replica` itself says 503. The runbook's `PATCH /config` with tags
 * answers 200 and changes nothing. [field-notes: runbook steps that do nothing; patroni.md fact 1]
 */
export function tagSteps(member: MemberName, drained: boolean, waits: RequestWaits): readonly ActionStep[] {
  return [
    {
      step: { port: 'tags', member, tag: 'noloadbalance', value: drained },
      // Our own driver writes it; then whoever takes over must still find it in time.
      withinMs: rereadMs(waits),
      expect: ({ view }) => {
        const tag = freshValue(
          memberOf(view, member)?.fileTag ?? {
            kind: 'unknown',
            fault: 'not-read-yet',
            reason: '',
            atMs: 0,
            source: '',
          },
        );
        return tag === drained
          ? met(`tags.noloadbalance is ${drained} in the file`)
          : pending('the file does not have it yet');
      },
    },
    {
      step: { port: 'patroni', member, method: 'POST', path: '/reload', body: {}, timeoutMs: 5_000 },
      withinMs: rereadMs(waits),
      expect: ({ view }) => {
        const target = memberOf(view, member);
        const api = target === null ? null : freshValue(target.api);
        if (target === null || api === null) return pending('the member did not answer');
        if (api.tags.noloadbalance !== drained)
          return pending(`waiting for Patroni to reread its file (loop_wait ${waits.loopWaitMs / 1000} s)`);
        const check = freshValue(target.replicaCheck);
        if (check === null) return pending('GET /replica did not answer');
        if (drained)
          return check === 200
            ? pending('GET /replica is still 200')
            : met(`the tag is in force and GET /replica is ${check}`);
        return met(`the tag is gone and GET /replica is ${check}`);
      },
    },
  ];
}
