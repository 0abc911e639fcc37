import { betweenPasses, notOurs } from './between.js';
import type { Session } from './session.js';

/** A report of one schedule that is due. */
export interface ReportClaim {
  /** Names the schedule, the same in every instance. */
  readonly schedule: string;
  readonly dueMs: number;
  /** Where nobody has noted this schedule before: what was due until then is nobody's to make up for. */
  readonly sinceMs: number;
  /** Whoever claims it has stopped waiting: it is not claimed any more. */
  readonly signal: AbortSignal;
}

/**
 * Makes a report this instance's to tell: it stands in the ledger as told before it is, so that nobody tells it a second time. False: it was told, or
 * it cannot be noted where the next holder of tenure would find it, and is claimed again later.
 */
export const claimReport = (session: Session, { schedule, dueMs, sinceMs, signal }: ReportClaim): Promise<boolean> =>
  betweenPasses(
    session,
    async () => {
      if (isGivenUp(signal) || notOurs(session) !== null || !session.books.isLoaded) return false;
      const last = session.ledger.reports?.find((row) => row.schedule === schedule)?.dueMs ?? null;
      if (last !== null && dueMs <= last) return false;
      await session.books.note({ kind: 'report-told', schedule, dueMs });
      const isNoted = await session.books.commit(session.view);
      if (isNoted && !isGivenUp(signal)) return last !== null || dueMs > sinceMs;
      await session.books.note({ kind: 'report-told', schedule, dueMs: last });
      // Nobody waits for the answer any more, so nobody tells it: the next one may.
      if (isNoted) await session.books.commit(session.view);
      return false;
    },
    () => false,
  );

/** Asked anew each time: it changes while etcd is written. */
const isGivenUp = ({ aborted }: AbortSignal): boolean => aborted;
