import { openedSince } from '../config/calendar.js';
import { MISSED_TIMES, type Checking, type CheckRow, type DataCheck } from '../model/data-check.js';
import { EKIMI } from '../model/names.js';
import type { CronWindow } from '../model/policy.js';
import { notOurs } from './between.js';
import { isEnforcing, type Session } from './session.js';

/** A schedule as it is compared, and read by people. */
export const scheduleText = ({ cron, timezone }: CronWindow): string => `${cron} ${timezone}`;

/**
 * Each check that has ended into the ledger, where whoever takes over finds it; and from the ledger what others have made. What the ledger does not have is
 * noted as often as it is seen: one that is read anew has lost what was not yet committed. Of two checks of a member the later one counts, on both sides.
 */
export async function keepChecks(session: Session): Promise<void> {
  const { checks, clock } = session.parts.ports;
  const { books } = session;
  if (checks == null || !books.isLoaded) return;
  // Whoever does not hold the ledger writes it nowhere: it would forget it with the next reading, and the holder never learn of it.
  const isOurs = notOurs(session) === null;
  for (const name of session.parts.target.members) {
    const local = checks.checks()[name];
    const row = books.ledger.checks?.rows.find(({ member }) => member === name);
    if (local?.endedMs === null) {
      const { by, startedMs } = local;
      // One that we do not live to the end of would else be silent for ever.
      const isNew = by === EKIMI && startedMs > Math.max(row?.begunMs ?? 0, row?.startedMs ?? 0);
      if (isOurs && isNew) await books.note({ kind: 'check-begun', member: name, startedMs });
      continue;
    }
    if (row?.check != null && row.check.startedMs > (local?.startedMs ?? -1)) checks.adopt(name, row.check);
    else if (isOurs && local !== undefined && isMissing(row, local, clock.now()))
      await books.note({ kind: 'check-ended', member: name, check: local });
  }
}

/** What began by a clock that was ahead would stand above all that follow. */
const isMissing = (row: CheckRow | undefined, { startedMs }: DataCheck, nowMs: number): boolean =>
  startedMs <= nowMs && startedMs > (row?.startedMs ?? -1);

/** The schedule of checks as a pass sees it; absent: there is none. */
export function checkingOf(session: Session, nowMs: number): { readonly checking?: Checking } {
  const schedule = session.parts.ports.checks?.schedule ?? null;
  if (schedule === null) return {};
  return {
    checking: {
      schedule: scheduleText(schedule),
      dueMs: openedSince(schedule, nowMs, MISSED_TIMES),
      isOurs: !isEnforcing(session) || session.parts.tenure.facts().state !== 'other',
      sinceMs: session.startedAtMs,
    },
  };
}

/** The check that goes on, as it would begin anew; null: none does. */
export function checkUnderWay({ parts: { ports } }: Session): Session['checkAgain'] {
  const [row] = Object.entries(ports.checks?.checks() ?? {}).filter(([, { endedMs }]) => endedMs === null);
  if (row === undefined) return null;
  const [member, { by, database, leader = false }] = row;
  return { request: { member, database, leader }, by, sinceMs: ports.clock.now() };
}
