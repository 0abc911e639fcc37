import { memoryAfterGap } from './recall.js';
import type { Session } from './session.js';

/**
 * Why tenure is given up by the session that ends and taken again by the one that follows, under a new epoch: what the old one may still have on
 * its way (a late commit, a request that hangs in a socket) is then refused by etcd, as after a stop and a start. With the same grant in both, a
 * late commit of the old one would write over what the new one has done. Another instance may take it in between; that one is as good.
 *
 * What follows from it: the new session reads the ledger anew, a run of a procedure goes on where it was, and a start grace comes first.
 * Handed over here is what only this process knows: kill switches that etcd has not yet, those that it showed last, the revision that
 * must not fall, who listens, what persons were told of this process, and what was learnt of the members.
 */
export function succeed(next: Session, before: Session): void {
  const { seen } = next;
  const memory = memoryAfterGap(before.states.memory, 'ekimi.yaml was read anew');
  next.seen = { ...seen, states: { ...seen.states, memory } };
  next.localSwitches = before.localSwitches;
  next.seenSwitches = before.seenSwitches;
  next.dcsRevision = before.dcsRevision;
  next.toldFaults = before.toldFaults;
  next.pageMemory = before.pageMemory;
  next.ownIncidents = before.ownIncidents;
  next.checkedMinute = before.checkedMinute;
  handOnChecks(next, before);
  for (const listener of before.listeners) next.listeners.add(listener);
}

/** What the checks of the data have found, and the one that was ended half-way: what it had found by then counts, and it begins anew. */
function handOnChecks(next: Session, before: Session): void {
  const { checks } = next.parts.ports;
  const isThere = (member: string): boolean => next.parts.target.members.some((name) => name === member);
  if (checks == null) return;
  for (const [member, check] of Object.entries(before.parts.ports.checks?.checks() ?? {}))
    if (isThere(member) && check.endedMs !== null) checks.adopt(member, check);
  const { checkAgain } = before;
  if (checkAgain !== null && isThere(checkAgain.request.member)) next.checkAgain = checkAgain;
}
