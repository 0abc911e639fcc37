import type { AsideDirectory, AsideReadings } from '../model/aside.js';
import { memberHost, storeHost, type HostTarget } from '../model/host.js';
import type { MemberName } from '../model/names.js';
import { aged, notConfigured, type Reading } from '../model/reading.js';
import type { DcsView } from '../model/view.js';
import { orNone, read, type Pass } from './pass.js';
import { ASIDES, ASIDES_AWAITED } from './sources.js';

/** A list that could not be made is not asked for in every pass. */
const AGAIN_MS = 60_000;

/** The age of a list is told in hours, as often as it is read: what changes with every pass is in the journal of every calm minute. */
const STEP_MS = 3_600_000;
function inSteps(reading: Reading<readonly AsideDirectory[]>, nowMs: number): Reading<readonly AsideDirectory[]> {
  const seen = aged(reading, nowMs);
  return seen.kind === 'stale' ? { ...seen, ageMs: Math.floor(Math.max(0, seen.ageMs) / STEP_MS) * STEP_MS } : seen;
}

/** What lies aside of each member's data directory; null: no host driver can tell. */
export async function observeAsides(pass: Pass): Promise<AsideReadings | null> {
  if (pass.ports.host?.listAside === undefined) return null;
  const previous = pass.previous?.asides ?? {};
  return listed(pass.target.members, (name) =>
    listOf(pass, { target: memberHost(name), member: name, last: previous[name] ?? null }),
  );
}

/**
 * The same of the etcd members of which that is known or may be; null: of none. A list takes a second container beside that of etcd, whose own has no
 * shell: it is not made where nothing speaks for it, nor while etcd does not answer or a procedure is open, when a rename may be due there. Then the last
 * one stands: what lies there for too long has not gone.
 */
export async function observeStoreAsides(pass: Pass, { keys }: Pick<DcsView, 'keys'>): Promise<AsideReadings | null> {
  const { ports, previous, storesAtWork = false, storeAsidesOf = new Set<string>() } = pass;
  const names = pass.target.dcsNames.filter((name) => storeAsidesOf.has(name));
  if (ports.host?.listAside === undefined || names.length === 0) return null;
  const before = previous?.storeAsides ?? {};
  if (keys.kind !== 'fresh' || storesAtWork) return previous?.storeAsides ?? null;
  return listed(names, (name) => listOf(pass, { target: storeHost(name), member: null, last: before[name] ?? null }));
}

type List = Reading<readonly AsideDirectory[]>;

const listed = async <N extends string>(names: readonly N[], ask: (name: N) => Promise<List>): Promise<AsideReadings> =>
  Object.fromEntries(await Promise.all(names.map(async (name) => [name, await ask(name)] as const)));

/** Data was moved aside after this list was made. */
const isOfBefore = ({ storesMovedAtMs = 0 }: Pass, last: List | null): boolean =>
  last !== null && last.atMs < storesMovedAtMs;

interface Asked {
  readonly target: HostTarget;
  readonly member: MemberName | null;
  readonly last: List | null;
}

async function listOf(pass: Pass, { target, member, last }: Asked): Promise<List> {
  const { host } = pass.ports;
  const { name } = target;
  const isAwaited = target.kind === 'member' ? pass.asidesOf?.has(name) === true : isOfBefore(pass, last);
  // One that came too late is taken in as soon as it is there.
  if (last?.kind === 'unknown' && last.fault !== 'timeout' && !isAwaited && pass.nowMs - last.atMs < AGAIN_MS)
    return aged(last, pass.nowMs);
  const ask = () => orNone(host?.listAside?.(target) ?? null, notConfigured(ASIDES.part, pass.nowMs));
  const row = isAwaited ? ASIDES_AWAITED : ASIDES;
  return inSteps(await read(pass, row, { key: `${target.kind} ${name} asides`, last, member, ask }), pass.nowMs);
}
