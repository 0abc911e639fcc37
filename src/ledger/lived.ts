import { clockSetMs } from '../assess/observer.js';
import { isOpen, type Incident } from '../model/incident.js';
import { isInFlight, type Approval, type DrainRecord, type Ledger, type Remediation } from '../model/ledger.js';
import { livedPage } from '../decide/page-book.js';
import { isOver, type ProcedureRun } from '../model/procedure-run.js';
import type { ClusterView } from '../model/view.js';
import { livedChecks } from './kept-checks.js';

type Wait = NonNullable<ProcedureRun['waiting']>;

/**
 * The ledger after our wall clock was set. Cool-downs, chains, budgets and the quiet after a storm become longer by it or stay as they are,
 * never shorter: what was done is moved forward with the clock and not back, since another instance, whose clock is right, may read it
 * next; and never past now, however far the clock was off. A deadline counts time that was lived, both ways. What a person agreed to ends no
 * later than it would have. A kill switch is left alone: it ends at the hour that a person named.
 */
export function livedLedger(ledger: Ledger, view: ClusterView): Ledger {
  const byMs = clockSetMs(view);
  if (byMs === 0) return ledger;
  const nowMs = view.atMs;
  const onward = Math.max(0, byMs);
  const done = (atMs: number): number => Math.max(atMs, Math.min(atMs + onward, nowMs));
  const dated = <T extends { readonly atMs: number }>(row: T): T => ({ ...row, atMs: done(row.atMs) });
  return {
    ...ledger,
    remediations: ledger.remediations.map((row) => livedRemediation(row, byMs, done, nowMs)),
    drains: ledger.drains.map((row) => livedDrain(row, byMs)),
    fences: ledger.fences.map((row) => ({ ...row, sinceMs: done(row.sinceMs) })),
    ...(ledger.pauses && {
      pauses: ledger.pauses.map((row) => ({ ...row, sinceMs: row.sinceMs + byMs, untilMs: row.untilMs + byMs })),
    }),
    approvals: ledger.approvals.map((row) => livedApproval(row, Math.min(0, byMs))),
    breaker: ledger.breaker === null ? null : { ...ledger.breaker, openSinceMs: done(ledger.breaker.openSinceMs) },
    stormUntilMs: ledger.stormUntilMs === null ? null : ledger.stormUntilMs + onward,
    flaps: Object.fromEntries(Object.entries(ledger.flaps).map(([name, times]) => [name, times.map(done)])),
    leaderChanges: ledger.leaderChanges.map(dated),
    pages: ledger.pages.map((row) => livedPage(row, byMs)),
    ...(ledger.checks && { checks: livedChecks(ledger.checks, byMs) }),
    ...(ledger.procedures && { procedures: ledger.procedures.map((row) => livedRun(row, byMs, done)) }),
    ...(ledger.incidents && { incidents: ledger.incidents.map((row) => livedIncident(row, byMs)) }),
  };
}

function livedRemediation(row: Remediation, byMs: number, done: (atMs: number) => number, nowMs: number): Remediation {
  const { createdAtMs, sentAtMs, endedAtMs, deadlineMs } = row;
  const moved = {
    ...row,
    createdAtMs: done(createdAtMs),
    sentAtMs: sentAtMs === null ? null : done(sentAtMs),
    endedAtMs: endedAtMs === null ? null : done(endedAtMs),
  };
  if (!isInFlight(row)) return moved;
  const patienceMs = Math.max(0, deadlineMs - (sentAtMs ?? createdAtMs));
  const { retryAtMs } = row;
  return {
    ...moved,
    ...(retryAtMs === undefined ? {} : { retryAtMs: retryAtMs + byMs }),
    deadlineMs: Math.min(deadlineMs + byMs, nowMs + patienceMs),
  };
}

/** One that is open goes on for as long as was lived; of one that is over the times stay as they were told. */
export function livedIncident(incident: Incident, byMs: number): Incident {
  if (byMs === 0 || !isOpen(incident)) return incident;
  const moved = (atMs: number | null): number | null => (atMs === null ? null : atMs + byMs);
  const { withoutWrites, quietSinceMs, openedAtMs, problems } = incident;
  return {
    ...incident,
    openedAtMs: openedAtMs + byMs,
    problems: problems.map((row) => ({
      ...row,
      firstSeenMs: row.firstSeenMs + byMs,
      activeSinceMs: moved(row.activeSinceMs),
      endedAtMs: moved(row.endedAtMs),
    })),
    withoutWrites: {
      ...withoutWrites,
      sinceMs: moved(withoutWrites.sinceMs),
      untoldSinceMs: moved(withoutWrites.untoldSinceMs),
    },
    quietSinceMs: moved(quietSinceMs),
  };
}

/** Of one that is open, what it waits for has the time that was lived. */
function livedRun(run: ProcedureRun, byMs: number, done: (atMs: number) => number): ProcedureRun {
  if (isOver(run)) return run;
  const { waiting, stalledSinceMs, continuedAtMs } = run;
  return {
    ...run,
    continuedAtMs: done(continuedAtMs),
    ...(waiting && { waiting: livedWait(waiting, byMs) }),
    ...(stalledSinceMs != null && { stalledSinceMs: stalledSinceMs + byMs }),
  };
}

const livedWait = ({ failingSinceMs, ...row }: Wait, byMs: number): Wait => ({
  ...row,
  sinceMs: row.sinceMs + byMs,
  ...(failingSinceMs !== undefined && { failingSinceMs: failingSinceMs + byMs }),
});

/** It is held against when the proxy's process began, which is told as an age. */
const livedDrain = ({ process, ...row }: DrainRecord, byMs: number): DrainRecord => ({
  ...row,
  sinceMs: row.sinceMs + byMs,
  ...(process && {
    process: { ...process, startedAtMs: process.startedAtMs === null ? null : process.startedAtMs + byMs },
  }),
});

const livedApproval = (row: Approval, byMs: number): Approval => ({
  ...row,
  requestedAtMs: row.requestedAtMs + byMs,
  expiresAtMs: row.expiresAtMs + byMs,
});
