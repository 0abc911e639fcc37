import type { DamageMemory } from '../model/damage.js';
import type { CheckRow, ChecksKept } from '../model/data-check.js';

/** Rows of members of this cluster; what was found in data that was replaced since says nothing of what is there now. */
export function checksKept(
  kept: ChecksKept,
  members: readonly string[],
  damage: Readonly<Record<string, DamageMemory>>,
): ChecksKept {
  const isReplaced = ({ member, check }: CheckRow): boolean =>
    check?.endedMs != null && check.found > 0 && (damage[member]?.settledMs ?? 0) > check.endedMs;
  const isSame = kept.rows.every((row) => members.includes(row.member) && !isReplaced(row));
  if (isSame) return kept;
  return {
    ...kept,
    rows: kept.rows
      .filter(({ member }) => members.includes(member))
      .map((row) => (isReplaced(row) ? { ...row, check: null } : row)),
  };
}

/** After our wall clock was set: moved along, so that a schedule neither seems missed at once nor kept for ever. */
export function livedChecks(kept: ChecksKept, byMs: number): ChecksKept {
  const moved = <T extends { readonly sinceMs: number }>(one: T): T => ({ ...one, sinceMs: one.sinceMs + byMs });
  return {
    ...moved(kept),
    roundMs: kept.roundMs === null ? null : kept.roundMs + byMs,
    rows: kept.rows.map((row) => ({
      ...row,
      ...(row.failing && { failing: moved(row.failing) }),
      ...(row.refused && { refused: moved(row.refused) }),
    })),
  };
}
