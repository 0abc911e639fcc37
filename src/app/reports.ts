import { paced } from '../api/paced.js';
import { openings } from '../config/calendar.js';
import { REPORTED_KINDS, reporter, type Report } from '../history/report.js';
import type { CodedFields } from '../model/log-code.js';
import type { ReportSchedule } from '../model/notify.js';
import type { ControllerPort } from '../model/snapshot.js';
import type { ReportMessage } from '../notify/report-notice.js';
import { globMatches } from '../notify/routes.js';
import type { Clock } from '../ports/clock.js';
import { reportBrief, reportDocument } from '../words/report.js';

export interface ReportParts {
  readonly schedules: readonly ReportSchedule[];
  readonly controller: Pick<ControllerPort, 'scopes' | 'snapshot' | 'entries'>;
  readonly clock: Clock;
  readonly tell: (message: ReportMessage) => void;
  readonly log: { error(fields: CodedFields, message: string): void };
}

/** Schedules are of the minute: between two looks none is missed, whatever the clock or a suspended machine did. */
const LOOK_MS = 60_000;

/**
 * Makes each report at its moment and hands it to the channels, until `stop`. Of each cluster by the instance that tells persons of it: who holds
 * tenure, or takes none. What was due while no instance ran is not made up for. Never rejects.
 */
export async function tellReports(parts: ReportParts, stop: AbortSignal): Promise<void> {
  const { clock, schedules } = parts;
  let seenMs = clock.now();
  while (!stop.aborted) {
    await clock.sleep(LOOK_MS - (clock.now() % LOOK_MS), stop);
    const nowMs = clock.now();
    for (const schedule of schedules) {
      // Several that were slept over tell of the same days.
      const due = openings({ ...schedule, forMs: 0, reason: '' }, seenMs + 1, nowMs, 'maintenance').at(-1);
      if (due !== undefined) await tellOne(parts, schedule, due, stop);
    }
    seenMs = nowMs;
  }
}

async function tellOne(
  parts: ReportParts,
  { coversMs, to, clusters }: ReportSchedule,
  atMs: number,
  stop: AbortSignal,
): Promise<void> {
  const { controller, tell, log } = parts;
  const meant = controller.scopes().filter((scope) => clusters.some((glob) => globMatches(glob, scope)));
  for (const scope of meant.filter((one) => isTold(controller, one))) {
    if (stop.aborted) return;
    try {
      const report = await reportOf(controller, scope, { sinceMs: atMs - coversMs, untilMs: atMs }, stop);
      if (report === null) return;
      tell({ scope, atMs, to, text: reportBrief(report), document: reportDocument(report) });
    } catch (err) {
      const why = err instanceof Error ? err.message : String(err);
      log.error({ code: 'REPORT_FAILED', err }, 'a report could not be made');
      tell({ scope, atMs, to, text: `the report could not be made: ${why}; look at the journal of ${scope}` });
    }
  }
}

const isTold = (controller: ReportParts['controller'], scope: string): boolean => {
  const state = controller.snapshot(scope)?.tenure.state;
  return state === 'held' || state === 'not-needed';
};

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
