import type { EntryBody } from '../model/entry.js';
import { FOREIGN_WORK, foreignInFlight } from '../model/foreign.js';
import type { Ledger, Remediation } from '../model/ledger.js';
import type { EventOf, LedgerEvent, LedgerEventKind } from './events.js';
import { runOf } from './fold.js';

const verdict = (run: Remediation): EntryBody => ({ kind: 'verdict', id: run.id, remediation: run });

const outcome = (id: string, step: number, reply: EventOf<'answered'>['reply']): EntryBody => ({
  kind: 'outcome',
  id,
  step,
  reply,
  shadow: false,
});

/** What was no switch of a person, and is lifted by one as if it were. */
const lifted = (subject: string, by: string, reason: string, sinceMs: number): EntryBody => ({
  kind: 'switch',
  change: 'off',
  switch: { subject, owner: by, reason, sinceMs, expiresAtMs: null },
  by,
});

/** Approvals that ended without a person's word between the two. */
function expired(before: Ledger, after: Ledger): readonly EntryBody[] {
  return after.approvals.flatMap(({ id, state, plan, ended = null, loss = null }) => {
    const was = before.approvals.find((row) => row.id === id);
    if (state !== 'expired' || was === undefined || was.state === 'expired') return [];
    return [{ kind: 'approval', id, state, by: null, reason: ended, plan, loss }];
  });
}

/** The last row of a run that this event changed. */
function verdictIfEnded(id: string, before: Ledger, after: Ledger): readonly EntryBody[] {
  const run = runOf(after, id);
  return run !== null && run.endedAtMs !== null && run !== runOf(before, id) ? [verdict(run)] : [];
}

function asked({ request }: EventOf<'approval-asked'>, before: Ledger, after: Ledger): readonly EntryBody[] {
  const row = after.approvals.find(({ id }) => id === request.id);
  if (row === undefined) return [];
  const { id, plan, loss = null } = row;
  return [...expired(before, after), { kind: 'approval', id, state: 'waiting', by: null, reason: row.why, plan, loss }];
}

type Word = Pick<EventOf<'approval-decided'>, 'id' | 'by' | 'reason'> & { readonly state: string };

function decided({ id, state, by, reason }: Word, before: Ledger): readonly EntryBody[] {
  const row = before.approvals.find((one) => one.id === id);
  return row === undefined ? [] : [{ kind: 'approval', id, state, by, reason, plan: row.plan, loss: row.loss ?? null }];
}

type Entries = {
  readonly [K in LedgerEventKind]: (event: EventOf<K>, before: Ledger, after: Ledger) => readonly EntryBody[];
};

const NONE = (): readonly EntryBody[] => [];

const ENTRIES: Entries = {
  loaded: NONE,
  'pass-seen': ({ isOurs }, before, after) => (isOurs ? expired(before, after) : []),
  'cluster-known': NONE,
  'approval-asked': asked,
  'approval-decided': decided,
  'approval-first': (event, before) => decided({ ...event, state: 'approved by one of two persons' }, before),
  rehearsed: ({ run, requests }) => [
    ...requests.map((request, step): EntryBody => ({
      kind: 'intent',
      id: run.id,
      plan: run.plan,
      step,
      request,
      shadow: true,
      epoch: '',
    })),
    verdict(run),
  ],
  sending: ({ run: { id, plan, stepIndex: step, epoch }, request, look }) => [
    { kind: 'intent', id, plan, step, request, shadow: false, epoch, look },
  ],
  'procedure-run': ({ change, by, text, run }) => [{ kind: 'procedure-run', change, by, text, run }],
  unsent: ({ run, reply }) => [outcome(run.id, run.stepIndex, reply)],
  answered: ({ id, step, reply }, before, after) => [outcome(id, step, reply), ...verdictIfEnded(id, before, after)],
  'step-due': NONE,
  ended: ({ run }) => [verdict(run)],
  'drain-undone': ({ member }, before, after) => {
    const drain = before.drains.find((row) => row.member === member);
    return drain === undefined ? [] : verdictIfEnded(drain.remediationId, before, after);
  },
  paged: ({ told }) => told,
  'incidents-followed': ({ news }) =>
    news.map(({ change, incident }) => ({ kind: 'incident', change, of: incident, incident: incident.id })),
  'switch-lifted': ({ switch: one, by }) => [{ kind: 'switch', change: 'off', switch: one, by }],
  'breaker-closed': ({ by }, { breaker }) =>
    breaker === null ? [] : [lifted('breaker', by, breaker.reason, breaker.openSinceMs)],
  'report-told': NONE,
  // Each pass keeps the ledger that it was decided with.
  'check-begun': NONE,
  'check-ended': NONE,
  'check-scheduled': NONE,
  'check-round': NONE,
  'foreign-set-aside': ({ by, atMs }, before) => {
    const reason = foreignInFlight(before).map((row) => `${row.action} ${row.target}`);
    return [lifted(FOREIGN_WORK, by, reason.join(', '), atMs)];
  },
};

/** What the journal keeps of an event, before it is folded in. */
export const entriesOf = (event: LedgerEvent, before: Ledger, after: Ledger): readonly EntryBody[] =>
  (ENTRIES[event.kind] as (event: LedgerEvent, before: Ledger, after: Ledger) => readonly EntryBody[])(
    event,
    before,
    after,
  );
