import type { Locator } from '../config/config-error.js';
import { nowhere } from '../config/rule.js';
import { NO_PAGES, type PageMemory } from '../decide/page-book.js';
import type { AskedProcedure } from '../decide/procedures.js';
import type { Decision } from '../model/decision.js';
import type { Incident } from '../model/incident.js';
import { EMPTY_LEDGER, type KillSwitch, type Ledger, type Remediation } from '../model/ledger.js';
import type { Policy, WindowFacts } from '../model/policy.js';
import type { CodedFields } from '../model/log-code.js';
import type { Memory, States } from '../model/states.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import type { ProcedureAnswer } from '../model/procedure.js';
import type { ControllerEvent } from '../model/snapshot.js';
import type { ClusterView } from '../model/view.js';
import { patientAsker, type Asker } from '../observe/patience.js';
import type { ObserveTarget } from '../observe/pass.js';
import type { Ports } from '../observe/ports.js';
import { initialStates } from '../machines/reduce.js';
import type { JournalPort } from '../ports/journal.js';
import type { Notifier } from '../ports/notifier.js';
import { guardedPorts } from './guarded.js';
import { newSight, type Sight } from './sight.js';
import type { LedgerStore } from './ledger-store.js';
import type { TenureKeeper } from './tenure.js';

/** After so many passes in a row that threw, somebody else may do better. */
export const FAILED_PASSES = 3;

/** What one cluster's loop works with. Chosen in wire.ts; tests and the demo pass simulated parts. */
export interface SessionParts {
  readonly ports: Ports;
  readonly target: ObserveTarget;
  readonly journal: JournalPort;
  readonly notifier: Notifier;
  readonly tenure: TenureKeeper;
  /** The shared ledger, in etcd: what enforce counts by. */
  readonly ledgerStore: LedgerStore;
  /** The dry-run twin, on this machine. */
  readonly shadowStore: LedgerStore;
  readonly windowsAt: (policy: Policy, nowMs: number) => WindowFacts;
  /** Fresh identifiers, so that randomness is an argument. */
  readonly newId: () => string;
  readonly version: string;
  readonly instance: string;
  /** The ports are those of a simulated cluster, and every screen says so. */
  readonly demo?: true;
  readonly log: SessionLog;
}

/** The part of a logger that we use: fields first, constant message, and from a warning on a code to raise an alert on. */
export interface SessionLog {
  info(fields: object, message: string): void;
  warn(fields: CodedFields, message: string): void;
  error(fields: CodedFields, message: string): void;
}

/** A switch thrown at this very instance: in force here until etcd shows it to every instance, this one included. */
export interface LocalSwitch {
  readonly killSwitch: KillSwitch & { readonly id: string };
  written: boolean;
  triedAtMs: number;
}

/** A step that never left: its run as it was before, and the ledger in which that stood. */
export interface Unsent {
  readonly row: Remediation;
  readonly before: Ledger;
}

/** A person's request on its way to the next pass. */
export interface Asked {
  readonly procedure: AskedProcedure;
  readonly atMs: number;
  readonly answer: (answer: ProcedureAnswer) => void;
}

/** The mutable memory of one cluster's loop: everything else is computed from it anew in each pass. */
export interface Session {
  readonly parts: SessionParts;
  readonly startedAtMs: number;
  policy: Policy;
  policyHash: string;
  /** Where each key of the policy in force stands in its file. */
  policyLocator: Locator;
  policyError: string | null;
  tick: number;
  view: ClusterView | null;
  /** The highest revision of etcd that was read in this process. */
  dcsRevision: string | null;
  /** Asks for the looks, and awaits beside them what hangs. */
  readonly asker: Asker;
  lastPass: { readonly monotonicMs: number; readonly wallMs: number } | null;
  states: States;
  /** The ledger in force: shared in enforce, shadow below it. */
  ledger: Ledger;
  ledgerLoaded: boolean;
  /** What this instance itself told persons, whoever's ledger is loaded. */
  pageMemory: PageMemory;
  /** The open incidents that this instance opened, whoever's ledger is loaded. */
  ownIncidents: readonly Incident[];
  committedJson: string;
  decisions: readonly Decision[];
  windows: WindowFacts;
  impaired: { journal: string | null; ledger: string | null; policy: string | null; pass: string | null };
  /** What was last told of a ledger at the path of older versions. */
  toldNews: string | null;
  /** What we see, to give tenure up while it is nothing. */
  readonly sight: Sight;
  /** Passes in a row that threw. */
  failedPasses: number;
  /** Thrown at this instance: in force at once, in the middle of a pass too, and until etcd shows them. */
  localSwitches: LocalSwitch[];
  /** What etcd listed last; null before it answered for the first time. */
  seenSwitches: readonly KillSwitch[] | null;
  /** Changes asked from outside, applied between passes. */
  mailbox: (() => Promise<void>)[];
  /** What persons asked to be started: each is answered in the next pass or not at all, never kept for another one. */
  asked: Asked[];
  /** The signal to end has come: nothing new is sent. */
  isStopping: boolean;
  /** Requests on their way, by remediation. */
  readonly sending: Map<string, Promise<void>>;
  /** Steps whose intent may stand in the shared ledger as being sent although we know that they never left. */
  unsent: ReadonlyMap<string, Unsent>;
  recorded: { signature: string; atMs: number } | null;
  passMs: { last: number; mean: number };
  readonly listeners: Set<(event: ControllerEvent) => void>;
  /** Ends the present sleep. */
  wake: () => void;
}

/** `memory` is what earlier runs left behind; without it a new session knows nothing. `locator` finds the keys of the policy's file. */
export function openSession(
  parts: SessionParts,
  policy: Policy,
  policyHash: string,
  memory: Memory = FRESH_MEMORY,
  locator: Locator = nowhere('policy'),
): Session {
  const nowMs = parts.ports.clock.now();
  const session: Session = {
    parts: { ...parts, ports: guardedPorts(parts.ports) },
    startedAtMs: nowMs,
    policy,
    policyHash,
    policyLocator: locator,
    policyError: null,
    tick: 0,
    view: null,
    dcsRevision: null,
    asker: patientAsker(parts.ports.clock, () => {
      session.wake();
    }),
    lastPass: null,
    states: initialStates(nowMs, memory),
    ledger: EMPTY_LEDGER,
    ledgerLoaded: false,
    pageMemory: NO_PAGES,
    ownIncidents: [],
    committedJson: '',
    decisions: [],
    windows: { freeze: null, maintenance: null },
    impaired: { journal: null, ledger: null, policy: null, pass: null },
    toldNews: null,
    sight: newSight(),
    failedPasses: 0,
    localSwitches: [],
    seenSwitches: null,
    mailbox: [],
    asked: [],
    isStopping: false,
    sending: new Map(),
    unsent: new Map(),
    recorded: null,
    passMs: { last: 0, mean: 0 },
    listeners: new Set(),
    wake: () => undefined,
  };
  return session;
}

export const isEnforcing = (session: Session): boolean => session.policy.mode === 'enforce';

export const impairments = (session: Session): readonly string[] =>
  [session.impaired.pass, session.impaired.policy, session.impaired.journal, session.impaired.ledger].filter(
    (reason) => reason !== null,
  );

export const emit = (session: Session, event: ControllerEvent): void => {
  for (const listener of session.listeners) listener(event);
};
