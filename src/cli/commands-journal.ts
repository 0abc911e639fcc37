import { Option, type Command } from 'commander';
import { ENTRY_KINDS, type JournalEntry } from '../model/entry.js';
import type { JournalReport } from '../model/journal-report.js';
import { toJson } from '../model/json.js';
import { CliError, exitCode } from './cli-error.js';
import {
  clientOf,
  needConfig,
  byItsClock,
  nowOf,
  print,
  printJson,
  scopesOf,
  styleOf,
  withCommon,
  withZone,
  zoneOf,
  type Common,
  type Context,
} from './context.js';
import { clean } from './render/paint.js';
import { parseCount, parseTime } from './times.js';

export type JournalOptions = Common & { readonly journal?: string };

export const withJournal = (command: Command): Command =>
  withCommon(command).option('--journal <DIR>', 'read these files (else those of the configuration)');

/** `ekimi journal`: what was written. */
export function addJournalCommands(program: Command, context: Context): void {
  const journal = program.command('journal').description('what was seen, decided, sent and achieved');
  withZone(withJournal(journal.command('list')))
    .description('a sentence an entry, oldest first')
    .option('--since <TIME>', 'from then on')
    .addOption(new Option('--kind <KIND>', 'only these').choices(ENTRY_KINDS))
    .option('--limit <N>', 'the last so many', '200')
    .action((options: JournalOptions & { since?: string; kind?: string; limit: string }) => list(context, options));
  withZone(withJournal(journal.command('show')))
    .description('one entry with all that it read')
    .argument('<seq>', 'its number')
    .action((seq: string, options: JournalOptions) => show(context, seq, options));
  withJournal(journal.command('verify'))
    .description('does every link of the hash chain hold?')
    .action((options: JournalOptions) => verify(context, options));
}

/** Of files one answer; of a daemon one a cluster, since each has a chain of its own. */
async function verify(context: Context, options: JournalOptions): Promise<void> {
  const reports = isRemote(context, options)
    ? await checkedThere(context, options)
    : [{ scope: null, ...(await context.backend.verifyJournal(await directoryOf(context, options))) }];
  const { renderJournalReport } = await import('./render/journal.js');
  const style = styleOf(context);
  const [first] = reports;
  if (options.json === true) printJson(context, first?.scope === null ? withoutScope(first) : reports);
  else
    for (const { scope, ...report } of reports)
      print(context, `${scope === null ? '' : `${clean(scope)}  `}${renderJournalReport(report, style)}`);
  context.exit = reports.every(({ faults }) => faults.length === 0) ? exitCode('ok') : exitCode('failed');
}

type Checked = JournalReport & { readonly scope: string | null };

const withoutScope = ({ scope: _scope, ...report }: Checked): JournalReport => report;

async function checkedThere(context: Context, options: JournalOptions): Promise<readonly Checked[]> {
  const client = await clientOf(context, options);
  const reports: Checked[] = [];
  // One after the other: each reads a whole journal there.
  for (const scope of await scopesOf(client, options)) reports.push({ scope, ...(await client.checkJournal(scope)) });
  return reports;
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

/** A daemon was named and no files were: its journal is asked for. */
export const isRemote = ({ io }: Context, { url, journal, config }: JournalOptions): boolean =>
  journal === undefined && config === undefined && (url ?? io.env['EKIMI_URL']) !== undefined;

/** What a daemon has last of all its clusters, oldest first. */
async function* lastOf(
  context: Context,
  options: JournalOptions & { readonly kind?: string },
  sinceMs: number | undefined,
  limit: number,
): AsyncIterable<JournalEntry> {
  const client = await clientOf(context, options);
  const only = {
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(options.kind === undefined ? {} : { kinds: [options.kind] }),
  };
  const scopes = await scopesOf(client, options);
  const found = await Promise.all(scopes.map((scope) => client.journal(scope, { limit, ...only })));
  yield* found.flat().sort((left, right) => left.atMs - right.atMs);
}

/** The entry of that number of each cluster of a daemon. */
async function* numbered(context: Context, options: JournalOptions, seq: string): AsyncIterable<JournalEntry> {
  const client = await clientOf(context, options);
  if (!/^\d{1,15}$/.test(seq)) return;
  for (const scope of await scopesOf(client, options))
    yield* await client.journal(scope, { limit: 1, beforeSeq: Number(seq) + 1 });
}

async function list(
  context: Context,
  options: JournalOptions & { since?: string; kind?: string; limit: string },
): Promise<void> {
  const limit = parseCount('--limit', options.limit, 1);
  const sinceMs = options.since === undefined ? undefined : await timeOf(context, options, options.since);
  const kept: JournalEntry[] = [];
  const only = {
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(options.kind === undefined ? {} : { kinds: [options.kind] }),
  };
  const found = isRemote(context, options)
    ? lastOf(context, options, sinceMs, limit)
    : entriesOf(context, options, only);
  for await (const entry of found) {
    if (options.kind !== undefined && entry.body.kind !== options.kind) continue;
    kept.push(entry);
    if (kept.length > limit) kept.shift();
  }
  const { renderEntryLine } = await import('./render/journal.js');
  const style = styleOf(context);
  // Whoever counts lines counts none; whoever reads is told that it was looked for.
  if (kept.length === 0 && options.json !== true) context.io.stderr('ekimi: no entry fits\n');
  for (const entry of kept)
    if (options.json === true) context.io.stdout(`${toJson(entry)}\n`);
    else print(context, renderEntryLine(entry, style), entry.atMs);
}

async function show(context: Context, seq: string, options: JournalOptions): Promise<void> {
  const { renderEntry } = await import('./render/journal.js');
  // Each cluster counts its own entries: without --scope the number may be that of several.
  let found = 0;
  const all = isRemote(context, options) ? numbered(context, options, seq) : entriesOf(context, options);
  for await (const entry of all) {
    if (String(entry.seq) !== seq) continue;
    found += 1;
    if (options.json === true) printJson(context, entry);
    else print(context, renderEntry(entry, styleOf(context)), entry.atMs);
  }
  if (found > 0) return;
  throw new CliError(
    'absent',
    'no-entry',
    `there is no entry ${seq}`,
    '"ekimi journal list" shows those that there are.',
  );
}

/** A time as a person writes it, by the clock of whoever answers. */
export async function timeOf(context: Context, options: JournalOptions, text: string): Promise<number> {
  if (isRemote(context, options)) await byItsClock(context, options);
  return parseTime(text, nowOf(context), zoneOf(options));
}
