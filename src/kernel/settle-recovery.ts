import { EKIMI } from '../model/names.js';
import { withCustody } from '../ledger/evacuations.js';
import type { Ledger } from '../model/ledger.js';
import { isOffer, isOver, openRun, type ProcedureRun } from '../model/procedure-run.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { ended, noteEnd, noteRun, told } from './run-notes.js';
import { isEnforcing, type Session } from './session.js';
import { situationOf } from './situation.js';
import { isOurs, isOursToRecover } from './without-etcd.js';

/** The lease of a holder that is dead begins anew with etcd, and runs out: whoever holds tenure for longer than that, in a row, is at work. */
const HOLDER_LIVES_MS = 60_000;

/**
 * What was begun here while etcd was lost: it comes into the ledger under the tenure that this instance takes when etcd is back. Where another
 * one takes it, it ends here, for that one acts from then on.
 */
export async function settleRecovery(session: Session, view: ClusterView): Promise<void> {
  const { recovery, parts } = session;
  if (!isEnforcing(session)) return;
  await recovery.open(parts.ports.clock.now());
  const { run } = recovery;
  if (run === null) return;
  const { state, owner } = parts.tenure.facts();
  const rows = session.ledger.procedures ?? [];
  const known = rows.find(({ id }) => id === run.id);
  if (known !== undefined && isOver(known)) return recovery.drop();
  const isOthers = state === 'other' && freshValue(view.dcs.keys) !== null;
  const heldForMs = recovery.heldElsewhereMs(isOthers, parts.ports.clock.monotonic());
  if (isOthers) {
    if (heldForMs < HOLDER_LIVES_MS) return;
    const text = `${owner ?? 'another instance'} took tenure when etcd was back: what is left is begun there`;
    await noteRun(session, ended(session, run, 'aborted', text), told('aborted', EKIMI, text));
    return;
  }
  if (!(isOurs(session) || isOursToRecover(session, run))) return;
  if (await makesWay(session, view, run)) return;
  if (known === undefined) await noteRun(session, run, told('stage', EKIMI, `taken into the ledger: ${run.detail}`));
}

/** Of two that are open the older one ends. True: that is what lay on this machine, forgotten while somebody began another one. */
async function makesWay(session: Session, view: ClusterView, run: ProcedureRun): Promise<boolean> {
  const others = (session.ledger.procedures ?? []).filter((row) => row.id !== run.id && !isOver(row));
  const keptAtMs = run.keptAtMs ?? run.startedAtMs;
  const isForgotten = isOurs(session) && keptAtMs < session.startedAtMs;
  const newer = others.find((row) => isForgotten && row.startedAtMs > keptAtMs && !isOffer(row));
  if (newer !== undefined) {
    const text = `${newer.name} (${newer.id}) was begun since: what lay on this machine is of before`;
    await noteRun(session, ended(session, run, 'aborted', text), told('aborted', EKIMI, text));
    return true;
  }
  for (const before of others) await noteEnd(session, situationOf(session, view), displaced(before), run.by);
  return false;
}

/** Who had aborted it already has said their word on its member. */
const displaced = (run: ProcedureRun): ProcedureRun => (run.phase === 'aborting' ? run : { ...run, displaced: true });

/** What stood in the ledger when etcd was lost is ended when the recovery comes into it: whose each member is then, it is begun with. */
export function withoutOpen(ledger: Ledger): Ledger {
  const open = openRun(ledger.procedures);
  return open === null ? ledger : withCustody(ledger, { ...displaced(open), phase: 'aborted' });
}
