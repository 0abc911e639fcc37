import { leavesOf } from '../decide/runs.js';
import { isOver, type ProcedureRun, type RunPhase, type RunStep } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import type { Session } from './session.js';

/** What the journal says of it, beside the run as it is then. */
export interface Told {
  readonly change: RunStep;
  readonly by: string;
  readonly text: string;
}

export const told = (change: RunStep, by: string, text: string): Told => ({ change, by, text });

/** What was begun while etcd was lost is on the disk before anything else is done about it. */
export async function isKept({ recovery, parts }: Session, run: ProcedureRun): Promise<boolean> {
  if (recovery.run?.id !== run.id) return true;
  if (!isOver(run)) return recovery.keep({ ...run, keptAtMs: parts.ports.clock.now() });
  await recovery.drop();
  return true;
}

export const noteRun = async (session: Session, run: ProcedureRun, what: Told): Promise<boolean> =>
  (await isKept(session, run)) && session.books.note({ kind: 'procedure-run', run, ...what });

/** Begun where no ledger in etcd can have it: on this machine first. Why it cannot be begun here; null: it is kept. */
export async function keepHere({ recovery }: Session, run: ProcedureRun): Promise<string | null> {
  const elsewhere = await recovery.claim();
  if (elsewhere !== null) return elsewhere;
  const isWritten = await recovery.keep({ ...run, keptAtMs: run.startedAtMs });
  return isWritten ? null : 'the file that it would be kept in cannot be written: nothing was begun';
}

export const ended = (session: Session, run: ProcedureRun, phase: RunPhase, detail: string): ProcedureRun => ({
  ...run,
  phase,
  detail,
  endedAtMs: session.parts.ports.clock.now(),
});

export async function noteEnd(session: Session, situation: Situation, run: ProcedureRun, by: string): Promise<void> {
  const text = leavesOf(situation, run);
  await noteRun(session, ended(session, run, 'aborted', text), told('aborted', by, text));
}
