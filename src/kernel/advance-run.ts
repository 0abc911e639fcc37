import { nextOfRun, nowOf, stageInFlight, type RunNext } from '../decide/runs.js';
import { EKIMI } from '../model/names.js';
import { isOffer, openRun, type ProcedureRun } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import { askForSecond } from './approvals.js';
import { propose, proposes, withdraw } from './proposals.js';
import { ended, isKept, noteEnd, noteRun, told } from './run-notes.js';
import { begin } from './send.js';
import type { Session } from './session.js';
import { settleRecovery } from './settle-recovery.js';
import { situationOf } from './situation.js';
import { askVeto, vetoOn } from './veto.js';
import { isOurs, isOursToRecover } from './without-etcd.js';

/** After a pass has done what it had to: the next stage of the procedure that is under way, through the same door as everything else. */
export async function advanceRun(session: Session, view: ClusterView, isTaken: boolean): Promise<void> {
  if (session.isStopping) return;
  await settleRecovery(session, view);
  const run = openRun(session.ledger.procedures);
  const isOurOwn = isOurs(session);
  if (run === null ? !(isOurOwn && proposes(session)) : !(isOurOwn || isOursToRecover(session, run))) return;
  const situation = situationOf(session, view);
  if (run === null) {
    await propose(session, situation);
    return;
  }
  if (isOffer(run)) {
    const isGone = await withdraw(session, situation, run);
    if (!isGone && isOurOwn) await propose(session, situation, run);
    return;
  }
  if (run.phase === 'aborting' && stageInFlight(situation, run) === null) {
    await noteEnd(session, situation, run, EKIMI);
    return;
  }
  if (run.phase === 'running') await take(session, situation, run, nextOfRun(situation, run), isTaken);
}

async function take(
  session: Session,
  situation: Situation,
  run: ProcedureRun,
  next: RunNext,
  isTaken: boolean,
): Promise<void> {
  if (next.kind === 'over')
    await noteRun(session, ended(session, run, 'succeeded', next.why), told('succeeded', EKIMI, next.why));
  if (next.kind === 'held')
    await noteRun(session, { ...run, phase: 'held', detail: next.why }, told('held', EKIMI, next.why));
  if (next.kind === 'asks')
    await noteRun(
      session,
      { ...run, phase: 'held', detail: next.why, asking: next.key },
      told('held', EKIMI, next.why),
    );
  await followed(session, run, next);
  if (next.kind === 'stage') {
    await askForSecond(session, next.decision);
    await askVeto(session, [next.decision]);
    const no = vetoOn(session, next.decision);
    if (no !== null) await noteRun(session, { ...run, phase: 'held', detail: no }, told('held', EKIMI, no));
  }
  if (next.kind !== 'stage' || next.decision.kind !== 'act' || isTaken) return;
  const { stage, asked, decision } = next;
  if (!(await isKept(session, { ...run, detail: stage.text }))) return;
  const begun = await begin(session, situation, decision.plan, asked);
  // What was not sent is decided anew in the next pass; what was sent stands in the ledger with its stage, whether or not this line gets there.
  if ('id' in begun)
    await noteRun(
      session,
      { ...run, detail: stage.text, stalledSinceMs: null },
      told('stage', run.by, `${stage.text} (${begun.id})`),
    );
}

/** What the next pass, or another holder, must know of where it stands: at which wait, since when that fails, since when nothing goes on. */
async function followed(session: Session, run: ProcedureRun, next: RunNext): Promise<void> {
  if (next.kind === 'watches' && !isSameWait(run, next.waiting))
    await noteRun(
      session,
      { ...run, detail: next.why, waiting: next.waiting, stalledSinceMs: null },
      told('stage', run.by, next.why),
    );
  if (next.kind !== 'waits' && next.kind !== 'stage') return;
  const { sinceMs } = next;
  // Where nothing was waited for, it is since its last stage ended: that is known without a word.
  if (sinceMs === undefined || run.waiting == null || run.stalledSinceMs === sinceMs) return;
  const why = nowOf(next);
  await noteRun(session, { ...run, detail: why, stalledSinceMs: sinceMs }, told('stage', run.by, why));
}

const isSameWait = ({ waiting, stalledSinceMs }: ProcedureRun, now: NonNullable<ProcedureRun['waiting']>): boolean =>
  waiting?.key === now.key && waiting.failingSinceMs === now.failingSinceMs && stalledSinceMs == null;
