import { lineAt, memberLines, silentProxies, tellable, type ProxyLine } from '../assess/proxy-lines.js';
import { isHeld } from '../assess/rotation.js';
import type { DrainRecord, Ledger, Remediation } from '../model/ledger.js';
import type { ProxyProcess, ProxySeen, ServerPlace } from '../model/proxy.js';
import type { ClusterView } from '../model/view.js';
import { holds, isGone, placeOf, usualPlaces } from './proxy-places.js';

/** Uptimes are whole seconds, and two readings of one process are a second apart. */
const SAME_START_MS = 5_000;

/** The servers that a drain of ours told, without those that are no more: a proxy that was taken out of the configuration, a server out of a proxy. */
export const drainedPlaces = (view: ClusterView, { at, member }: Pick<DrainRecord, 'at' | 'member'>) =>
  at === undefined ? usualPlaces(view.proxies, 'reads', member) : at.filter((place) => !isGone(view, place));

const processOf = ({ seen }: ProxySeen): ProxyProcess | null => {
  if (seen.kind === 'unknown') return null;
  const { pid = null, startedAtMs = null } = seen.value;
  return pid === null && startedAtMs === null ? null : { pid, startedAtMs };
};

/** Which processes are told now: one that starts anew has forgotten it. Of several proxies each; one that was told before and is not now stays. */
export function processesTold(
  view: ClusterView,
  before: DrainRecord | undefined,
): Pick<DrainRecord, 'process' | 'processes'> {
  const [only] = view.proxies;
  if (view.proxies.length <= 1) {
    const process = only === undefined ? null : processOf(only);
    return process === null ? {} : { process };
  }
  const now = view.proxies.flatMap((proxy) => {
    const process = processOf(proxy);
    return process === null ? [] : [[proxy.name, process] as const];
  });
  return { processes: { ...before?.processes, ...Object.fromEntries(now) } };
}

const toldProcess = ({ process, processes }: DrainRecord, proxy: string): ProxyProcess | undefined =>
  processes?.[proxy] ?? process;

/** Another process than the one that was told answers, older or younger: a second one behind one address knows nothing of our drains. */
function isAnotherProcess(proxy: ProxySeen, drain: DrainRecord): boolean {
  const now = processOf(proxy);
  const told = toldProcess(drain, proxy.name);
  if (now === null) return false;
  if (told === undefined) return (now.startedAtMs ?? 0) > drain.sinceMs;
  if (now.pid !== null && told.pid !== null && now.pid !== told.pid) return true;
  if (now.startedAtMs === null) return false;
  const isOther = told.startedAtMs !== null && Math.abs(now.startedAtMs - told.startedAtMs) > SAME_START_MS;
  return isOther || now.startedAtMs > drain.sinceMs;
}

/** How our drain stands in the proxies; null: nobody can tell. `forgotten`: nowhere, and a process that was told is gone. */
export function drainStands(view: ClusterView, drain: DrainRecord): 'in-force' | 'undone' | 'forgotten' | null {
  const places = drainedPlaces(view, drain);
  const lines = places.map((place) => ({ place, row: lineAt(view, place)?.row ?? null }));
  if (lines.some(({ row }) => row !== null && isHeld(row))) return 'in-force';
  const silent = silentProxies(view);
  if (lines.every(({ row }) => row === null) || places.some(({ proxy }) => silent.includes(proxy))) return null;
  const isForgotten = view.proxies.some(
    (proxy) => places.some((place) => place.proxy === proxy.name) && isAnotherProcess(proxy, drain),
  );
  return isForgotten ? 'forgotten' : 'undone';
}

/** A run that ended half-way has not told all that it claimed: until one succeeds, what takes readers was never drained. */
function isHalfWay({ remediations }: Pick<Ledger, 'remediations'>, member: string): boolean {
  const runs = remediations.filter(
    ({ plan, shadow, phase }) =>
      plan.target === member &&
      !shadow &&
      phase !== 'planned' &&
      ['drain-replica', 'undrain-replica'].includes(plan.action),
  );
  const last = runs.reduce<Remediation | null>(
    (newest, run) => (newest === null || run.createdAtMs >= newest.createdAtMs ? run : newest),
    null,
  );
  return last !== null && last.phase !== 'succeeded';
}

/**
 * Lines that go on giving it readers though it is drained elsewhere: their proxy began anew, or gave no answer, or had no such server when the
 * drain was made, or the drain was broken off. One that somebody opened by hand is theirs, and none of these.
 */
export function notYetDrained(
  view: ClusterView,
  drain: DrainRecord,
  ledger: Pick<Ledger, 'remediations'>,
): readonly ProxyLine[] {
  const stands = drainStands(view, drain);
  if (stands === 'undone' || stands === 'forgotten') return [];
  const told = drainedPlaces(view, drain);
  const isBrokenOff = isHalfWay(ledger, drain.member);
  return tellable(view, memberLines(view, 'reads', drain.member)).filter((line) => {
    if (isHeld(line.row)) return false;
    const proxy = view.proxies.find(({ name }) => name === line.proxy);
    return isBrokenOff || !holds(told, placeOf(line)) || (proxy !== undefined && isAnotherProcess(proxy, drain));
  });
}

/** What a drain of this member is to tell now, besides what it has told already; what somebody else drained stays theirs. */
export function toDrain(view: ClusterView, member: string, ours: DrainRecord | undefined): readonly ServerPlace[] {
  const told = ours === undefined ? [] : drainedPlaces(view, ours);
  const lines = tellable(view, memberLines(view, 'reads', member));
  return lines.filter((line) => !isHeld(line.row) || holds(told, placeOf(line))).map(placeOf);
}

/** Both, each once. */
export const union = (one: readonly ServerPlace[], other: readonly ServerPlace[]): readonly ServerPlace[] => [
  ...one,
  ...other.filter((place) => !holds(one, place)),
];
