import {
  MOST_FINDINGS,
  NO_CHECKS_KEPT,
  type CheckRow,
  type ChecksKept,
  type CheckTrouble,
  type DataCheck,
} from '../model/data-check.js';
import type { Ledger } from '../model/ledger.js';
import { EKIMI } from '../model/names.js';
import type { EventOf } from './events.js';

/** The ledger lies in etcd: of what a program printed so much is kept. */
const MOST_CHARS = 240;
const MOST_WHY = 3;

const cut = (text: string): string => text.slice(0, MOST_CHARS);

const shortened = (check: DataCheck): DataCheck => ({
  ...check,
  findings: check.findings.slice(0, MOST_FINDINGS).map((row) => ({ ...row, text: cut(row.text) })),
  gaps: check.gaps.slice(0, MOST_WHY).map(cut),
});

const again = (before: CheckTrouble | undefined, atMs: number, why: readonly string[]): CheckTrouble => ({
  sinceMs: before?.sinceMs ?? atMs,
  times: (before?.times ?? 0) + 1,
  why: why.slice(0, MOST_WHY).map(cut),
});

/** What a check that has ended says of the schedule: one of all databases that left nothing out mends it, whoever asked for it. */
function failingAfter(before: CheckRow | undefined, check: DataCheck): CheckTrouble | undefined {
  if (check.database !== null || check.interrupted === true) return before?.failing;
  if (check.gaps.length === 0) return undefined;
  return check.by === EKIMI || before?.failing !== undefined
    ? again(before?.failing, check.endedMs ?? check.startedMs, check.gaps)
    : undefined;
}

/** What a check found is not forgotten for one of another part that is clean. */
const keepsFindings = (before: CheckRow | undefined, check: DataCheck): boolean =>
  (before?.check?.found ?? 0) > 0 && check.found === 0 && (check.database !== null || check.gaps.length > 0);

export function checkEnded(ledger: Ledger, { member, check }: EventOf<'check-ended'>): Ledger {
  const kept = ledger.checks ?? NO_CHECKS_KEPT;
  const before = kept.rows.find((row) => row.member === member);
  if (before?.startedMs === check.startedMs) return ledger;
  const failing = failingAfter(before, check);
  const row: CheckRow = {
    member,
    startedMs: check.startedMs,
    check: keepsFindings(before, check) ? (before?.check ?? null) : shortened(check),
    ...(failing && { failing }),
    // That it was begun at all is noted with its round.
    ...(before?.refused && { refused: before.refused }),
  };
  return withRow(ledger, kept, row);
}

const withRow = (ledger: Ledger, kept: ChecksKept, row: CheckRow): Ledger => ({
  ...ledger,
  checks: { ...kept, rows: [...kept.rows.filter(({ member }) => member !== row.member), row] },
});

/** By another schedule other times count: what was missed of the one before is nobody's to make up for. */
export function checkScheduled(ledger: Ledger, { schedule, atMs }: EventOf<'check-scheduled'>): Ledger {
  const { rows } = ledger.checks ?? NO_CHECKS_KEPT;
  return {
    ...ledger,
    checks: { schedule, sinceMs: atMs, roundMs: null, rows: rows.map(({ refused: _, ...row }) => row) },
  };
}

export function checkRound(ledger: Ledger, { atMs, refused }: EventOf<'check-round'>): Ledger {
  const kept = ledger.checks ?? NO_CHECKS_KEPT;
  const known = kept.rows.map(({ refused: before, ...row }): CheckRow => {
    const why = refused[row.member];
    return why === undefined ? row : { ...row, refused: again(before, atMs, [why]) };
  });
  const others = Object.entries(refused)
    .filter(([name]) => !kept.rows.some(({ member }) => member === name))
    .map(([member, why]): CheckRow => ({ member, startedMs: 0, check: null, refused: again(undefined, atMs, [why]) }));
  return { ...ledger, checks: { ...kept, roundMs: atMs, rows: [...known, ...others] } };
}
