import { paced } from '../api/paced.js';
import { openings } from '../config/calendar.js';
import { REPORTED_KINDS, reporter, type Report } from '../history/report.js';
import type { CodedFields } from '../model/log-code.js';
import type { ReportSchedule } from '../model/notify.js';
import type { ReportClaim } from '../kernel/report-claims.js';
import type { ControllerPort } from '../model/snapshot.js';
import type { ReportMessage } from '../notify/report-notice.js';
import { globMatches } from '../notify/routes.js';
import type { Clock } from '../ports/clock.js';
import { reportBrief, reportDocument } from '../words/report.js';

export interface ReportParts {
  readonly schedules: readonly ReportSchedule[];
  readonly controller: Pick<ControllerPort, 'scopes' | 'snapshot' | 'entries'>;
  readonly clock: Clock;
  /** True: it is this instance's to tell, and nobody else tells it. */
  readonly claim: (scope: string, claim: ReportClaim) => Promise<boolean>;
  readonly tell: (message: ReportMessage) => void;
  readonly log: { error(fields: CodedFields, message: string): void };
}

/** Schedules are of the minute: between two looks none is missed, whatever the clock or a suspended machine did. */
const LOOK_MS = 60_000;

/** What nobody could tell for so long is not told any more. */
const LATEST_MS = 24 * 60 * 60_000;

/** A cluster whose loop hangs must not keep the reports of others: it is asked again in the next minute. */
const CLAIM_MS = 20_000;

/** A schedule is what it says: the same in every instance, and another one once it is changed. */
const nameOf = ({ cron, timezone, coversMs, to, clusters }: ReportSchedule): string =>
  [cron, timezone, `${coversMs / 60_000}m`, to.join(','), clusters.join(',')].join(' ');

/**
 * Makes each report at its moment and hands it to the channels, until `stop`. Of each cluster by the instance that tells persons of it: who holds
 * tenure, or takes none. What was due while nobody could tell it is told by the next one that can, within a day, once: the ledger knows the last of
 * each schedule. Never rejects.
 */
export async function tellReports(parts: ReportParts, stop: AbortSignal): Promise<void> {
  const { clock, schedules } = parts;
  const startMs = clock.now();
  const dueOf = new Map<ReportSchedule, Due>();
  let seenMs = startMs - LATEST_MS;
  for (;;) {
    const nowMs = clock.now();
    for (const schedule of schedules) {
      // Several that were slept over tell of the same days.
      const found = openings({ ...schedule, forMs: 0, reason: '' }, seenMs + 1, nowMs, 'maintenance').at(-1);
      if (found !== undefined) dueOf.set(schedule, { atMs: found, made: new Map() });
      const due = dueOf.get(schedule);
      if (due !== undefined && nowMs - due.atMs < LATEST_MS) await tellOne(parts, schedule, due, startMs, stop);
    }
    seenMs = nowMs;
    await clock.sleep(LOOK_MS - (clock.now() % LOOK_MS), stop);
    if (stop.aborted) return;
  }
}

/**
 * Of each cluster by itself: its report is made, then claimed, then told at once. Claimed before it is made it would stand as told, and never be, where
 * this process ends while journals are read. A claim that hangs keeps no other cluster waiting.
 */
async function tellOne(parts: ReportParts, schedule: ReportSchedule, due: Due, startMs: number, stop: AbortSignal) {
  const { controller } = parts;
  const name = nameOf(schedule);
  const meant = controller.scopes().filter((scope) => schedule.clusters.some((glob) => globMatches(glob, scope)));
  const claim = { schedule: name, dueMs: due.atMs, sinceMs: startMs };
  const open = meant.filter((scope) => isToTell(controller, scope, name, due.atMs));
  for (const scope of due.made.keys()) if (!open.includes(scope)) due.made.delete(scope);
  const telling: Promise<void>[] = [];
  for (const scope of open) {
    const made = due.made.get(scope) ?? (await madeOf(parts, schedule, scope, due.atMs, stop));
    if (made === null || stop.aborted) break;
    if (made.err === undefined) due.made.set(scope, made);
    telling.push(tellIfOurs(parts, scope, made, claim, stop));
  }
  await Promise.all(telling);
}

/** A report that is due, and what was made of it and not told so far, by cluster: what cannot be claimed is not read anew each minute. */
interface Due {
  readonly atMs: number;
  readonly made: Map<string, Made>;
}

/** `err`: why it could not be made, which is told in its place. */
interface Made {
  readonly message: ReportMessage;
  readonly err?: unknown;
}

/** null: we are to end before the journal was read. */
async function madeOf(
  { controller }: ReportParts,
  { coversMs, to }: ReportSchedule,
  scope: string,
  atMs: number,
  stop: AbortSignal,
): Promise<Made | null> {
  try {
    const report = await reportOf(controller, scope, { sinceMs: atMs - coversMs, untilMs: atMs }, stop);
    if (report === null) return null;
    return { message: { scope, atMs, to, text: reportBrief(report), document: reportDocument(report) } };
  } catch (err) {
    const why = err instanceof Error ? err.message : String(err);
    const text = `the report could not be made: ${why}; look at the journal of ${scope}`;
    return { message: { scope, atMs, to, text }, err };
  }
}

async function tellIfOurs(
  parts: ReportParts,
  scope: string,
  { message, err }: Made,
  claim: Omit<ReportClaim, 'signal'>,
  stop: AbortSignal,
): Promise<void> {
  if (!(await isOurs(parts, scope, claim, stop))) return;
  if (err !== undefined) parts.log.error({ code: 'REPORT_FAILED', err }, 'a report could not be made');
  parts.tell(message);
}

/** Given up where the cluster does not answer in time, or we are to end: then it is not claimed later either. */
async function isOurs(
  { claim }: ReportParts,
  scope: string,
  what: Omit<ReportClaim, 'signal'>,
  stop: AbortSignal,
): Promise<boolean> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(CLAIM_MS)]);
  const given = new Promise<false>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve(false);
    });
  });
  return signal.aborted ? false : Promise.race([claim(scope, { ...what, signal }), given]);
}

/** This instance tells persons of the cluster, and its ledger has no report of that schedule as new as this one. */
function isToTell(controller: ReportParts['controller'], scope: string, schedule: string, dueMs: number): boolean {
  const snapshot = controller.snapshot(scope);
  const state = snapshot?.tenure.state;
  const last = snapshot?.ledger.reports?.find((row) => row.schedule === schedule);
  return (state === 'held' || state === 'not-needed') && (last === undefined || last.dueMs < dueMs);
}

/** null: we are to end before the journal was read. */
async function reportOf(
  controller: ReportParts['controller'],
  scope: string,
  span: { readonly sinceMs: number; readonly untilMs: number },
  stop: AbortSignal,
): Promise<Report | null> {
  const { take, value } = reporter(scope, span.sinceMs, span.untilMs);
  for await (const entry of paced(controller.entries(scope, { ...span, kinds: REPORTED_KINDS }))) {
    if (stop.aborted) return null;
    take(entry);
  }
  return value();
}
