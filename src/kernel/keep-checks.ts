import { openedSince } from '../config/calendar.js';
import { MISSED_TIMES, type Checking } from '../model/data-check.js';
import type { CronWindow } from '../model/policy.js';
import { isEnforcing, type Session } from './session.js';

/** A schedule as it is compared, and read by people. */
export const scheduleText = ({ cron, timezone }: CronWindow): string => `${cron} ${timezone}`;

/**
 * Each check that has ended, once, into the ledger, where whoever takes over finds it; and from the ledger what others have made. A check that the
 * ledger had no time to take before it was read anew is known by the marks of its findings alone.
 */
export async function keepChecks(session: Session): Promise<void> {
  const { checks } = session.parts.ports;
  if (checks == null) return;
  const { books, checksNoted } = session;
  for (const name of session.parts.target.members) {
    const local = checks.checks()[name];
    if (local?.endedMs === null) continue;
    if (local !== undefined && checksNoted.get(name) !== local.startedMs) {
      checksNoted.set(name, local.startedMs);
      await books.note({ kind: 'check-ended', member: name, check: local });
      continue;
    }
    const row = books.isLoaded ? books.ledger.checks?.rows.find(({ member }) => member === name) : undefined;
    if (row?.check == null || row.startedMs === local?.startedMs) continue;
    checksNoted.set(name, row.check.startedMs);
    checks.adopt(name, row.check);
  }
}

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
