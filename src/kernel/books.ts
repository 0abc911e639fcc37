import { refusesWrites } from '../assess/dcs.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { EMPTY_LEDGER, type Ledger, type Remediation } from '../model/ledger.js';
import { toJson } from '../model/json.js';
import { stepRemediation } from '../machines/step.js';
import { write } from './record.js';
import { isEnforcing, type Session } from './session.js';

const storeOf = (session: Session) => (isEnforcing(session) ? session.parts.ledgerStore : session.parts.shadowStore);

/** Loads the ledger in force. What was being sent when its sender ended may have happened: it becomes `unknown` and is watched, not repeated. */
export async function loadLedger(session: Session): Promise<void> {
  const loaded = await storeOf(session).load();
  if (!loaded.ok) {
    session.impaired.ledger = loaded.why;
    session.ledgerLoaded = false;
    return;
  }
  session.impaired.ledger = null;
  await tellNews(session, loaded.news);
  session.ledger = afterCrash(withoutUnsent(loaded.ledger, session.unsent), session.sending);
  session.unsent = new Map();
  session.committedJson = toJson(session.ledger);
  session.ledgerLoaded = true;
}

/**
 * What stands there as being sent and never left, by our own knowledge: a first step is no try, with the drain or fence that it would have
 * made, and a later one waits as before. What another instance has judged meanwhile is its own.
 */
function withoutUnsent(ledger: Ledger, unsent: Session['unsent']): Ledger {
  const isOurs = (row: Remediation): boolean => row.phase === 'sending' && unsent.has(row.id);
  const ours = ledger.remediations.filter(isOurs);
  if (ours.length === 0) return ledger;
  const neverBegun = ours.filter(({ stepIndex }) => stepIndex === 0);
  return {
    ...ledger,
    remediations: ledger.remediations.flatMap((row) => {
      if (neverBegun.includes(row)) return [];
      return isOurs(row) ? [unsent.get(row.id)?.row ?? row] : [row];
    }),
    drains: asBefore(ledger.drains, neverBegun, (id) => unsent.get(id)?.before.drains),
    fences: asBefore(ledger.fences, neverBegun, (id) => unsent.get(id)?.before.fences),
  };
}

/** The record that an unsent step would have made gives way to the one that it would have replaced. */
const asBefore = <R extends { readonly member: string; readonly remediationId: string }>(
  records: readonly R[],
  neverBegun: readonly Remediation[],
  before: (id: string) => readonly R[] | undefined,
): readonly R[] =>
  records.flatMap((record) => {
    if (!neverBegun.some(({ id }) => id === record.remediationId)) return [record];
    return before(record.remediationId)?.filter(({ member }) => member === record.member) ?? [];
  });

function afterCrash(ledger: Ledger, sending: ReadonlyMap<string, unknown>): Ledger {
  return {
    ...ledger,
    remediations: ledger.remediations.map((row) =>
      row.phase === 'sending' && !sending.has(row.id)
        ? {
            ...row,
            phase: stepRemediation(row.phase, { type: 'LOST' }),
            detail: 'we ended before the answer: it may have happened',
          }
        : row,
    ),
  };
}

/** Writes the ledger if it changed. Returns whether what is in memory is also what a successor would find. */
export async function commitLedger(session: Session): Promise<boolean> {
  // What could not be read must not be overwritten: it holds the fences, drains and runs of whoever acted before us.
  if (!session.ledgerLoaded) return false;
  const json = toJson(session.ledger);
  if (json === session.committedJson) return true;
  const answer = await storeOf(session).commit(session.ledger, session.parts.tenure.grant());
  if (answer === 'committed') {
    session.committedJson = json;
    session.impaired.ledger = null;
    session.unsent = new Map();
    return true;
  }
  if (answer === 'unknown') {
    const full = session.view === null ? null : refusesWrites(session.view);
    session.impaired.ledger = `the ledger could not be written${full === null ? '' : `: ${full}`}`;
    // It may be there or not: whatever we hold is written again, and only a write that succeeds lifts the impairment.
    session.committedJson = '';
  }
  if (answer === 'not-ours') session.parts.tenure.doubt();
  if (answer === 'unread') {
    session.impaired.ledger = 'the ledger in etcd was written by somebody else since we read it: it is read again';
    session.ledgerLoaded = false;
  }
  return false;
}

/** A ledger at the path of older versions was taken over, or left alone: said once, in log and journal. */
async function tellNews(session: Session, news: string | undefined): Promise<void> {
  if (news === undefined || session.toldNews === news) return;
  session.toldNews = news;
  session.parts.log.warn({ code: 'LEDGER_PATH', news }, 'the ledger of an older version');
  await write(session, { kind: 'tenure', change: 'held', detail: `ledger ${news}` });
}

/** A ledger is of one cluster: that of another is neither read nor written over, and one that does not say so is ours from now on. */
export function holdLedgerAgainstCluster(session: Session, view: ClusterView): void {
  const ours = freshValue(view.dcs.keys)?.systemIdentifier ?? '';
  if (!session.ledgerLoaded || ours === '') return;
  const theirs = session.ledger.systemIdentifier;
  if (theirs === undefined) session.ledger = { ...session.ledger, systemIdentifier: ours };
  else if (theirs !== ours) {
    session.impaired.ledger = `the ledger is of another cluster (system identifier ${theirs}, ours is ${ours}): nothing is sent; if this cluster was bootstrapped anew, delete that key in etcd`;
    session.ledger = EMPTY_LEDGER;
    session.ledgerLoaded = false;
  }
}
