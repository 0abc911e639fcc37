import { countedOn } from '../ledger/without-writes.js';
import { unsureMs, withoutWritesMs, type WithoutWrites } from '../model/incident.js';

/** A span in which nobody could write. `toMs` null: it goes on. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number | null;
}

export interface WritesCount {
  /** What a pass saw: whether writes are taken, null: it could not tell. */
  readonly see: (takes: boolean | null, atMs: number) => void;
  /** Nobody looks from here on: what comes until the next pass is not known. */
  readonly lookAway: (atMs: number) => void;
  readonly gaps: () => readonly Gap[];
  /** In milliseconds, until then; `unsureMs` of it nobody could tell, to the very end. */
  readonly total: (untilMs: number) => { readonly ms: number; readonly unsureMs: number };
}

/** The time without writes of a span, by its passes, oldest first. */
export function writesCount(): WritesCount {
  let writes: WithoutWrites = { ms: 0, unsureMs: 0, sinceMs: null, untoldSinceMs: null };
  const gaps: Gap[] = [];
  const see = (takes: boolean | null, atMs: number): void => {
    const { sinceMs: before } = writes;
    writes = countedOn(writes, takes, { nowMs: atMs, gapMs: 0 });
    const { sinceMs } = writes;
    if (before === null && sinceMs !== null) gaps.push({ fromMs: sinceMs, toMs: null });
    if (before !== null && sinceMs === null) gaps.splice(-1, 1, { fromMs: before, toMs: atMs });
  };
  return {
    see,
    lookAway: (atMs) => {
      if (writes.sinceMs !== null) see(true, atMs);
      see(null, atMs);
    },
    gaps: () => gaps,
    total: (untilMs) => ({
      ms: withoutWritesMs({ withoutWrites: writes }, untilMs),
      unsureMs: unsureMs({ withoutWrites: writes }, untilMs),
    }),
  };
}
