import { ACTIONS } from '../actions/index.js';
import { stepRemediation } from '../machines/step.js';
import type { Approval, Ledger, Remediation } from '../model/ledger.js';
import type { ProcedureRun } from '../model/procedure-run.js';
import { afterPass, withoutForeignWork } from './after-pass.js';
import { requestApproval, useApproval } from './approvals.js';
import { withClaims, withLess, withoutClaim, withoutClaimsOf, withPausesLeft } from './claims.js';
import { checkBegun, checkEnded, checkRound, checkScheduled } from './data-checks.js';
import { withCustody } from './evacuations.js';
import type { EventOf, LedgerEvent, LedgerEventKind } from './events.js';
import { withoutUnsent } from './unsent.js';

const HOUR_MS = 60 * 60_000;

export const withRemediation = (ledger: Ledger, run: Remediation): Ledger => ({
  ...ledger,
  remediations: ledger.remediations.some((row) => row.id === run.id)
    ? ledger.remediations.map((row) => (row.id === run.id ? run : row))
    : [...ledger.remediations, run],
});

export const runOf = (ledger: Ledger, id: string): Remediation | null =>
  ledger.remediations.find((row) => row.id === id) ?? null;

/** So many that ended stay to be looked up. */
const KEPT_RUNS = 5;

const DAY_MS = 86_400_000;

const calledBy = ({ name, proposed }: ProcedureRun): string =>
  `${name} ${proposed?.code ?? ''} ${proposed?.subject ?? ''}`;

/** A run as it is now; the oldest that ended go, but not the last one of a day that a problem called for: it says that it was tried. */
function withRun(ledger: Ledger, run: ProcedureRun): Ledger {
  const others = (ledger.procedures ?? []).filter(({ id }) => id !== run.id);
  const newest = others.slice(-KEPT_RUNS);
  const older = others.slice(0, -KEPT_RUNS).filter((row, at, all) => {
    const wasCalledFor = row.proposed !== undefined && row.proposed.word !== 'gone';
    const isRecent = run.startedAtMs - (row.endedAtMs ?? row.startedAtMs) < DAY_MS;
    return (
      wasCalledFor &&
      isRecent &&
      ![...all.slice(at + 1), ...newest, run].some((later) => calledBy(later) === calledBy(row))
    );
  });
  return { ...ledger, procedures: [...older, ...newest, run] };
}

/** A success gives back what its action releases; in dry-run too, or it would be rehearsed for ever. */
function ended(ledger: Ledger, run: Remediation): Ledger {
  const after = withRemediation(ledger, run);
  const { releases } = ACTIONS[run.plan.action];
  if (run.phase !== 'succeeded' || releases === undefined) return after;
  const kept = ACTIONS[run.plan.action].keeps?.(run.plan) ?? null;
  return kept === null || releases === 'pause' || releases === 'clusterPause'
    ? withoutClaim(after, releases, run.plan.target)
    : withLess(after, releases, run.plan.target, kept);
}

/** Nobody is held by a step that was refused; who is held by an earlier one of that run still is. */
const withoutItsPauses = (ledger: Ledger, { id, sentAtMs }: Remediation): Ledger =>
  withPausesLeft(ledger, (row) => row.remediationId !== id || row.sinceMs !== sentAtMs);

const EVENT_OF = { done: 'ANSWERED', none: 'REFUSED', maybe: 'LOST' } as const;

/** Another instance may have gone on with it meanwhile: then the answer is the journal's alone. */
function answered(before: Ledger, { id, step, reply, atMs, detail, goesOn, again }: EventOf<'answered'>): Ledger {
  const run = runOf(before, id);
  if (run?.phase !== 'sending' || run.stepIndex !== step) return before;
  const ledger = reply.effect === 'none' ? withoutItsPauses(before, run) : before;
  if (reply.effect === 'none' && again !== undefined) {
    const phase = stepRemediation('sending', { type: 'NOT_YET' });
    const times = { retryAtMs: again.atMs, deadlineMs: again.untilMs };
    return withRemediation(ledger, { ...run, phase, ...times, lastReply: reply, detail: `refused: ${reply.text}` });
  }
  const isPassedOver = reply.effect === 'none' && goesOn === true;
  const phase = stepRemediation('sending', { type: EVENT_OF[isPassedOver ? 'done' : reply.effect] });
  if (phase !== 'failed')
    return withRemediation(ledger, { ...run, phase, lastReply: reply, detail: detail ?? run.detail });
  const failed: Remediation = {
    ...run,
    phase,
    lastReply: reply,
    endedAtMs: atMs,
    detail: `refused: ${reply.text}`,
    ...(reply.busy === true && { ending: 'busy' as const }),
  };
  const after = withRemediation(ledger, failed);
  return run.stepIndex === 0 ? withoutClaimsOf(after, id) : after;
}

const UNDONE = {
  overridden: (member: string) => `overridden: ${member} was put back into rotation by somebody else`,
  forgotten: (member: string) => `forgotten: the proxy restarted and lost the drain of ${member}`,
};

function drainUndone(ledger: Ledger, { member, ending, atMs }: EventOf<'drain-undone'>): Ledger {
  const drain = ledger.drains.find((row) => row.member === member);
  const run = drain === undefined ? null : runOf(ledger, drain.remediationId);
  const after = withoutClaim(ledger, 'drain', member);
  return run?.phase === 'succeeded'
    ? withRemediation(after, { ...run, phase: 'abandoned', endedAtMs: atMs, detail: UNDONE[ending](member), ending })
    : after;
}

const decided = ({ state, by, reason, atMs }: EventOf<'approval-decided'>, row: Approval): Approval => ({
  ...row,
  state,
  by,
  reason,
  decidedAtMs: atMs,
});

/** Of schedules that nobody has any more. */
const KEPT_REPORTS = 50;

function reportTold(ledger: Ledger, { schedule, dueMs }: EventOf<'report-told'>): Ledger {
  const { reports = [], ...rest } = ledger;
  const others = reports.filter((row) => row.schedule !== schedule);
  const rows = dueMs === null ? others : [...others, { schedule, dueMs }].slice(-KEPT_REPORTS);
  return rows.length === 0 ? rest : { ...rest, reports: rows };
}

type Fold = { readonly [K in LedgerEventKind]: (ledger: Ledger, event: EventOf<K>) => Ledger };

const FOLD: Fold = {
  loaded: (_, event) => event.ledger,
  'pass-seen': (ledger, { pass }) => afterPass(ledger, pass),
  'cluster-known': (ledger, { systemIdentifier }) => ({ ...ledger, systemIdentifier }),
  'approval-asked': (ledger, { request }) => requestApproval(ledger, request),
  'approval-decided': (ledger, event) => ({
    ...ledger,
    approvals: ledger.approvals.map((row) => (row.id === event.id ? decided(event, row) : row)),
  }),
  'approval-first': (ledger, { id, by, reason, atMs }) => ({
    ...ledger,
    approvals: ledger.approvals.map((row) => (row.id === id ? { ...row, first: { by, reason, atMs } } : row)),
  }),
  rehearsed: (ledger, { run, claims }) => ended(withClaims(useApproval(ledger, run.plan), claims), run),
  sending: (ledger, { run, claims }) => withRemediation(withClaims(useApproval(ledger, run.plan), claims), run),
  unsent: withoutUnsent,
  answered,
  'step-due': (ledger, { run }) => withRemediation(ledger, run),
  ended: (ledger, { run }) => ended(ledger, run),
  'procedure-run': (ledger, { run }) => withCustody(withRun(ledger, run), run),
  'drain-undone': drainUndone,
  paged: (ledger, { pages }) => (pages === ledger.pages ? ledger : { ...ledger, pages }),
  'incidents-followed': (ledger, { incidents }) => ({ ...ledger, incidents }),
  'switch-lifted': (ledger, { switch: { subject } }) => ({
    ...ledger,
    switches: ledger.switches.filter((row) => row.subject !== subject),
  }),
  'breaker-closed': (ledger, { atMs }) => ({
    ...ledger,
    breaker: null,
    remediations: ledger.remediations.map((row) =>
      row.endedAtMs === null ? row : { ...row, createdAtMs: Math.min(row.createdAtMs, atMs - HOUR_MS) },
    ),
  }),
  'report-told': reportTold,
  'check-begun': checkBegun,
  'check-ended': checkEnded,
  'check-scheduled': checkScheduled,
  'check-round': checkRound,
  'foreign-set-aside': (ledger, { by, atMs }) => withoutForeignWork(ledger, by, atMs),
};

/** What an event makes of a ledger. Pure: the journal's events in their order give the ledger again. */
export const fold = (ledger: Ledger, event: LedgerEvent): Ledger =>
  (FOLD[event.kind] as (ledger: Ledger, event: LedgerEvent) => Ledger)(ledger, event);
