import { memberHost } from '../model/host.js';
import { memberName } from '../model/names.js';
import { aged, notConfigured, type Reading } from '../model/reading.js';
import type { SurplusWal } from '../model/surplus.js';
import type { ClusterView } from '../model/view.js';
import { orNone, read, type Pass } from './pass.js';
import { SURPLUS } from './sources.js';

/** A program that is not there, or a directory that cannot be read, is not looked for in every pass. */
const AGAIN_MS = 30_000;

/** pg_waldump of each former leader whose WAL is in question; null: of none. */
export async function observeSurplus(pass: Pass): Promise<NonNullable<ClusterView['surplus']> | null> {
  const rows = Object.entries(pass.spans ?? {});
  if (rows.length === 0) return null;
  const { host } = pass.ports;
  const readings = await Promise.all(
    rows.map(async ([name, span]): Promise<[string, Reading<SurplusWal>]> => {
      const before = pass.previous?.surplus?.[name] ?? null;
      // Of another fork: it is about other WAL.
      const isSame =
        before?.kind === 'unknown' || (before?.value.from === span.from && before.value.timeline === span.timeline);
      const last = isSame ? before : null;
      if (last?.kind === 'unknown' && pass.beforeRequest === null && pass.nowMs - last.atMs < AGAIN_MS)
        return [name, aged(last, pass.nowMs)];
      const ask = () =>
        orNone(host?.surplus?.(memberHost(name), span) ?? null, notConfigured(SURPLUS.part, pass.nowMs));
      return [name, await read(pass, SURPLUS, { key: `${name} surplus`, last, member: memberName(name), ask })];
    }),
  );
  return Object.fromEntries(readings);
}
