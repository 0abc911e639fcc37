import type { AsideDirectory, AsideReadings } from '../model/aside.js';
import { memberHost } from '../model/host.js';
import { aged, notConfigured, type Reading } from '../model/reading.js';
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
  const { host } = pass.ports;
  if (host?.listAside === undefined) return null;
  const readings = await Promise.all(
    pass.target.members.map(async (name): Promise<[string, Reading<readonly AsideDirectory[]>]> => {
      const last = pass.previous?.asides?.[name] ?? null;
      const isAwaited = pass.asidesOf?.has(name) === true;
      // One that came too late is taken in as soon as it is there.
      if (last?.kind === 'unknown' && last.fault !== 'timeout' && !isAwaited && pass.nowMs - last.atMs < AGAIN_MS)
        return [name, aged(last, pass.nowMs)];
      const ask = () => orNone(host.listAside?.(memberHost(name)) ?? null, notConfigured(ASIDES.part, pass.nowMs));
      const row = isAwaited ? ASIDES_AWAITED : ASIDES;
      const reading = await read(pass, row, { key: `${name} asides`, last, member: name, ask });
      return [name, inSteps(reading, pass.nowMs)];
    }),
  );
  return Object.fromEntries(readings);
}
