import type { DamageMemory } from '../model/damage.js';
import { checkMoved, type CheckRow, type ChecksKept } from '../model/data-check.js';

/** Rows of members of this cluster; what was found in data that was replaced since says nothing of what is there now. */
export function checksKept(
  kept: ChecksKept,
  members: readonly string[],
  damage: Readonly<Record<string, DamageMemory>>,
): ChecksKept {
  const isReplaced = ({ member, check }: CheckRow): boolean =>
    check !== null && check.found > 0 && (damage[member]?.settledMs ?? 0) > check.startedMs;
  const isSame = kept.rows.every((row) => members.includes(row.member) && !isReplaced(row));
  if (isSame) return kept;
  return {
    ...kept,
    rows: kept.rows
      .filter(({ member }) => members.includes(member))
      .map((row) => (isReplaced(row) ? { ...row, check: null } : row)),
  };
}

/**
 * After our wall clock was set: moved along, so that a schedule neither seems missed at once nor kept for ever. When a check was is moved back and never on,
 * as with what it settles: the machine may have slept, and a line that was written meanwhile is not of before it.
 */
export function livedChecks(kept: ChecksKept, byMs: number): ChecksKept {
  const moved = <T extends { readonly sinceMs: number }>(one: T): T => ({ ...one, sinceMs: one.sinceMs + byMs });
  const backMs = Math.min(0, byMs);
  return {
    ...moved(kept),
    roundMs: kept.roundMs === null ? null : kept.roundMs + byMs,
    ...(kept.alone && { alone: moved(kept.alone) }),
    rows: kept.rows.map((row) => ({
      ...row,
      startedMs: row.startedMs + backMs,
      check: row.check === null ? null : checkMoved(row.check, backMs),
      ...(row.begunMs !== undefined && { begunMs: row.begunMs + backMs }),
      ...(row.failing && { failing: moved(row.failing) }),
      ...(row.lost && { lost: moved(row.lost) }),
      ...(row.refused && { refused: moved(row.refused) }),
    })),
  };
}
