import type { DataCheck } from '../model/data-check.js';
import type { EntryBody, SecondLook } from '../model/entry.js';
import type { Ending, KillSwitch, Ledger, Remediation } from '../model/ledger.js';
import type { PageRow } from '../model/page.js';
import type { Reply } from '../model/plan.js';
import type { ProcedureRun, RunStep } from '../model/procedure-run.js';
import type { Pass } from './after-pass.js';
import type { ApprovalRequest } from './approvals.js';
import type { Claims } from './claims.js';
import type { incidentNews } from './incidents.js';
import type { Incident } from '../model/incident.js';
import type { Unsent } from './unsent.js';

/** All that can happen to a ledger. `fold` says what each makes of it, `entriesOf` what the journal keeps of it. */
export type LedgerEvent =
  /** What the store holds, in place of what was in memory. */
  | { readonly kind: 'loaded'; readonly ledger: Ledger }
  /** `isOurs`: whoever else holds tenure writes down for itself what has expired. */
  | { readonly kind: 'pass-seen'; readonly pass: Pass; readonly isOurs: boolean }
  | { readonly kind: 'cluster-known'; readonly systemIdentifier: string }
  | { readonly kind: 'approval-asked'; readonly request: ApprovalRequest }
  | {
      readonly kind: 'approval-decided';
      readonly id: string;
      readonly state: 'approved' | 'rejected';
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  /** The first of two persons agreed: it goes on waiting. */
  | {
      readonly kind: 'approval-first';
      readonly id: string;
      readonly by: string;
      readonly reason: string;
      readonly atMs: number;
    }
  /** Dry-run: counted as if its requests had gone out. */
  | {
      readonly kind: 'rehearsed';
      readonly run: Remediation;
      readonly claims: Claims;
      readonly requests: readonly string[];
    }
  /** The request of the present step may be sent from now on. */
  | {
      readonly kind: 'sending';
      readonly run: Remediation;
      readonly claims: Claims;
      readonly request: string;
      readonly look: SecondLook;
    }
  /** It never left: what `sending` made of the ledger is taken back, and what happened since stays. */
  | (Unsent & { readonly kind: 'unsent'; readonly reply: Reply })
  | {
      readonly kind: 'answered';
      /** What was refused only helps, and the next step is due all the same. */
      readonly goesOn?: true;
      /** What was refused is sent again. */
      readonly again?: { readonly atMs: number; readonly untilMs: number };
      readonly id: string;
      readonly step: number;
      readonly reply: Reply;
      readonly atMs: number;
      readonly detail?: string;
    }
  /** The next step is due, or waits. */
  | { readonly kind: 'step-due'; readonly run: Remediation }
  | { readonly kind: 'ended'; readonly run: Remediation }
  | {
      readonly kind: 'procedure-run';
      readonly change: RunStep;
      readonly by: string;
      readonly text: string;
      readonly run: ProcedureRun;
    }
  /** A drain that is ours on paper was undone: by hand, or by a proxy that restarted. */
  | {
      readonly kind: 'drain-undone';
      readonly member: string;
      readonly ending: Extract<Ending, 'overridden' | 'forgotten'>;
      readonly atMs: number;
    }
  | {
      readonly kind: 'paged';
      readonly pages: readonly PageRow[];
      readonly told: readonly Extract<EntryBody, { kind: 'page' }>[];
    }
  | {
      readonly kind: 'incidents-followed';
      readonly incidents: readonly Incident[];
      readonly news: ReturnType<typeof incidentNews>;
    }
  | { readonly kind: 'switch-lifted'; readonly switch: KillSwitch; readonly by: string }
  /** The hour's budget counts anew from here: else the breaker would open again at once. */
  | { readonly kind: 'breaker-closed'; readonly by: string; readonly atMs: number }
  /** `dueMs` null: none of that schedule was. */
  | { readonly kind: 'report-told'; readonly schedule: string; readonly dueMs: number | null }
  /** A check of the data goes on that the schedule has begun. */
  | { readonly kind: 'check-begun'; readonly member: string; readonly startedMs: number }
  /** A check of the data has ended. */
  | { readonly kind: 'check-ended'; readonly member: string; readonly check: DataCheck }
  /** Checks are begun by this schedule from now on. */
  | { readonly kind: 'check-scheduled'; readonly schedule: string; readonly atMs: number }
  /**
   * One of its times has come, and somebody was there. `refused`: why a replica could not be checked; the others could, or lead. Null: nobody was asked, since
   * one goes on. `alone`: why there is no replica at all.
   */
  | {
      readonly kind: 'check-round';
      readonly atMs: number;
      readonly refused: Readonly<Record<string, string>> | null;
      readonly alone?: string;
    }
  | { readonly kind: 'foreign-set-aside'; readonly by: string; readonly atMs: number };

export type LedgerEventKind = LedgerEvent['kind'];
export type EventOf<K extends LedgerEventKind> = Extract<LedgerEvent, { kind: K }>;
