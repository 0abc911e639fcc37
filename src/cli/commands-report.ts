import { Option, type Command } from 'commander';
import type { Report, Reporter } from '../history/report.js';
import { CliError } from './cli-error.js';
import { entriesOf, withJournal, type JournalOptions } from './commands-journal.js';
import { byItsClock, clientOf, nowOf, print, printJson, scopesOf, withZone, zoneOf, type Context } from './context.js';
import { parseTime } from './times.js';

const FORMATS = ['text', 'json', 'html', 'md'] as const;

type ReportOptions = JournalOptions & {
  readonly since: string;
  readonly until?: string;
  readonly format: (typeof FORMATS)[number];
};

/** `ekimi report`: what happened in a span of time, of a daemon or of the files of a journal. */
export function addReportCommand(program: Command, context: Context): void {
  withZone(withJournal(program.command('report')))
    .description('incidents, what was done or would have been, times, and the evidence for letting an action act alone')
    .option('--since <TIME>', 'from then on: 7d (ago), 09:30 or ISO 8601', '7d')
    .option('--until <TIME>', 'until then; else until now')
    .addOption(new Option('--format <FORMAT>', 'how it is written').choices(FORMATS).default('text'))
    .action((options: ReportOptions) => report(context, options));
}

async function report(context: Context, options: ReportOptions): Promise<void> {
  if (options.journal === undefined) await byItsClock(context, options);
  const nowMs = nowOf(context);
  const zone = zoneOf(options);
  const sinceMs = parseTime(options.since, nowMs, zone);
  const untilMs = options.until === undefined ? null : parseTime(options.until, nowMs, zone);
  const reports =
    options.journal === undefined
      ? await fromDaemon(context, options, sinceMs, untilMs)
      : await fromJournal(context, options, sinceMs, untilMs ?? nowOf(context));
  if (options.json === true || options.format === 'json') {
    printJson(context, reports);
    return;
  }
  const { reportDocument } = await import('../words/report.js');
  const { reportHtml, reportMarkdown, reportText } = await import('../words/report-forms.js');
  const write = { text: reportText, html: reportHtml, md: reportMarkdown }[options.format];
  print(context, reports.map((one) => write(reportDocument(one))).join('\n\n'));
}

async function fromDaemon(
  context: Context,
  options: ReportOptions,
  sinceMs: number,
  untilMs: number | null,
): Promise<readonly Report[]> {
  const client = await clientOf(context, options);
  const scopes = await scopesOf(client, options);
  return Promise.all(scopes.map((scope) => client.report(scope, sinceMs, untilMs)));
}

async function fromJournal(
  context: Context,
  options: ReportOptions,
  sinceMs: number,
  untilMs: number,
): Promise<readonly Report[]> {
  const { REPORTED_KINDS, reporter } = await import('../history/report.js');
  const byScope = new Map<string, Reporter>();
  for await (const entry of entriesOf(context, options, { sinceMs, kinds: REPORTED_KINDS })) {
    if (entry.atMs > untilMs) continue;
    const known = byScope.get(entry.scope) ?? reporter(entry.scope, sinceMs, untilMs);
    byScope.set(entry.scope, known);
    known.take(entry);
  }
  if (byScope.size > 0) return [...byScope.values()].map(({ value }) => value());
  throw new CliError(
    'absent',
    'no-entry',
    `the journal has no entries since ${new Date(sinceMs).toISOString()}`,
    'Give an earlier --since, or another --journal.',
  );
}
