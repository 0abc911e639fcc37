import { Option, type Command } from 'commander';
import type { EntryBody, JournalEntry } from '../model/entry.js';
import { toJson } from '../model/json.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
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
import type { Answer } from './render/why.js';
import { parseCount, parseTime } from './times.js';

/** Of an entry, as `--kind` takes them. */
const ENTRY_KINDS: readonly EntryBody['kind'][] = [
  'pass',
  'evidence',
  'intent',
  'outcome',
  'verdict',
  'approval',
  'veto',
  'procedure',
  'procedure-run',
  'incident',
  'switch',
  'tenure',
  'policy',
  'config',
  'page',
  'start',
  'stop',
  'api-change',
];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type JournalOptions = Common & { readonly journal?: string };

export const withJournal = (command: Command): Command =>
  withCommon(command).option('--journal <DIR>', 'read these files (else those of the configuration)');

/** Commands that answer from what was written. */
export function addJournalCommands(program: Command, context: Context): void {
  withZone(withJournal(program.command('why')))
    .description('what it did, what it did not do, which gate said no, and what would unblock it')
    .argument('[subject]', 'a member, an action or a problem code')
    .option('--at <TIME>', 'then, from the journal; else now, from the daemon. ISO 8601, 09:30 or 10m (ago)')
    .action((subject: string | undefined, options: JournalOptions & { at?: string }) =>
      why(context, subject ?? null, options),
    );

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

/** A daemon was named and no files were: its journal is asked for. */
const isRemote = ({ io }: Context, { url, journal, config }: JournalOptions): boolean =>
  journal === undefined && config === undefined && (url ?? io.env['EKIMI_URL']) !== undefined;

/** What a daemon has of each cluster, oldest first; of one kind among the newest thousand. */
async function* lastOf(
  context: Context,
  options: JournalOptions & { readonly kind?: string },
  sinceMs: number | undefined,
  limit: number,
): AsyncIterable<JournalEntry> {
  const client = await clientOf(context, options);
  const most = options.kind === undefined ? limit : Math.max(limit, 1000);
  for (const scope of await scopesOf(client, options))
    yield* await client.journal(scope, { limit: most, ...(sinceMs === undefined ? {} : { sinceMs }) });
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

async function timeOf(context: Context, options: JournalOptions, text: string): Promise<number> {
  if (isRemote(context, options)) await byItsClock(context, options);
  return parseTime(text, nowOf(context), zoneOf(options));
}

/** A second as we print it means all of it: what happened in it is told. */
const withItsSecond = (text: string, atMs: number): number =>
  /:\d{2}:\d{2}(?:Z|[+-][\d:]+)?$/.test(text) ? atMs + 999 : atMs;

async function why(context: Context, subject: string | null, options: JournalOptions & { at?: string }): Promise<void> {
  const atMs = options.at === undefined ? null : withItsSecond(options.at, await timeOf(context, options, options.at));
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
      answers[0]?.atMs ?? nowOf(context),
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
  if (atMs !== null && isRemote(context, options)) return whyThenThere(context, subject, options, atMs);
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

/** Then, from a daemon: the hour before, up to the pass that was in force. */
async function whyThenThere(
  context: Context,
  subject: string | null,
  options: JournalOptions,
  atMs: number,
): Promise<readonly Answer[]> {
  const { answer } = await import('./render/why.js');
  const client = await clientOf(context, options);
  const ask = async (scope: string): Promise<Answer> => {
    const beforeSeq = (await client.seqAt(scope, atMs)) + 1;
    const entries = await client.journal(scope, { sinceMs: atMs - HOUR_MS, beforeSeq, limit: 1000 });
    return answer({ subject, atMs, snapshot: null, entries });
  };
  return Promise.all((await scopesOf(client, options)).map(ask));
}
