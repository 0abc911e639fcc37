import type { Memory } from '../model/states.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import type { JournalPort } from '../ports/journal.js';

const DAY_MS = 24 * 60 * 60_000;

/**
 * What earlier runs knew that a new one cannot see: the last position of each member, above all, without which a broken copy could never be
 * proven to hold nothing of its own. Read from the journal's newest pass of the scope; the grace begins anew all the same, and what the
 * members did since that pass nobody saw: `watchedMs` is of then, so that the first pass finds the gap.
 */
export async function recallMemory(journal: JournalPort, scope: string, nowMs: number): Promise<Memory> {
  let last: Memory | null = null;
  for await (const { scope: of, body } of journal.read({ sinceMs: nowMs - DAY_MS }))
    if (of === scope && body.kind === 'pass' && body.states !== null) {
      const memory: unknown = body.states.memory;
      if (isMemory(memory)) last = memory;
    }
  return last === null ? FRESH_MEMORY : memoryAfterGap(last, 'just started');
}

/** The grace begins anew, and what was measured from pass to pass. */
export const memoryAfterGap = (memory: Memory, graceReason: string): Memory => ({
  ...FRESH_MEMORY,
  ...memory,
  cleanPasses: 0,
  cleanSinceMs: null,
  graceReason,
  walRate: null,
});

const RECORDS = ['startFailures', 'lastStateText', 'replay', 'creatingSinceMs', 'positions', 'lastFailingMs'] as const;
const MAYBE_RECORDS = ['watchedMs', 'unwatched', 'lastPrimary', 'stops', 'damage'] as const;
const ROW_RECORDS = ['replay', 'positions', 'unwatched', 'lastPrimary', 'stops', 'damage'] as const;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A file on a disk may hold anything: a memory of another shape is none, and the next older one counts. */
function isMemory(value: unknown): value is Memory {
  if (!isRecord(value)) return false;
  return (
    RECORDS.every((name) => isRecord(value[name])) &&
    MAYBE_RECORDS.every((name) => value[name] === undefined || isRecord(value[name])) &&
    ROW_RECORDS.every((name) => Object.values(value[name] ?? {}).every(isRecord)) &&
    Object.values(value['startFailures'] as object).every(Array.isArray) &&
    Object.values((value['damage'] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>).every(
      ({ marks, settled }) => Array.isArray(marks) && Array.isArray(settled),
    ) &&
    ['lastLeaderChangeMs', 'cleanSinceMs'].every((name) => value[name] === null || typeof value[name] === 'number')
  );
}
