import { memoryLedgerStore } from '../../src/kernel/ledger-store.js';
import type { RecoveryParts } from '../../src/kernel/recovery.js';
import { changeRun, startRun } from '../../src/kernel/runs.js';
import type { ProcedureRun, RunAnswer, RunChange, RunRequest } from '../../src/model/procedure-run.js';
import type { Change } from '../../src/model/snapshot.js';
import type { Rig } from './simulated.js';

export const stagedRequest = (asked: Partial<RunRequest> & Pick<RunRequest, 'name'>): RunRequest => ({
  member: null,
  candidate: null,
  parameters: {},
  back: false,
  reason: 'new memory',
  dryRun: false,
  ...asked,
});

/** A person starts a procedure of several stages, and the next pass answers. */
export async function startStaged(
  ekimi: Rig,
  asked: Partial<RunRequest> & Pick<RunRequest, 'name'>,
): Promise<RunAnswer> {
  const answer = startRun(ekimi.session, stagedRequest(asked), 'dba');
  await ekimi.pass();
  return answer;
}

/** A person's word on the newest run; `seen`: the mark of the list that they agree to. */
export async function changeStaged(ekimi: Rig, what: RunChange, seen: string | null = null): Promise<Change> {
  const answer = changeRun(ekimi.session, newestRun(ekimi)?.id ?? '', what, 'dba', 'looked', seen);
  await ekimi.pass();
  return answer;
}

export const newestRun = (ekimi: Rig): ProcedureRun | undefined => ekimi.session.ledger.procedures?.at(-1);

export const stagesOf = (answer: RunAnswer): readonly string[] =>
  answer.kind === 'refused' ? [`refused: ${answer.text}`] : answer.stages.map(({ key }) => key);

/** Where a run is kept while etcd is lost: a file and a lock of this machine that nobody else has. */
export const recoveryParts = (): RecoveryParts => ({
  store: memoryLedgerStore(),
  lock: () => Promise.resolve(true),
});
