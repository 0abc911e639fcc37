import type { Locator } from '../config/config-error.js';
import { nowhere } from '../config/rule.js';
import { NO_PAGES } from '../decide/page-book.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import { initialStates } from '../machines/reduce.js';
import type { Policy } from '../model/policy.js';
import type { Memory } from '../model/states.js';
import { patientAsker, unhurried } from '../observe/patience.js';
import { openBooks, type Books } from './books.js';
import { guardedPorts } from './guarded.js';
import { openInbox } from './inbox.js';
import type { LedgerStore } from './ledger-store.js';
import { write } from './record.js';
import { openRecovery } from './recovery.js';
import { isEnforcing, type Session, type SessionParts } from './session.js';
import { newSight } from './sight.js';

/** `memory` is what earlier runs left behind; without it a new session knows nothing. `locator` finds the keys of the policy's file. */
export function openSession(
  given: SessionParts,
  policy: Policy,
  hash: string,
  memory: Memory = FRESH_MEMORY,
  locator: Locator = nowhere('policy'),
): Session {
  const parts = { ...given, ports: guardedPorts(given.ports) };
  const { clock } = parts.ports;
  const startedAtMs = clock.now();
  const booksIn = (store: LedgerStore): Books =>
    openBooks({
      store,
      write: async (body) => (await write(session, body)) !== null,
      grant: () => parts.tenure.grant(),
      doubt: () => {
        parts.tenure.doubt();
      },
      onNews: async (news) => {
        parts.log.warn({ code: 'LEDGER_PATH', news }, 'the ledger of an older version');
        await write(session, { kind: 'tenure', change: 'held', detail: `ledger ${news}` });
      },
    });
  const asker = patientAsker(clock, () => {
    session.wake();
  });
  const session: Session = {
    parts,
    startedAtMs,
    inbox: openInbox(),
    shared: booksIn(parts.ledgerStore),
    shadow: booksIn(parts.shadowStore),
    get books() {
      return isEnforcing(session) ? session.shared : session.shadow;
    },
    recovery: openRecovery(parts.recovery),
    asker: parts.leastPatienceMs === undefined ? asker : unhurried(asker, parts.leastPatienceMs),
    sight: newSight(),
    sending: new Map(),
    listeners: new Set(),

    inForce: { policy, hash, locator },
    policyError: null,
    configError: null,
    seen: {
      view: null,
      states: initialStates(startedAtMs, memory),
      windows: { freeze: null, maintenance: null },
    },
    decisions: [],
    tick: 0,
    sentInTick: null,
    lastPass: null,
    dcsRevision: null,
    pageMemory: NO_PAGES,
    ownIncidents: [],
    impaired: { journal: null, policy: null, pass: null },
    failedPasses: 0,
    toldFaults: [],
    localSwitches: [],
    seenSwitches: null,
    vetoes: [],
    isStopping: false,
    successor: null,
    checkedMinute: null,
    checkAgain: null,
    checkNos: 0,
    recorded: null,
    passMs: { last: 0, mean: 0 },
    wake: () => undefined,

    get policy() {
      return session.inForce.policy;
    },
    get ledger() {
      return session.books.ledger;
    },
    get view() {
      return session.seen.view;
    },
    get states() {
      return session.seen.states;
    },
  };
  return session;
}
