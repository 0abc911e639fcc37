import type { Locator } from '../config/config-error.js';
import type { PageMemory } from '../decide/page-book.js';
import type { CheckRequest } from '../model/data-check.js';
import type { Decision } from '../model/decision.js';
import type { Incident } from '../model/incident.js';
import type { KillSwitch, Ledger } from '../model/ledger.js';
import type { EscalationStep } from '../model/page.js';
import type { Policy, WindowFacts } from '../model/policy.js';
import type { CodedFields } from '../model/log-code.js';
import type { States } from '../model/states.js';
import type { ControllerEvent } from '../model/snapshot.js';
import type { KeptVeto } from '../model/veto.js';
import type { ClusterView } from '../model/view.js';
import type { Asker } from '../observe/patience.js';
import type { ObserveTarget } from '../observe/pass.js';
import type { Ports } from '../observe/ports.js';
import type { JournalPort } from '../ports/journal.js';
import type { Notifier } from '../ports/notifier.js';
import type { VetoPort } from '../ports/veto.js';
import type { Books } from './books.js';
import type { Inbox } from './inbox.js';
import type { Sight } from './sight.js';
import type { LedgerStore } from './ledger-store.js';
import type { Recovery, RecoveryParts } from './recovery.js';
import type { TenureKeeper } from './tenure.js';

/** After so many passes in a row that threw, somebody else may do better. */
export const FAILED_PASSES = 3;

/** What one cluster's loop works with. Chosen in wire.ts; tests and the demo pass simulated parts. */
export interface SessionParts {
  readonly ports: Ports;
  readonly target: ObserveTarget;
  readonly journal: JournalPort;
  readonly notifier: Notifier;
  /** Whom nobody's reaction makes us tell too. Absent: nobody. */
  readonly escalation?: readonly EscalationStep[];
  /** A program that may say no to an action. Absent: nobody is asked. */
  readonly veto?: VetoPort;
  readonly tenure: TenureKeeper;
  /** The shared ledger, in etcd: what enforce counts by. */
  readonly ledgerStore: LedgerStore;
  /** The dry-run twin, on this machine. */
  readonly shadowStore: LedgerStore;
  /** Absent: nothing is begun here while etcd is lost. */
  readonly recovery?: RecoveryParts;
  readonly windowsAt: (policy: Policy, nowMs: number) => WindowFacts;
  /** Fresh identifiers, so that randomness is an argument. */
  readonly newId: () => string;
  /** So long a look waits for a source whose own patience is shorter, in milliseconds. Absent: as long as each source says. */
  readonly leastPatienceMs?: number;
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

/** A valid policy, under its name and with the places of its keys. */
export interface PolicyInForce {
  readonly policy: Policy;
  readonly hash: string;
  /** Where each key stands in its file. */
  readonly locator: Locator;
}

/** What fails of this process itself: a pass, the loop around it, or what nobody waited for. */
export type OwnFault = 'pass' | 'loop' | 'stray';

/** What the last pass saw and made of it: one value, replaced as a whole. */
export interface Seen {
  /** null: no pass has seen anything yet. */
  readonly view: ClusterView | null;
  readonly states: States;
  readonly windows: WindowFacts;
}

/** One cluster: what its loop remembers from pass to pass. All else is computed anew in each. */
export interface Session {
  readonly parts: SessionParts;
  readonly startedAtMs: number;
  /** What comes from outside, on its way to the head of the next pass. */
  readonly inbox: Inbox;
  /** The shared ledger, in etcd, and its dry-run twin. */
  readonly shared: Books;
  readonly shadow: Books;
  /** The one in force: shared in enforce, shadow below it. */
  readonly books: Books;
  /** What a person began here while etcd was lost. */
  readonly recovery: Recovery;
  /** Asks for the looks, and awaits beside them what hangs. */
  readonly asker: Asker;
  /** What we see, to give tenure up while it is nothing. */
  readonly sight: Sight;
  /** Requests on their way, by remediation. */
  readonly sending: Map<string, Promise<void>>;
  readonly listeners: Set<(event: ControllerEvent) => void>;

  inForce: PolicyInForce;
  /** Why a newer policy was refused; null: none was. */
  policyError: string | null;
  /** Why a changed `ekimi.yaml` was not taken in for this cluster; null: nothing waits. */
  configError: string | null;
  seen: Seen;
  decisions: readonly Decision[];
  tick: number;
  /** The pass in which a request was last sent; null: in none. */
  sentInTick: number | null;
  lastPass: { readonly monotonicMs: number; readonly wallMs: number } | null;
  /** The highest revision of etcd that was read in this process. */
  dcsRevision: string | null;
  /** What this instance itself told persons, whoever's ledger is loaded. */
  pageMemory: PageMemory;
  /** The open incidents that this instance opened, whoever's ledger is loaded. */
  ownIncidents: readonly Incident[];
  impaired: { readonly journal: string | null; readonly policy: string | null; readonly pass: string | null };
  /** Passes in a row that threw. */
  failedPasses: number;
  /** What persons were told of this process itself and not yet the end of. */
  toldFaults: readonly OwnFault[];
  /** Thrown at this instance: in force at once, in the middle of a pass too, and until etcd shows them. */
  localSwitches: readonly LocalSwitch[];
  /** What etcd listed last; null before it answered for the first time. */
  seenSwitches: readonly KillSwitch[] | null;
  /** What the veto hook was asked and said, of each plan the last. */
  vetoes: readonly KeptVeto[];
  /** The signal to end has come: nothing new is sent. */
  isStopping: boolean;
  /** The session that takes its place, once it has: whatever is asked from now on is asked of that one. null: none is to. */
  successor: Promise<Session> | null;
  /** Which minute of the clock the schedule of checks was last asked for; null: none. */
  checkedMinute: number | null;
  /** A check that the session before was ended in: it begins anew. null: there is none. */
  checkAgain: { readonly request: CheckRequest; readonly by: string; readonly sinceMs: number } | null;
  /** In so many passes on end the check that goes on would not have been begun. */
  checkNos: number;
  recorded: { readonly signature: string; readonly atMs: number } | null;
  passMs: { readonly last: number; readonly mean: number };
  /** Ends the present sleep. */
  wake: () => void;

  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly view: ClusterView | null;
  readonly states: States;
}

export const isEnforcing = ({ inForce }: Session): boolean => inForce.policy.mode === 'enforce';

export const impairments = ({ impaired, books }: Session): readonly string[] =>
  [impaired.pass, impaired.policy, impaired.journal, books.fault].filter((reason) => reason !== null);

const failed = new WeakSet<(event: ControllerEvent) => void>();

/** Whoever listens (metrics, event streams) is no part of a pass: one that throws is told once and fails none, of this cluster or another. */
export const emit = (session: Session, event: ControllerEvent): void => {
  for (const listener of session.listeners) {
    try {
      listener(event);
    } catch (error) {
      if (!failed.has(listener)) session.parts.log.error({ code: 'LISTENER_FAILED', err: error }, 'a listener failed');
      failed.add(listener);
    }
  }
};
