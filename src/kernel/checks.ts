import { whyNoCheck } from '../assess/check-allowed.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { clockSetMs } from '../assess/observer.js';
import { openings } from '../config/calendar.js';
import type { CheckRequest, DataCheck } from '../model/data-check.js';
import { EKIMI } from '../model/names.js';
import type { Change } from '../model/snapshot.js';
import type { Situation } from '../model/situation.js';
import type { CheckPort } from '../ports/check.js';
import { betweenPasses, conflicting, notOurs } from './between.js';
import { keepChecks, scheduleText } from './keep-checks.js';
import type { Session } from './session.js';
import { situationOf } from './situation.js';

const runningIn = (checks: CheckPort): string | null =>
  Object.entries(checks.checks()).find(([, { endedMs }]) => endedMs === null)?.[0] ?? null;

/** A person has the data of one member checked, by the instance that holds the ledger: what another one finds no holder learns of. */
export function beginCheck(session: Session, request: CheckRequest, by: string): Promise<Change> {
  return betweenPasses<Change>(
    session,
    () => {
      const { checks } = session.parts.ports;
      if (checks == null)
        return Promise.resolve({
          ok: false,
          status: 409,
          text: 'postgres is not configured: nothing can be checked',
          lacks: 'configuration',
        });
      const elsewhere = notOurs(session);
      if (elsewhere !== null) return Promise.resolve(elsewhere);
      if (session.view === null) return Promise.resolve(conflicting('nothing-seen', 'no pass was made yet: ask again'));
      const situation = situationOf(session, session.view);
      const no = whyNoCheck(situation, request.member, request.leader);
      if (no !== null) return Promise.resolve(conflicting('check-not-allowed', no));
      const other = runningIn(checks);
      if (!checks.begin(request, by, placesOf(situation, request.member)))
        return Promise.resolve(
          conflicting('one-check', `${other ?? 'another member'} is being checked: one at a time`),
        );
      const text = `the data of ${request.member} is being checked`;
      const { startedMs } = checks.checks()[request.member] ?? {};
      return Promise.resolve({ ok: true, text, ...(startedMs === undefined ? {} : { startedMs }) });
    },
    (text) => conflicting('failed-at-it', text),
  );
}

/** What its log says of pages that cannot be read: a check that finds nothing settles what it has read of these, and nothing else. */
const placesOf = ({ states }: Situation, member: string): readonly string[] => [
  ...new Set(
    (states.memory.damage?.[member]?.marks ?? []).flatMap(({ relation }) => (relation === null ? [] : [relation])),
  ),
];

/** Openings are of the minute; what was slept over for longer than this is left to the next. */
const LATE_MS = 120_000;

/** A reading that is missed now and then ends no check of hours; what lasts does: a lag, a procedure, a member that leads by now. */
const MOST_NOS = 10;

/** A check that a reload ended begins anew for so long as it may not at once; then it counts as one that failed. */
const AGAIN_WITHIN_MS = 10 * 60_000;

/**
 * In each pass: what has ended is noted, a check that may not go on is ended, one that a reload ended begins anew, and one whose time has come begins, of
 * the replica that was checked longest ago.
 */
export async function tendChecks(session: Session, situation: Situation): Promise<void> {
  const { checks } = session.parts.ports;
  if (checks == null) return;
  const setMs = clockSetMs(situation.view);
  if (setMs < 0) checks.setBack(-setMs);
  await keepChecks(session);
  await noteSchedule(session, checks, situation);
  const isTime = isDue(session, checks, situation);
  const member = runningIn(checks);
  if (member !== null) {
    const no = whyNoCheck(situation, member, checks.checks()[member]?.leader === true);
    session.checkNos = no === null ? 0 : session.checkNos + 1;
    if (no !== null && session.checkNos >= MOST_NOS) checks.stop(no);
    // One that takes longer than from one time to the next is no time missed.
    if (isTime) await session.books.note({ kind: 'check-round', atMs: situation.nowMs, refused: null });
    return;
  }
  session.checkNos = 0;
  if (!beganAnew(session, checks, situation) && isTime) await beginNext(session, checks, situation);
}

/** Whoever else holds tenure begins them; in dry-run there is none to hold. */
const isOurs = ({ tenure }: Pick<Situation, 'tenure'>): boolean =>
  tenure.state === 'held' || tenure.state === 'not-needed';

/** Its times count from when it is known first: else a new schedule seems missed at once. */
async function noteSchedule({ books }: Session, { schedule }: CheckPort, situation: Situation): Promise<void> {
  if (schedule === null || !books.isLoaded || !isOurs(situation)) return;
  const text = scheduleText(schedule);
  if (books.ledger.checks?.schedule === text) return;
  await books.note({ kind: 'check-scheduled', schedule: text, atMs: situation.nowMs });
}

function isDue(session: Session, { schedule }: CheckPort, situation: Situation): boolean {
  if (schedule === null) return false;
  const { nowMs } = situation;
  const minute = Math.floor(nowMs / 60_000);
  const before = session.checkedMinute;
  if (before === minute) return false;
  session.checkedMinute = minute;
  if (before === null || !isOurs(situation)) return false;
  const sinceMs = Math.max((before + 1) * 60_000, nowMs - LATE_MS);
  return openings(schedule, sinceMs, nowMs, 'maintenance').length > 0;
}

/** What was ended half-way goes first: it was begun longest ago as far as its end counts. */
const checkedMs = (check: DataCheck | undefined): number =>
  check === undefined || check.interrupted === true ? 0 : check.startedMs;

const NO_REPLICA =
  'there is no replica, and the leader is never checked by itself: ekimi check-data LEADER --leader at a quiet hour, or take postgres.check.cron out';

async function beginNext(session: Session, checks: CheckPort, situation: Situation): Promise<void> {
  const known = checks.checks();
  const { view } = situation;
  const asked = view.members
    .filter(({ name }) => leaderKeyHolder(view) !== name)
    .map(({ name }) => ({ name, no: whyNoCheck(situation, name, false) }));
  const refused = Object.fromEntries(asked.flatMap(({ name, no }) => (no === null ? [] : [[name, no]])));
  const alone = asked.length === 0 && { alone: NO_REPLICA };
  await session.books.note({ kind: 'check-round', atMs: situation.nowMs, refused, ...alone });
  const [next] = asked
    .filter(({ no }) => no === null)
    .map(({ name }) => name)
    .sort((left, right) => checkedMs(known[left]) - checkedMs(known[right]));
  if (next !== undefined) {
    const request = { member: next, database: null, leader: false };
    checks.begin(request, EKIMI, placesOf(situation, next));
  }
}

/** True: one begins, or waits until it may. */
function beganAnew(session: Session, checks: CheckPort, situation: Situation): boolean {
  const { checkAgain } = session;
  if (checkAgain === null) return false;
  const { request, by, sinceMs } = checkAgain;
  // Whoever holds tenure by now has the interrupted one in the ledger, and begins with it: two of us would read the same data.
  if (by === EKIMI && situation.tenure.state === 'other') {
    session.checkAgain = null;
    return false;
  }
  const no =
    by === EKIMI && !isOurs(situation)
      ? 'this instance does not hold tenure'
      : whyNoCheck(situation, request.member, request.leader);
  if (no === null) {
    session.checkAgain = null;
    return checks.begin(request, by, placesOf(situation, request.member));
  }
  if (situation.nowMs - sinceMs < AGAIN_WITHIN_MS) return true;
  session.checkAgain = null;
  const last = checks.checks()[request.member];
  if (last?.interrupted !== true) return false;
  const { interrupted: _, ...check } = last;
  // Another beginning is another check: it is noted as one.
  checks.adopt(request.member, {
    ...check,
    startedMs: check.startedMs + 1,
    gaps: [`a reload of ekimi.yaml ended it, and it could not begin anew: ${no}`],
  });
  return false;
}
