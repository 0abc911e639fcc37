import { ACTIONS } from '../actions/index.js';
import { leaderKeyHolder, leadershipOf } from '../assess/leader.js';
import { isMomentAgo, runsWaitedFor, serverOfWrites } from '../assess/poolers.js';
import { isInFlight, runUnderWay, type Remediation } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import { freshValue } from '../model/reading.js';
import type { Session } from './session.js';

/** Clients wait for what the next pass sees or sends. */
const HELD_MS = 100;

/**
 * Runs, by their ids, that clients wait for: in a pooler, closed out at the proxies, cut off from a leader that is being stopped, or because nobody takes
 * their writes since a dead leader's key is gone.
 */
export function runsClientsWaitFor(session: Pick<Session, 'view' | 'ledger'>): ReadonlySet<string> {
  const ids = [...successionsIn(session), ...cutOffBy(session)].map(({ id }) => id);
  return new Set([...runsWaitedFor(session.view, session.ledger), ...ids]);
}

/** What closed the leader to its clients a moment ago, and is not done yet. */
const cutOffBy = ({ view, ledger }: Pick<Session, 'view' | 'ledger'>): readonly Remediation[] =>
  ledger.remediations.filter(
    (run) =>
      isInFlight(run) &&
      !run.shadow &&
      view !== null &&
      run.sentAtMs !== null &&
      isMomentAgo(view, run.sentAtMs) &&
      leaderKeyHolder(view) === run.plan.target &&
      ACTIONS[run.plan.action].cutsWrites?.(run.plan) === true &&
      (run.stepIndex > 0 || run.lastReply?.effect === 'done'),
  );

/**
 * What ended the wait for a dead leader's lease: from its own answer until another one leads, and then until every proxy sends writes there. Should that
 * one die in its turn, nothing of this is left.
 */
function successionsIn({ view, ledger }: Pick<Session, 'view' | 'ledger'>): readonly Remediation[] {
  if (view === null) return [];
  const leadership = leadershipOf(view);
  const leader = leadership.kind === 'proven' ? leadership.member.name : null;
  const begun = ledger.remediations.filter((run) => {
    const { endedAtMs, sentAtMs, plan } = run;
    if (run.shadow || sentAtMs === null || ACTIONS[plan.action].bringsForward !== true) return false;
    if (!isMomentAgo(view, endedAtMs ?? sentAtMs)) return false;
    if (endedAtMs === null) return run.stepIndex > 0 || run.lastReply?.effect === 'done';
    return run.phase === 'succeeded' && leader !== null && leader !== plan.target;
  });
  return begun.length === 0 || serverOfWrites(view) !== null ? [] : begun;
}

/**
 * Clients wait for what is under way, or to be told to a proxy: what a calm pass does not read each time would keep them waiting. Whatever else is
 * under way, or about to be, needs all there is. `plan`: it is the look before its request.
 */
export function isHurried(session: Pick<Session, 'view' | 'ledger'>, plan: Plan | null): boolean {
  const { ledger } = session;
  const waitedFor = runsClientsWaitFor(session);
  if (waitedFor.size === 0) return false;
  const flying = ledger.remediations.filter(isInFlight);
  const isTraffic = ({ action }: Plan): boolean => ACTIONS[action].class === 'traffic';
  const isForThem = plan === null || isTraffic(plan) || flying.some(({ id }) => waitedFor.has(id));
  const isNew = plan !== null && !isTraffic(plan) && runUnderWay(ledger, plan) === undefined;
  return isForThem && !isNew && flying.every((run) => isTraffic(run.plan) || waitedFor.has(run.id));
}

/** Of whom it is read also then whether they run: who is silent, and who takes writes or may. */
export const mayBeDead = ({ view }: Pick<Session, 'view'>): ReadonlySet<string> =>
  new Set((view?.members ?? []).filter(({ api }) => freshValue(api)?.role !== 'replica').map(({ name }) => name));

/** Clients wait for what is under way. */
export const holdsClients = (session: Pick<Session, 'view' | 'ledger'>): boolean =>
  runsClientsWaitFor(session).size > 0;

/** From the beginning of one pass to that of the next. `isSoon`: something is suspected or in flight. */
export function periodMs(session: Session, isSoon: boolean): number {
  const { intervalMs, suspectIntervalMs } = session.policy.poll;
  // Where nobody is held a fast pass that reads everything would be a burden on the members.
  if (runsWaitedFor(session.view, session.ledger).size > 0 || isHurried(session, null)) return HELD_MS;
  return isSoon ? suspectIntervalMs : intervalMs;
}
