import type { ProblemCode, ProblemLevel } from './problem.js';

/**
 * Why a person hears of it: for the first time, because it is another thing now, because nobody reacted (`escalated`: others are told too),
 * because somebody took it on, because it is over.
 */
export const PAGE_CHANGES = ['opened', 'changed', 'reminder', 'escalated', 'acknowledged', 'ended'] as const;
export type PageChange = (typeof PAGE_CHANGES)[number];

/**
 * What was told and has not ended. In the shared ledger it is also how other instances know that a person has heard. The optional fields are
 * absent in the ledger of an older version.
 */
export interface PageRow {
  readonly code: ProblemCode;
  readonly subject: string;
  /** When it was told first. */
  readonly atMs: number;
  /** The thing of which `code` is one form: see `thingOf`. */
  readonly thing?: string;
  readonly level?: ProblemLevel;
  /** What was told of it so far: action and kind of obstacle. Only what is not among them is news. */
  readonly told?: readonly string[];
  readonly lastAtMs?: number;
  /** Since when the thing has been there. */
  readonly sinceMs?: number;
  /** Since when it has not been seen any more, by passes that can tell. */
  readonly goneSinceMs?: number | null;
  /** The instance that told it. */
  readonly by?: string;
  /** The incident that it is part of; absent: of none that was known then. */
  readonly incident?: string;
  /** What it goes by towards persons, the same until its end; absent: its incident, else its thing. */
  readonly key?: string;
  /** Since when somebody's reaction is waited for. Absent: since it was told first. */
  readonly waitsSinceMs?: number;
  /** How many steps of the escalation were told. Absent: none. */
  readonly escalated?: number;
  /** Who took it on. Absent: nobody, or it became another thing since. */
  readonly acknowledged?: Acknowledgement;
}

/** A person's word that they look after it: nobody else is called, and nobody reminded, until it is another thing. */
export interface Acknowledgement {
  readonly by: string;
  readonly atMs: number;
  readonly reason: string;
}

/** One step of an escalation: who waits so long is told to others. */
export interface EscalationStep {
  readonly afterMs: number;
  readonly levels: readonly ProblemLevel[];
}

/** What a row goes by towards persons. */
export const pageKey = ({ key, incident, thing, code, subject }: PageRow): string =>
  key ?? incident ?? thing ?? `${code} ${subject}`;

/** One message to a person. */
export interface PageMessage {
  readonly scope: string;
  readonly code: ProblemCode;
  readonly subject: string;
  readonly level: ProblemLevel;
  /** Of all that stands under this key, where it is worse. */
  readonly worst?: ProblemLevel;
  readonly change: PageChange;
  /** What is seen, why Ekimi does not answer it, and what a person can do: complete without the other fields. */
  readonly text: string;
  /** What would let Ekimi act, or what a person can do instead; each begins with a verb or is a command. */
  readonly unblock: readonly string[];
  /** Ids of what waits for a person's word about it. Absent: nothing does. */
  readonly approvals?: readonly string[];
  readonly sinceMs: number;
  readonly atMs: number;
  readonly incident?: string;
  /** By what a person takes on what is part of no incident. Absent: by its incident; or nothing is kept of it that could be taken on. */
  readonly page?: string;
  /** What it goes by towards persons: the same for all of one incident. */
  readonly key: string;
  /** Nothing that was told under that key stands any more. */
  readonly isLast: boolean;
  /** The instance that told it before; null: nobody did. */
  readonly toldBy: string | null;
  /** It goes on under another key: over only where incidents are counted by key. */
  readonly isHandedOver?: true;
  /** Which step of the escalation this is, from 0. */
  readonly step?: number;
}
