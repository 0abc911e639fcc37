import { pausedFor } from '../words/paused.js';
import { starterOf } from '../ledger/consent.js';
import { wordOn } from '../ledger/approvals.js';
import { permitOf } from '../actions/index.js';
import { describeChanges, widens } from '../config/compare.js';
import { FOREIGN_WORK, foreignInFlight } from '../model/foreign.js';
import type { KillSwitch } from '../model/ledger.js';
import { lossText } from '../words/loss.js';
import { MEMBER_OR_ACTION } from './switch-subjects.js';
import type { Plan } from '../model/plan.js';
import type { Change } from '../model/snapshot.js';
import { write } from './record.js';
import { acknowledge } from './pages.js';
import { startGrace } from './authority.js';
import { situationOf } from './situation.js';
import { betweenPasses as answeredBetween, conflicting, notOurs, READ_ANEW } from './between.js';
import { isEnforcing, type PolicyInForce, type Session } from './session.js';
import { writeSwitch } from './switches.js';

const refused = (status: 403 | 404, text: string): Change => ({ ok: false, status, text });

const betweenPasses = (session: Session, change: () => Promise<Change>): Promise<Change> =>
  answeredBetween(session, change, (text) => conflicting('failed-at-it', text));

/** What may be done while nobody can confirm tenure may be agreed to as well. */
const needsNoTenure = (session: Session, plan: Plan): boolean =>
  session.view !== null && permitOf(plan, 'tenure')?.holds(situationOf(session, session.view), plan, false) === true;

/** Gives or refuses an approval that is waiting. What was approved is planned anew and passes all gates again. */
export function decideApproval(
  session: Session,
  id: string,
  state: 'approved' | 'rejected',
  by: string,
  reason: string,
): Promise<Change> {
  return betweenPasses(session, async () => {
    const approval = session.ledger.approvals.find((row) => row.id === id);
    const isAlone = approval !== undefined && needsNoTenure(session, approval.plan);
    const elsewhere = isAlone ? null : notOurs(session);
    if (elsewhere !== null) return elsewhere;
    const foreign = session.ledger.foreign?.find((row) => row.list === 'approvals' && row.id === id);
    if (foreign !== undefined)
      return conflicting('other-version', `approval ${id} is for ${foreign.action}, which this version does not know`);
    if (approval === undefined) return refused(404, `no approval ${id}`);
    const word = wordOn(approval, { state, by }, session.policy);
    if (word.kind === 'refused')
      return word.isSamePerson === true ? refused(403, word.text) : conflicting('answered-already', word.text);
    const { books } = session;
    const said = { id, by, reason, atMs: session.parts.ports.clock.now() };
    await books.note(
      word.kind === 'first' ? { kind: 'approval-first', ...said } : { kind: 'approval-decided', state, ...said },
    );
    const kept = await books.commit(session.view);
    const lost = notOurs(session) ?? (books.isLoaded ? null : READ_ANEW);
    if (!kept && lost !== null && !isAlone) return lost;
    const told = approval.loss == null ? '' : `, with a loss of ${lossText(approval.loss)}`;
    const half = word.kind === 'first' ? '; one more person, with another token, must approve it' : '';
    const { because } = approval.plan;
    const isBegun = word.kind !== 'decided' || state !== 'approved' || because.run !== undefined;
    const starter = isBegun ? null : starterOf(approval.plan);
    const again = starter === null ? '' : `; nothing is sent by that: ${starter} starts it again`;
    const text = `${state}: ${approval.plan.action} ${approval.plan.target}${told}${half}${again}`;
    return { ok: true, text: kept ? text : `${text} (not yet in etcd: a successor would not know)` };
  });
}

/** A person looks after it: who is called next, and reminded, is nobody, until it becomes another thing. Kept where a successor reads it. */
export function acknowledgePages(session: Session, id: string, by: string, reason: string): Promise<Change> {
  return betweenPasses(session, async () => {
    const elsewhere = notOurs(session);
    if (elsewhere !== null) return elsewhere;
    const meant = await acknowledge(session, id, by, reason);
    if (meant.length === 0) return refused(404, `nobody was told of ${id}, or it is over`);
    const kept = await session.books.commit(session.view);
    const text = `acknowledged: ${meant.map(({ code, subject }) => `${code} ${subject}`).join(', ')}`;
    return { ok: true, text: kept ? text : `${text} (not yet in etcd: a successor would not know)` };
  });
}

/** In force at once, even in the middle of a pass; for all instances as soon as etcd has it, whoever holds tenure. */
export function throwSwitch(session: Session, killSwitch: KillSwitch, by: string): Promise<Change> {
  if (!MEMBER_OR_ACTION.test(killSwitch.subject))
    return Promise.resolve(
      conflicting('bad-subject', `unknown subject ${killSwitch.subject}: global, cluster, member:NAME or action:NAME`),
    );
  const local = { killSwitch: { ...killSwitch, id: session.parts.newId() }, written: false, triedAtMs: -Infinity };
  session.localSwitches = [...session.localSwitches, local];
  return betweenPasses(session, async () => {
    await write(session, { kind: 'switch', change: 'on', switch: local.killSwitch, by });
    const why = await writeSwitch(session, local);
    if (why === null) return { ok: true, text: `Ekimi is paused ${pausedFor(killSwitch.subject)}` };
    const text = `Ekimi is paused ${pausedFor(killSwitch.subject)}, in this instance only: not yet in etcd (${why}); written as soon as it answers`;
    return { ok: true, text };
  });
}

/** Takes a switch back for all instances, or closes the breaker (`breaker`). Rights that grow start with a grace. */
export function liftSwitch(session: Session, subject: string, by: string): Promise<Change> {
  return betweenPasses(session, async () => {
    if (subject !== 'breaker' && subject !== FOREIGN_WORK) return lift(session, subject, by);
    const elsewhere = notOurs(session);
    if (elsewhere !== null) return elsewhere;
    return subject === 'breaker' ? closeBreaker(session, by) : setForeignWorkAside(session, by);
  });
}

async function lift(session: Session, subject: string, by: string): Promise<Change> {
  const isMeant = (row: KillSwitch): boolean => row.subject === subject;
  const { dcs } = session.parts.ports;
  const keys = await dcs.keys();
  if (keys.kind !== 'fresh')
    return conflicting('still-paused', `nothing was resumed: ${keys.kind === 'unknown' ? keys.reason : ''}`);
  const ofOld = session.ledger.switches.filter(isMeant);
  const here = session.localSwitches.map(({ killSwitch }) => killSwitch).filter(isMeant);
  const shared = (keys.value.switches ?? []).filter(isMeant);
  const [lifted] = [...shared, ...here, ...ofOld];
  if (lifted === undefined) return refused(404, `Ekimi is not paused ${pausedFor(subject)}`);
  const elsewhere = ofOld.length === 0 ? null : notOurs(session);
  if (elsewhere !== null) return elsewhere;
  // A switch that we could not write may be there all the same: its answer may have been lost.
  const ids = new Set([...shared, ...here].map(({ id }) => id).filter((id) => id !== undefined));
  const answer = ids.size === 0 ? { written: true as const } : await dcs.removeSwitches([...ids]);
  if (!answer.written && shared.length > 0) return conflicting('still-paused', `nothing was resumed: ${answer.why}`);
  session.localSwitches = session.localSwitches.filter(({ killSwitch }) => !isMeant(killSwitch));
  session.seenSwitches = session.seenSwitches?.filter((row) => !isMeant(row)) ?? null;
  startGrace(session, `${by} resumed ${subject}`);
  await session.books.note({ kind: 'switch-lifted', switch: lifted, by });
  await session.books.commit(session.view);
  return { ok: true, text: `Ekimi is no longer paused ${pausedFor(subject)}` };
}

async function closeBreaker(session: Session, by: string): Promise<Change> {
  if (session.ledger.breaker === null) return refused(404, 'the breaker is closed');
  await session.books.note({ kind: 'breaker-closed', by, atMs: session.parts.ports.clock.now() });
  await session.books.commit(session.view);
  return { ok: true, text: 'the breaker is closed' };
}

/** What another version began and nobody here can judge: over, on a person's word. */
async function setForeignWorkAside(session: Session, by: string): Promise<Change> {
  const rows = foreignInFlight(session.ledger);
  if (rows.length === 0) return refused(404, 'nothing of another version is in flight');
  const reason = rows.map((row) => `${row.action} ${row.target}`).join(', ');
  await session.books.note({ kind: 'foreign-set-aside', by, atMs: session.parts.ports.clock.now() });
  startGrace(session, `${by} set aside what another version began`);
  await session.books.commit(session.view);
  return { ok: true, text: `set aside: ${reason}` };
}

/** A valid new policy, taken between passes. Rights that grew, against what is then in force, wait for a grace. */
export function applyPolicy(session: Session, next: PolicyInForce): Promise<Change> {
  return betweenPasses(session, async () => {
    const wasEnforcing = isEnforcing(session);
    const { policy, hash } = next;
    // Another one may have come into force since this one was read.
    const widened = widens(session.policy, policy);
    const detail = describeChanges(session.policy, policy).join('; ') || 'nothing changed';
    session.inForce = next;
    session.policyError = null;
    if (wasEnforcing !== isEnforcing(session)) await changeBooks(session, wasEnforcing);
    if (widened.length > 0) startGrace(session, `the new policy widened: ${widened.join(', ')}`);
    await write(session, { kind: 'policy', change: 'reloaded', hash, detail, policy });
    return { ok: true, text: detail };
  });
}

/** Enforce and dry-run count in different ledgers; whichever comes into force is read first. */
async function changeBooks(session: Session, wasEnforcing: boolean): Promise<void> {
  session.shared.close();
  session.shadow.close();
  // Whoever told and followed by the other book begins anew in this one.
  session.ownIncidents = [];
  session.pageMemory = { ...session.pageMemory, wasHolder: false };
  // In enforce it is tenure that loads them.
  if (!wasEnforcing) return;
  await session.parts.tenure.release();
  await session.books.load(session.sending);
}

/** A policy that cannot be read changes nothing; it is told until a good one comes. */
export function refusePolicy(session: Session, why: string): Promise<Change> {
  return betweenPasses(session, async () => {
    session.policyError = why;
    session.parts.log.error({ code: 'POLICY_REFUSED', why }, 'the new policy was refused; the old one stays in force');
    await write(session, { kind: 'policy', change: 'refused', hash: session.inForce.hash, detail: why, policy: null });
    return { ok: true, text: why };
  });
}
