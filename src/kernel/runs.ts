import type { Conflict } from '../model/conflict.js';
import { ENDING } from './stop.js';
import { newRun, wouldStand } from '../decide/new-run.js';
import { leftOf } from '../decide/run-left.js';
import { isAgreed, leavesOf, OTHER_VERSION, stageInFlight } from '../decide/runs.js';
import {
  isOffer,
  isOver,
  markOf,
  type ProcedureRun,
  type RunAnswer,
  type RunChange,
  type RunRequest,
} from '../model/procedure-run.js';
import type { Change } from '../model/snapshot.js';
import type { Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import { STAGED } from '../procedures/index.js';
import { betweenPasses, conflicting, notOurs, READ_ANEW } from './between.js';
import { accept, makeRoom } from './proposals.js';
import { keepHere, noteEnd, noteRun, told } from './run-notes.js';
import { isEnforcing, type Session } from './session.js';
import { withoutOpen } from './settle-recovery.js';
import { situationOf } from './situation.js';
import { isOursToRecover, isRecovery, isUnshared } from './without-etcd.js';

/** Begins a procedure of several stages, or shows it: answered between two passes, by what the last one saw. */
export function startRun(session: Session, ask: RunRequest, by: string): Promise<RunAnswer> {
  return betweenPasses<RunAnswer>(
    session,
    () => started(session, ask, by),
    (text) => refused('failed-at-it', text),
  );
}

const refused = (conflict: Conflict, text: string): RunAnswer => ({ kind: 'refused', status: 409, text, conflict });

async function started(session: Session, ask: RunRequest, by: string): Promise<RunAnswer> {
  const { view } = session;
  if (session.isStopping) return refused('stopping', ENDING);
  if (view === null) return refused('nothing-seen', NOTHING_SEEN);
  const isAlone = isRecovery(session, ask.name);
  const situation = situationOf(session, await withSettings(session, view, ask));
  const ledger = isAlone ? { ...withoutOpen(situation.ledger), procedures: recoveredIn(session) } : situation.ledger;
  const made = newRun({ ...situation, ledger }, ask, by, session.parts.newId());
  if (made.kind === 'refused') return made;
  if (ask.dryRun || !isEnforcing(session)) return { kind: 'planned', stages: made.stages };
  if (made.against !== null) return refused('half-way', wouldStand(made.against));
  const isKeptHere = isAlone || isUnshared(session, ask.name);
  const lostBefore = isKeptHere ? null : lostMeanwhile(session);
  if (lostBefore !== null) return refused(lostBefore.conflict ?? 'read-anew', lostBefore.text);
  const elsewhere = isKeptHere ? await keepHere(session, made.run) : null;
  if (elsewhere !== null) return refused('not-kept-here', elsewhere);
  if (!isAlone) await makeRoom(session, by);
  const text = `${ask.reason}: ${made.run.agreed.join(', ')}`;
  if (!(await noteRun(session, made.run, told('started', by, text)))) {
    if (isKeptHere) await session.recovery.drop();
    return refused('journal-full', 'the journal cannot be written: nothing was begun');
  }
  if (isAlone) return { kind: 'started', id: made.run.id, stages: made.stages };
  const kept = await session.books.commit(view);
  const lost = kept ? null : lostMeanwhile(session);
  return lost === null
    ? { kind: 'started', id: made.run.id, stages: made.stages }
    : refused(lost.conflict ?? 'read-anew', lost.text);
}

/** What the goal is bound by, and no pass reads while nothing is under way. */
async function withSettings(session: Session, view: ClusterView, ask: RunRequest): Promise<ClusterView> {
  const { postgres } = session.parts.ports;
  const wanted = STAGED[ask.name].settings?.(ask) ?? [];
  if (postgres?.settings === undefined || wanted.length === 0) return view;
  const read = postgres.settings.bind(postgres);
  const members = view.members.map(async (member) => ({ ...member, settings: await read(member.name, wanted) }));
  return { ...view, members: await Promise.all(members) };
}

const recoveredIn = ({ recovery }: Session): readonly ProcedureRun[] => (recovery.run === null ? [] : [recovery.run]);

const NOTHING_SEEN = 'nothing has been seen of the cluster yet: ask again';

/** A word on a ledger that is not ours, or that has to be read anew, would be lost with it. */
const lostMeanwhile = (session: Session): Extract<Change, { ok: false }> | null =>
  notOurs(session) ?? (isEnforcing(session) && !session.books.isLoaded ? READ_ANEW : null);

/** A person's word on a run. */
interface Word {
  readonly by: string;
  readonly reason: string;
  /** `markOf` the list that they saw; null: they do not say, and agree to nothing new. */
  readonly seen: string | null;
}

/** A person pauses, continues or ends a run: at the boundary of a stage, since what was sent cannot be taken back. */
export function changeRun(
  session: Session,
  id: string,
  change: RunChange,
  by: string,
  reason: string,
  seen: string | null = null,
): Promise<Change> {
  return betweenPasses<Change>(
    session,
    async () => {
      if (session.isStopping) return conflicting('stopping', ENDING);
      const run = session.ledger.procedures?.find((row) => row.id === id);
      const isAlone = run !== undefined && isOursToRecover(session, run);
      const elsewhere = isAlone ? null : lostMeanwhile(session);
      if (elsewhere !== null) return elsewhere;
      if (run === undefined) return { ok: false, status: 404, text: `no procedure ${id}` };
      if (isOver(run)) return conflicting('run-over', `${run.name} ${id} is ${run.phase}: ${run.detail}`);
      const { view } = session;
      if (view === null) return conflicting('nothing-seen', NOTHING_SEEN);
      // What was begun without etcd lies in a file of this machine: no successor could go on with it.
      const isHere = session.recovery.run?.id === id;
      const answer = await CHANGES[change](session, situationOf(session, view), run, { by, reason, seen });
      const kept = !answer.ok || (await session.books.commit(view));
      const lost = kept || isAlone ? null : lostMeanwhile(session);
      if (lost !== null) return lost;
      return kept || isHere
        ? answer
        : { ok: true, text: `${answer.text} (not yet in etcd: a successor would not know)` };
    },
    (text) => conflicting('failed-at-it', text),
  );
}

/** The stage that is on its way ends first. */
function endsFirst(situation: Situation, run: ProcedureRun): string {
  const flying = stageInFlight(situation, run);
  return flying === null ? '' : `; ${flying.plan.action} ${flying.plan.target} is in flight and ends first`;
}

type Changing = (session: Session, situation: Situation, run: ProcedureRun, word: Word) => Promise<Change>;

const CHANGES: Readonly<Record<RunChange, Changing>> = {
  pause: async (session, situation, run, { by, reason }) => {
    if (run.phase !== 'running') return conflicting('run-phase', `${run.name} ${run.id} is ${run.phase}`);
    await noteRun(session, { ...run, phase: 'paused', detail: `${by}: ${reason}` }, told('paused', by, reason));
    return { ok: true, text: `paused${endsFirst(situation, run)}` };
  },
  abort: async (session, situation, run, { by, reason }) => {
    if (stageInFlight(situation, run) === null) {
      await noteEnd(session, situation, run, by);
      return { ok: true, text: `ended: ${leavesOf(situation, run)}` };
    }
    await noteRun(session, { ...run, phase: 'aborting', detail: `${by}: ${reason}` }, told('aborting', by, reason));
    return { ok: true, text: `ends${endsFirst(situation, run)}` };
  },
  continue: async (session, situation, run, word) => {
    if (isOffer(run)) return accept(session, situation, run, word);
    if (run.phase !== 'held' && run.phase !== 'paused')
      return conflicting('run-phase', `${run.name} ${run.id} is ${run.phase}`);
    const shown = leftOf(situation, run);
    // Whoever continues it has seen what is left now, and agrees to that.
    const confirmed = [...(run.confirmed ?? []), ...(run.asking == null ? [] : [run.asking])];
    const stages = leftOf(situation, { ...run, confirmed });
    if (shown === null || stages === null) return conflicting('run-of-other-version', OTHER_VERSION);
    const left = stages.map(({ key }) => key);
    const other = otherList(
      run,
      shown.map(({ key }) => key),
      word.seen ?? (isAgreed(left, run.agreed) ? null : ''),
    );
    if (other !== null) return conflicting('other-list', other);
    const agreed = [...run.agreed.filter((key) => !left.includes(key)), ...left];
    const text = left.join(', ') || 'nothing is left';
    const going = {
      ...run,
      phase: 'running' as const,
      agreed,
      confirmed,
      asking: null,
      waiting: null,
      stalledSinceMs: null,
    };
    const { by, reason } = word;
    await noteRun(
      session,
      { ...going, continuedAtMs: session.parts.ports.clock.now(), detail: `${by}: ${reason}` },
      told('continued', by, `${reason}: ${text}`),
    );
    return { ok: true, text: `continued: ${text}` };
  },
};

/** A word on a list that is another one by now is not obeyed: what is left is shown anew. */
function otherList({ id }: ProcedureRun, left: readonly string[], seen: string | null): string | null {
  const mark = markOf(left);
  return seen === null || seen === mark
    ? null
    : `what is left now: ${left.join(', ') || 'nothing'}; whoever agrees to that: ekimi procedures continue ${id} --seen ${mark} --reason TEXT`;
}
