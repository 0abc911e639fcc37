import type { Command } from 'commander';
import type { JournalEntry } from '../model/entry.js';
import { toJson } from '../model/json.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { CliError, exitCode } from './cli-error.js';
import {
  clientOf,
  needConfig,
  nowOf,
  print,
  printJson,
  scopesOf,
  styleOf,
  withCommon,
  type Common,
  type Context,
} from './context.js';
import { clean } from './render/paint.js';
import type { Answer } from './render/why.js';
import { parseTime } from './times.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type JournalOptions = Common & { readonly journal?: string };

export const withJournal = (command: Command): Command =>
  withCommon(command).option('--journal <DIR>', 'read these files (else those of the configuration)');

/** Commands that answer from what was written. */
export function addJournalCommands(program: Command, context: Context): void {
  withJournal(program.command('why'))
    .description('what it did, what it did not do, which gate said no, and what would unblock it')
    .argument('[subject]', 'a member, an action or a problem code')
    .option('--at <TIME>', 'then, from the journal; else now, from the daemon. ISO 8601, 09:30 (UTC) or 10m (ago)')
    .action((subject: string | undefined, options: JournalOptions & { at?: string }) =>
      why(context, subject ?? null, options),
    );

  const journal = program.command('journal').description('what was seen, decided, sent and achieved');
  withJournal(journal.command('list'))
    .description('a sentence an entry, oldest first')
    .option('--since <TIME>', 'from then on')
    .option(
      '--kind <KIND>',
      'only pass, evidence, intent, outcome, verdict, approval, procedure, procedure-run, incident, switch, tenure, policy, page, start or stop',
    )
    .option('--limit <N>', 'the last so many', '200')
    .action((options: JournalOptions & { since?: string; kind?: string; limit: string }) => list(context, options));
  withJournal(journal.command('show'))
    .description('one entry with all that it read')
    .argument('<seq>', 'its number')
    .action((seq: string, options: JournalOptions) => show(context, seq, options));
  withJournal(journal.command('verify'))
    .description('does every link of the hash chain hold?')
    .action(async (options: JournalOptions) => {
      const report = await context.backend.verifyJournal(await directoryOf(context, options));
      const { renderJournalReport } = await import('./render/journal.js');
      if (options.json === true) printJson(context, report);
      else print(context, renderJournalReport(report, styleOf(context)));
      context.exit = report.faults.length === 0 ? exitCode('ok') : exitCode('failed');
    });
}

/** The journal that is meant: the one that is named, else that of the configuration. */
export const directoryOf = async (context: Context, options: JournalOptions): Promise<string> =>
  options.journal ?? (await context.backend.addresses(needConfig(context, options))).journalDirectory;

/** Bad lines are told, not hidden, and do not stop the reading. */
export async function* entriesOf(
  context: Context,
  options: JournalOptions,
  only: {
    readonly sinceMs?: number;
    readonly kinds?: readonly string[];
    readonly refuse?: (entry: JournalEntry) => string | null;
  } = {},
): AsyncIterable<JournalEntry> {
  const onBad = (where: string, reason: string): void => {
    context.io.stderr(`ekimi: skipped ${clean(where)}: ${clean(reason)}\n`);
  };
  const found = context.backend.readJournal(await directoryOf(context, options), {
    onBad,
    ...only,
    ...(options.scope === undefined ? {} : { scope: options.scope }),
  });
  for await (const entry of found)
    if (
      (options.scope === undefined || entry.scope === options.scope) &&
      (only.kinds === undefined || only.kinds.includes(entry.body.kind))
    )
      yield entry;
}

async function list(
  context: Context,
  options: JournalOptions & { since?: string; kind?: string; limit: string },
): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new CliError(
      'usage',
      'bad-number',
      `--limit is ${JSON.stringify(options.limit)}`,
      'Write a whole number above 0.',
    );
  const sinceMs = options.since === undefined ? undefined : parseTime(options.since, context.io.now());
  const kept: JournalEntry[] = [];
  const only = {
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(options.kind === undefined ? {} : { kinds: [options.kind] }),
  };
  for await (const entry of entriesOf(context, options, only)) {
    kept.push(entry);
    if (kept.length > limit) kept.shift();
  }
  const { renderEntryLine } = await import('./render/journal.js');
  const style = styleOf(context);
  for (const entry of kept) print(context, options.json === true ? toJson(entry) : renderEntryLine(entry, style));
}

async function show(context: Context, seq: string, options: JournalOptions): Promise<void> {
  const { renderEntry } = await import('./render/journal.js');
  // Each cluster counts its own entries: without --scope the number may be that of several.
  let found = 0;
  for await (const entry of entriesOf(context, options)) {
    if (String(entry.seq) !== seq) continue;
    found += 1;
    if (options.json === true) printJson(context, entry);
    else print(context, renderEntry(entry, styleOf(context)));
  }
  if (found > 0) return;
  throw new CliError(
    'absent',
    'no-entry',
    `there is no entry ${seq}`,
    '"ekimi journal list" shows those that there are.',
  );
}

async function why(context: Context, subject: string | null, options: JournalOptions & { at?: string }): Promise<void> {
  const atMs = options.at === undefined ? null : parseTime(options.at, context.io.now());
  const answers =
    atMs === null && options.journal === undefined
      ? await whyNow(context, subject, options)
      : await whyThen(context, subject, options, atMs);
  const { renderWhy } = await import('./render/why.js');
  if (options.json === true) printJson(context, answers);
  else
    print(
      context,
      answers
        .map((found) => renderWhy(found, { ...styleOf(context), nowMs: found.atMs ?? nowOf(context) }))
        .join('\n\n'),
    );
}

async function whyNow(context: Context, subject: string | null, options: JournalOptions): Promise<readonly Answer[]> {
  const client = await clientOf(context, options);
  const { answer } = await import('./render/why.js');
  const ask = async (scope: string): Promise<Answer> => {
    const snapshot: ClusterSnapshot = await client.snapshot(scope);
    const entries = await client.journal(scope, { sinceMs: snapshot.atMs - HOUR_MS, limit: 1000 });
    return answer({ subject, atMs: null, snapshot, entries });
  };
  return Promise.all((await scopesOf(client, options)).map(ask));
}

async function whyThen(
  context: Context,
  subject: string | null,
  options: JournalOptions,
  atMs: number | null,
): Promise<readonly Answer[]> {
  const { answer } = await import('./render/why.js');
  const byScope = new Map<string, JournalEntry[]>();
  for await (const entry of entriesOf(context, options, atMs === null ? {} : { sinceMs: atMs - DAY_MS })) {
    if (atMs !== null && entry.atMs > atMs) break;
    const known = byScope.get(entry.scope);
    if (known === undefined) byScope.set(entry.scope, [entry]);
    else known.push(entry);
  }
  if (byScope.size === 0) return [answer({ subject, atMs, snapshot: null, entries: [] })];
  return [...byScope.values()].map((entries) => answer({ subject, atMs, snapshot: null, entries }));
}
