import type { Notice } from '../model/notify.js';
import type { ReportDocument } from '../model/report-document.js';

type Redact = (text: string) => string;

/** A report of one cluster on its way to persons. `document` absent: it could not be made, and `text` says why. */
export interface ReportMessage {
  readonly scope: string;
  readonly atMs: number;
  readonly text: string;
  readonly document?: ReportDocument;
  /** Names of channels. */
  readonly to: readonly string[];
}

/** Of each table so many rows: a mail of a year is read by nobody, and the spool has an end. */
const MOST_ROWS = 50;

const redacted = ({ title, summary, sections }: ReportDocument, redact: Redact): ReportDocument => ({
  title: redact(title),
  summary: summary.map(redact),
  sections: sections.map(({ note, rows, ...section }) => ({
    ...section,
    note:
      rows.length > MOST_ROWS ? `${note} The first ${MOST_ROWS} of ${rows.length}; \`ekimi report\` has all.` : note,
    rows: rows.slice(0, MOST_ROWS).map((cells) => cells.map(redact)),
  })),
});

/** The report as it is kept and sent, without secrets. */
export const reportNotice = (
  { scope, atMs, text, document }: ReportMessage,
  { by, redact, link }: { readonly by: string; readonly redact: Redact; readonly link: string | null },
): Notice => ({
  key: `${scope}/report`,
  scope,
  change: 'report',
  level: 'info',
  code: 'report',
  subject: scope,
  text: redact(text),
  ...(document && { report: redacted(document, redact) }),
  unblock: [],
  incident: null,
  sinceMs: atMs,
  atMs,
  isLast: true,
  by,
  link,
});
