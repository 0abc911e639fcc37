import { refusesWrites } from '../assess/dcs.js';
import { isMajorityStopped } from '../assess/stores.js';
import type { ProcedureRun } from '../model/procedure-run.js';
import { STAGED_ROWS, type StagedName } from '../model/staged.js';
import { isEnforcing, type Session } from './session.js';

/** Only who holds tenure goes on with it: the run lies in the ledger of all instances. */
export const isOurs = (session: Session): boolean =>
  isEnforcing(session) && session.books.isLoaded && session.parts.tenure.facts().state === 'held';

/** Host drivers prove that etcd has no majority: nobody can hold tenure, and what a person began here goes on here. */
const isWithoutEtcd = (session: Session): boolean =>
  isEnforcing(session) && session.view !== null && isMajorityStopped(session.view, session.states.memory);

/** etcd answers and takes no ledger: who holds tenure keeps it, and nobody can take it. */
const isFull = (session: Session): boolean =>
  isEnforcing(session) && session.view !== null && refusesWrites(session.view) !== null;

/** May it be begun at this instance although nobody can hold tenure? */
export const isRecovery = (session: Session, name: StagedName): boolean =>
  STAGED_ROWS[name].authority === 'operator' &&
  (isWithoutEtcd(session) || (isFull(session) && session.parts.tenure.facts().state === 'unknown'));

/** Begun under our tenure, and in no ledger that a successor of ours could read: it is kept on this machine as well. */
export const isUnshared = (session: Session, name: StagedName): boolean =>
  STAGED_ROWS[name].authority === 'operator' && isFull(session) && isOurs(session);

/**
 * It was begun here under that proof, and etcd has not answered since, or takes no writes. An etcd member that runs and does not serve takes the proof away, and gives
 * nobody tenure: the run is still watched, timed out and ended here.
 */
export const isOursToRecover = (session: Session, { id }: ProcedureRun): boolean =>
  session.recovery.run?.id === id &&
  isEnforcing(session) &&
  ((session.view?.dcs.keys.kind === 'unknown' && session.parts.tenure.facts().state !== 'held') ||
    (isFull(session) && session.parts.tenure.facts().state === 'unknown'));
