import { heldPlaces, linesFor, openPlaces, placeKey } from '../actions/servers.js';
import { leaderKeyHolder, leadershipOf } from '../assess/leader.js';
import { healthyReplicas } from '../assess/replica.js';
import { failedCopy } from '../assess/copies.js';
import { answers as isAnswering } from '../assess/proxy-lines.js';
import { isAsideOf } from '../model/aside.js';
import { memberName } from '../model/names.js';
import type { ActionStage, StageProgress, WaitStage } from '../model/procedure-run.js';
import type { ServerPlace } from '../model/proxy.js';
import { freshValue, lastValue, recentValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import type { ProcedureInput } from './procedure.js';
import { onMember, waitFor } from './stages.js';

const named = (view: ClusterView, name: string): MemberView | null => memberOf(view, memberName(name));

/** What its host driver said of it a moment ago: it is asked less often than there are passes. Null: nothing, or there is none. */
export const hostOf = (view: ClusterView, name: string) => {
  const member = named(view, name);
  return member === null ? null : recentValue(member.host);
};

/** Does its Patroni answer? */
export const answers = (view: ClusterView, name: string): boolean => {
  const member = named(view, name);
  return member !== null && freshValue(member.api) !== null;
};

/** What copies the leader has this long without an end, by the policy of a rebuild. */
const copyMs = ({ policy }: ProcedureInput): number => policy.actions['reinitialize-replica'].timeoutMs;

/** A copy that fails is begun anew by Patroni, for ever: a person looks after two of its rounds. */
const FAILED_MS = 60_000;

/** Until a new member streams. */
export function waitCopy(input: ProcedureInput, name: string): WaitStage {
  const member = named(input.view, name);
  const failure = member === null ? null : failedCopy(input.view, member);
  const api = member === null ? null : freshValue(member.api);
  const says = api === null ? `Patroni on ${name} does not answer` : `${name} says ${api.stateText}`;
  const text = `wait until ${name} has copied the leader and streams: ${failure ?? says}`;
  const stage = { ...waitFor(`copy ${name}`, text, copyMs(input), progressOf(input.view)), awaits: [name] };
  return failure === null ? stage : { ...stage, failing: { forMs: FAILED_MS } };
}

/** What the leader sends, where it sends one copy only: nothing tells whose each of several is. */
function progressOf(view: ClusterView): StageProgress | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return null;
  const { sql, sizes } = leadership.member;
  const [backup, second] = freshValue(sql)?.backups ?? [];
  if (backup === undefined || second !== undefined || backup.streamedBytes === null) return null;
  const { streamedBytes, totalBytes, forMs } = backup;
  return {
    doneBytes: streamedBytes,
    totalBytes: totalBytes ?? (sizes === undefined ? null : (lastValue(sizes)?.databaseBytes ?? null)),
    bytesPerSecond: forMs === null || forMs <= 0 ? null : Math.round((streamedBytes * 1000) / forMs),
  };
}

/** Takes it out of all proxies; null: no server of it is open. */
export const closing = (view: ClusterView, name: string): ActionStage | null =>
  openPlaces(view, name).length === 0 ? null : onMember('close-servers', name, `take ${name} out of all proxies`);

/** Gives it back to the proxies: these servers, or all that are held; null: none of them is. */
export function opening(view: ClusterView, name: string, servers: readonly ServerPlace[] | null): ActionStage | null {
  const asked = servers?.map(placeKey);
  const held = heldPlaces(view, name).filter((place) => asked?.includes(placeKey(place)) ?? true);
  if (held.length === 0) return null;
  const stage = onMember('open-servers', name, `give ${name} to the health checks of all proxies`);
  return servers === null ? stage : { ...stage, parameters: { servers } };
}

/** Its run held it for a person; ended, it does so no more. */
export const untilThen = (name: string): string =>
  `until then Ekimi repairs ${name} as any other member: one that is stopped may be started`;

/** Proxies that answer and have no server of a member. */
export const proxiesWithout = (view: ClusterView, name: string): readonly string[] =>
  view.proxies
    .filter((proxy) => isAnswering(proxy) && !linesFor(view, name).some((line) => line.proxy === proxy.name))
    .map((proxy) => proxy.name);

/** Why this member may not be taken away: too few would be left, whoever leads then. Null: enough are. */
export function tooFewWithout({ view, policy }: ProcedureInput, name: string): string | null {
  const { minHealthyReplicas } = policy.limits;
  const others = healthyReplicas(view, policy.lag.emergencyBytes).filter((row) => row.name !== name);
  const left = others.length - (leaderKeyHolder(view) === name ? 1 : 0);
  if (leaderKeyHolder(view) === name && others.length === 0) return `${name} leads, and nobody else could`;
  return left >= minHealthyReplicas
    ? null
    : `${left} healthy replicas would be left, and limits.minHealthyReplicas is ${minHealthyReplicas}`;
}

/** Its data directory beside itself; what starts next finds none. */
export const movingAside = (name: string, suffix: string): ActionStage => ({
  ...onMember(
    'move-aside',
    name,
    `move the data directory of ${name} aside, to NAME.${suffix}: it is kept, and nothing of it is deleted`,
  ),
  parameters: { suffix },
});

/** That was done: by the last list of what lies aside, or by a request for that suffix, since somebody may have removed it meanwhile. */
export const isMoved = (
  { view, ledger }: Pick<ProcedureInput, 'view' | 'ledger'>,
  { member, suffix }: { readonly member: string; readonly suffix: string },
): boolean =>
  isAsideOf(view, member, suffix) ||
  ledger.remediations.some(
    ({ plan, phase }) => plan.target === member && plan.params['suffix'] === suffix && phase === 'succeeded',
  );
