import type { Command } from 'commander';
import type { JournalEntry } from '../model/entry.js';
import type { Redecided } from '../replay/redecided.js';
import { CliError, exitCode } from './cli-error.js';
import { directoryOf, entriesOf, isRemote } from './commands-journal.js';
import { clientOf, print, printJson, scopesOf, styleOf, withCommon, type Common, type Context } from './context.js';
import { clean } from './render/paint.js';
import { parseTime } from './times.js';

interface ReplayOptions extends Common {
  readonly policy?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `ekimi replay`: the past decided again. */
export function addReplayCommand(program: Command, context: Context): void {
  withCommon(program.command('replay'))
    .description(
      'make every recorded decision again: the same under the same policy, or what another one would have changed',
    )
    .argument(
      '[journal]',
      'the directory of a journal (else that of the daemon of --url, else that of the configuration)',
    )
    .option('--policy <FILE>', 'decide under this policy instead of the recorded one')
    .option('--from <TIME>', 'from then on. ISO 8601, 09:30 (UTC) or 10m (ago)')
    .option('--to <TIME>', 'until then')
    .addHelpText(
      'after',
      '\nSends nothing and needs no daemon; with --url the journal of that daemon is read. Exit code 0: every decision is the same, if in other words; 1: some differ, or cannot be made again.',
    )
    .action((directory: string | undefined, options: ReplayOptions) => replay(context, directory ?? null, options));
}

async function replay(context: Context, directory: string | null, options: ReplayOptions): Promise<void> {
  const { backend, io } = context;
  const { isAsItWas, isReworded, REPLAYED_KINDS } = await import('../replay/redecided.js');
  const { whyUnreadable } = await import('../replay/unreadable.js');
  const { emptySummary, renderRedecided, renderSummary, summed } = await import('./render/replay.js');
  const isThere = directory === null && isRemote(context, options);
  const journal = directory ?? (isThere ? 'the journal of the daemon' : await directoryOf(context, options));
  const redecide = await backend.replayer(options.policy ?? null);
  const [fromMs, toMs] = [options.from, options.to].map((text) =>
    text === undefined ? null : parseTime(text, io.now()),
  );
  const isAsked = ({ atMs }: JournalEntry): boolean =>
    (fromMs == null || atMs >= fromMs) && (toMs == null || atMs <= toMs);
  let summary = emptySummary();
  const refuse = (entry: JournalEntry): string | null => {
    const why = whyUnreadable(entry);
    if (why !== null && isAsked(entry)) summary = { ...summary, skipped: summary.skipped + 1 };
    return why;
  };
  const differing: Redecided[] = [];
  const style = styleOf(context);
  // From the beginning, whatever --from says: the policy in force is in an entry that may be much older.
  const entries = isThere
    ? fromDaemon(context, options, REPLAYED_KINDS, refuse)
    : entriesOf(context, { ...options, journal }, { kinds: REPLAYED_KINDS, refuse });
  for await (const entry of entries) {
    if (toMs != null && entry.atMs > toMs) {
      // Of a daemon the clusters come one after the other.
      if (isThere) continue;
      break;
    }
    const again = redecide(entry);
    if (again === null || !isAsked(entry)) continue;
    summary = summed(summary, again);
    if (isAsItWas(again) || isReworded(again)) continue;
    if (options.json === true) differing.push(again);
    else for (const line of renderRedecided(again, style)) print(context, line);
  }
  if (summary.passes + summary.looks + summary.skipped === 0)
    throw new CliError(
      'absent',
      'no-entry',
      `${journal} holds no decision of that time`,
      '"ekimi journal list" shows what there is.',
    );
  if (options.json === true) printJson(context, { ...summary, differing });
  else print(context, renderSummary(summary, { policyFile: options.policy ?? null }, style));
  context.exit = summary.differing === 0 && summary.skipped === 0 ? exitCode('ok') : exitCode('failed');
}

/** Each cluster's from its beginning, page by page; what cannot be decided by is counted and passed over. */
async function* fromDaemon(
  context: Context,
  options: ReplayOptions,
  kinds: readonly string[],
  refuse: (entry: JournalEntry) => string | null,
): AsyncIterable<JournalEntry> {
  const client = await clientOf(context, options);
  for (const scope of await scopesOf(client, options))
    for await (const entry of client.journalFrom(scope, kinds)) {
      const why = refuse(entry);
      if (why === null) yield entry;
      else context.io.stderr(`ekimi: skipped entry ${entry.seq} of ${clean(scope)}: ${clean(why)}\n`);
    }
}
