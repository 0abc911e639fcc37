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

/**
 * What a check that has ended says of the schedule: one of all databases that left nothing out mends it, whoever asked for it. What a person's check left
 * out that person was told.
 */
function failingAfter(before: CheckRow | undefined, check: DataCheck): CheckTrouble | undefined {
  if (check.database !== null || check.interrupted === true) return before?.failing;
  if (check.gaps.length === 0) return undefined;
  return check.by === EKIMI ? again(before?.failing, check.endedMs ?? check.startedMs, check.gaps) : before?.failing;
}

const NEVER_ENDED = 'Ekimi was ended in the middle of it, and nobody knows how far it was';
const CUT_SHORT = 'Ekimi was ended, or a changed ekimi.yaml taken in, in the middle of it';

/** One that is cut short now and then is none missed: it begins anew. One that always is leaves the data unread for ever. */
function lostAfter(before: CheckRow | undefined, check: DataCheck): CheckTrouble | undefined {
  const known = neverEnded(before, check.startedMs);
  if (check.database !== null) return known;
  if (check.interrupted !== true) return undefined;
  return check.by === EKIMI ? again(known, check.endedMs ?? check.startedMs, [CUT_SHORT]) : known;
}

/** What stood as going on while another one begins. */
function neverEnded(before: CheckRow | undefined, startedMs: number): CheckTrouble | undefined {
  const { begunMs, lost } = before ?? {};
  return begunMs === undefined || begunMs >= startedMs ? lost : again(lost, begunMs, [NEVER_ENDED]);
}

/** Whoever takes over would copy from a member whose wrong page was forgotten: what a check did not read again stands. */
function withFindings(before: CheckRow | undefined, check: DataCheck): DataCheck {
  const last = before?.check ?? null;
  const isWhole = check.database === null && check.gaps.length === 0 && check.interrupted !== true;
  if (last === null || isWhole) return shortened(check);
  const others = last.findings.filter(({ relation }) => !check.findings.some((row) => row.relation === relation));
  const findings = [...check.findings, ...others];
  return shortened({ ...check, findings, found: Math.max(last.found, check.found, findings.length) });
}

export function checkBegun(ledger: Ledger, { member, startedMs }: EventOf<'check-begun'>): Ledger {
  const kept = ledger.checks ?? NO_CHECKS_KEPT;
  const before = kept.rows.find((row) => row.member === member);
  if ((before?.begunMs ?? 0) >= startedMs || (before?.startedMs ?? 0) >= startedMs) return ledger;
  const lost = neverEnded(before, startedMs);
  return withRow(ledger, kept, {
    ...(before ?? { member, startedMs: 0, check: null }),
    ...(lost && { lost }),
    begunMs: startedMs,
  });
}

export function checkEnded(ledger: Ledger, { member, check }: EventOf<'check-ended'>): Ledger {
  const kept = ledger.checks ?? NO_CHECKS_KEPT;
  const before = kept.rows.find((row) => row.member === member);
  if (before !== undefined && before.startedMs >= check.startedMs) return ledger;
  const failing = failingAfter(before, check);
  const lost = lostAfter(before, check);
  const row: CheckRow = {
    member,
    startedMs: check.startedMs,
    check: withFindings(before, check),
    ...(failing && { failing }),
    ...(lost && { lost }),
    ...((before?.begunMs ?? 0) > check.startedMs && { begunMs: before?.begunMs ?? 0 }),
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

export function checkRound(ledger: Ledger, { atMs, refused, alone: why }: EventOf<'check-round'>): Ledger {
  const { alone, ...kept } = ledger.checks ?? NO_CHECKS_KEPT;
  // Nobody was asked: what the times before it have told of each stands.
  if (refused === null) return { ...ledger, checks: { ...kept, ...(alone && { alone }), roundMs: atMs } };
  const known = kept.rows.map(({ refused: before, ...row }): CheckRow => {
    const no = refused[row.member];
    return no === undefined ? row : { ...row, refused: again(before, atMs, [no]) };
  });
  const others = Object.entries(refused)
    .filter(([name]) => !kept.rows.some(({ member }) => member === name))
    .map(([member, no]): CheckRow => ({ member, startedMs: 0, check: null, refused: again(undefined, atMs, [no]) }));
  return {
    ...ledger,
    checks: {
      ...kept,
      ...(why !== undefined && { alone: again(alone, atMs, [why]) }),
      roundMs: atMs,
      rows: [...known, ...others],
    },
  };
}
