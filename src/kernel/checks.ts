import { whyNoCheck } from '../assess/check-allowed.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { openings } from '../config/calendar.js';
import type { CheckRequest } from '../model/data-check.js';
import { EKIMI } from '../model/names.js';
import type { Change } from '../model/snapshot.js';
import type { Situation } from '../model/situation.js';
import type { CheckPort } from '../ports/check.js';
import { betweenPasses } from './between.js';
import type { Session } from './session.js';
import { situationOf } from './situation.js';

const refused = (text: string): Change => ({ ok: false, status: 409, text });

const runningIn = (checks: CheckPort): string | null =>
  Object.entries(checks.checks()).find(([, { endedMs }]) => endedMs === null)?.[0] ?? null;

/** A person has the data of one member checked. Any instance does: it only reads. */
export function beginCheck(session: Session, request: CheckRequest, by: string): Promise<Change> {
  return betweenPasses(
    session,
    () => {
      const { checks } = session.parts.ports;
      if (checks == null) return Promise.resolve(refused('postgres is not configured: nothing can be checked'));
      if (session.view === null) return Promise.resolve(refused('no pass was made yet: ask again'));
      const situation = situationOf(session, session.view);
      const no = whyNoCheck(situation, request.member, request.leader);
      if (no !== null) return Promise.resolve(refused(no));
      const other = runningIn(checks);
      if (!checks.begin(request, by))
        return Promise.resolve(refused(`${other ?? 'another member'} is being checked: one at a time`));
      return Promise.resolve({ ok: true, text: `the data of ${request.member} is being checked` });
    },
    refused,
  );
}

/** Openings are of the minute; what was slept over for longer than this is left to the next. */
const LATE_MS = 120_000;

/** A reading that is missed now and then ends no check of hours; what lasts does: a lag, a procedure, a member that leads by now. */
const MOST_NOS = 10;

/** In each pass: a check that may not go on is ended, and one whose time has come begins, of the replica that was checked longest ago. */
export function tendChecks(session: Session, situation: Situation): void {
  const { checks } = session.parts.ports;
  if (checks == null) return;
  const member = runningIn(checks);
  if (member !== null) {
    const no = whyNoCheck(situation, member, checks.checks()[member]?.leader === true);
    session.checkNos = no === null ? 0 : session.checkNos + 1;
    if (no !== null && session.checkNos >= MOST_NOS) checks.stop(no);
    return;
  }
  session.checkNos = 0;
  if (isDue(session, checks, situation)) beginNext(checks, situation);
}

function isDue(session: Session, { schedule }: CheckPort, { nowMs }: Situation): boolean {
  if (schedule === null) return false;
  const minute = Math.floor(nowMs / 60_000);
  const before = session.checkedMinute;
  if (before === minute) return false;
  session.checkedMinute = minute;
  const state = session.parts.tenure.facts().state;
  if (before === null || (state !== 'held' && state !== 'not-needed')) return false;
  const sinceMs = Math.max((before + 1) * 60_000, nowMs - LATE_MS);
  return openings(schedule, sinceMs, nowMs, 'maintenance').length > 0;
}

function beginNext(checks: CheckPort, situation: Situation): void {
  const known = checks.checks();
  const { view } = situation;
  const [next] = view.members
    .map(({ name }) => name)
    .filter((name) => leaderKeyHolder(view) !== name && whyNoCheck(situation, name, false) === null)
    .sort((left, right) => (known[left]?.startedMs ?? 0) - (known[right]?.startedMs ?? 0));
  if (next !== undefined) checks.begin({ member: next, database: null, leader: false }, EKIMI);
}
