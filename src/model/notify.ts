import type { EscalationStep, PageChange } from './page.js';
import type { CronWindow } from './policy.js';
import type { ProblemCode, ProblemLevel } from './problem.js';
import type { ReportDocument } from './report-document.js';
import type { TlsConfig } from './tls.js';

interface Login {
  readonly username: string;
  readonly password: string;
}

/** Where persons are told, each under a name of the operator's choice. Secrets are resolved values. */
export type NotifyChannel =
  | {
      readonly kind: 'pagerduty';
      readonly name: string;
      readonly url: string;
      readonly routingKey: string;
      readonly tls: TlsConfig | null;
    }
  | { readonly kind: 'slack'; readonly name: string; readonly url: string; readonly tls: TlsConfig | null }
  | {
      readonly kind: 'webhook';
      readonly name: string;
      readonly url: string;
      /** Signs each body; null: not signed. */
      readonly secret: string | null;
      readonly tls: TlsConfig | null;
    }
  | {
      readonly kind: 'alertmanager';
      readonly name: string;
      readonly url: string;
      readonly auth: Login | null;
      readonly tls: TlsConfig | null;
    }
  | {
      readonly kind: 'email';
      readonly name: string;
      readonly host: string;
      readonly port: number;
      readonly security: MailSecurity;
      readonly auth: Login | null;
      readonly from: string;
      readonly to: readonly string[];
      readonly tls: TlsConfig | null;
    };

export type NotifyKind = NotifyChannel['kind'];

export const MAIL_SECURITIES = ['starttls', 'tls', 'none'] as const;
export type MailSecurity = (typeof MAIL_SECURITIES)[number];

/** Who is told of what. Every route that fits counts; none at all: all channels are told everything. */
export interface NotifyRoute {
  /** Names of channels. */
  readonly to: readonly string[];
  readonly levels: readonly ProblemLevel[];
  /** Globs: `*` stands for any characters. */
  readonly subjects: readonly string[];
  readonly clusters: readonly string[];
  /** null: at any time. */
  readonly during: CronWindow | null;
}

/** A report of each of these clusters, at each of these moments, over the time before it. */
export interface ReportSchedule {
  readonly cron: string;
  readonly timezone: string;
  readonly coversMs: number;
  /** Names of channels, none of which counts by incident. */
  readonly to: readonly string[];
  /** Globs of scopes. */
  readonly clusters: readonly string[];
}

/** A program that is asked before an action. */
export interface VetoHookConfig {
  /** Where, and with what signature. */
  readonly hook: Extract<NotifyChannel, { kind: 'webhook' }>;
  /** How long an answer is waited for. */
  readonly deadlineMs: number;
}

export interface NotificationsConfig {
  /** Where persons open the dashboard; null: messages carry no link. */
  readonly link: string | null;
  readonly spool: { readonly directory: string; readonly maxBytes: number };
  readonly deadlineMs: number;
  /** From so many messages to one channel within that time on, what follows comes together. */
  readonly digest: { readonly count: number; readonly withinMs: number };
  readonly channels: readonly NotifyChannel[];
  /** Absent: nobody is asked. */
  readonly veto?: VetoHookConfig;
  readonly routes: readonly NotifyRoute[];
  /** Who gets a report, and when. Absent: nobody. */
  readonly reports?: readonly ReportSchedule[];
  /** Who is told too where nobody reacts, in order. */
  readonly escalation: readonly (EscalationStep & { readonly to: readonly string[] })[];
}

/** Where the page opens and asks for this answer: nothing is done before a person confirms it there. */
export interface AnswerLink {
  readonly does: 'approve' | 'reject' | 'acknowledge';
  /** Of the approval or the incident; of what is part of none, by what it goes. */
  readonly id: string;
  readonly href: string;
}

/** One thing that a person is told, before it is written for a channel. Plain values: it is kept in a file. */
export interface Notice {
  /** The same for all that is told of one incident, from its first message to its end. */
  readonly key: string;
  readonly scope: string;
  readonly change: PageChange | 'test' | 'report';
  readonly level: ProblemLevel;
  /** Of all that stands under this key, where it is worse. */
  readonly worst?: ProblemLevel;
  readonly code: ProblemCode | 'report';
  readonly subject: string;
  readonly text: string;
  readonly unblock: readonly string[];
  readonly incident: string | null;
  /** By what it is taken on where it is part of no incident. Absent: it is part of one, or cannot be taken on; or an older version kept it. */
  readonly page?: string;
  readonly sinceMs: number;
  readonly atMs: number;
  /** With it all that was told under this key is over. */
  readonly isLast: boolean;
  /** It goes on under another key: over only where incidents are counted by key. */
  readonly isHandedOver?: true;
  /** The instance that tells it. */
  readonly by: string;
  /** Of a report all of it; `text` is the short of it. Absent: it could not be made, and `text` says why. */
  readonly report?: ReportDocument;
  /** Where a person sees it; null: no address is configured. */
  readonly link: string | null;
  /** Where a person answers it. Absent: there is nothing to answer, no address is configured, or an older version kept it. */
  readonly answers?: readonly AnswerLink[];
}

/** A message as it leaves, written for the kind of its channel. */
export type Outgoing =
  | { readonly via: 'http'; readonly body: string }
  | {
      readonly via: 'mail';
      readonly subject: string;
      readonly text: string;
      readonly html: string;
      /** What belongs together in a mail program has the same. */
      readonly thread: string;
    };

/** `retry`: it may be taken later. `refused`: this very message never will be. */
export type Delivered =
  | { readonly kind: 'sent' }
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs?: number }
  | { readonly kind: 'refused'; readonly why: string };
