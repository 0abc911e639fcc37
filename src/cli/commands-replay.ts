import type { Command } from 'commander';
import type { JournalEntry } from '../model/entry.js';
import type { Redecided } from '../replay/redecided.js';
import { CliError, exitCode } from './cli-error.js';
import { directoryOf, entriesOf } from './commands-journal.js';
import { print, printJson, styleOf, withCommon, type Common, type Context } from './context.js';
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
    .argument('[journal]', 'the directory of a journal (else that of the configuration)')
    .option('--policy <FILE>', 'decide under this policy instead of the recorded one')
    .option('--from <TIME>', 'from then on. ISO 8601, 09:30 (UTC) or 10m (ago)')
    .option('--to <TIME>', 'until then')
    .addHelpText(
      'after',
      '\nSends nothing and needs no daemon. Exit code 0: every decision is the same, if in other words; 1: some differ, or cannot be made again.',
    )
    .action((directory: string | undefined, options: ReplayOptions) => replay(context, directory ?? null, options));
}

async function replay(context: Context, directory: string | null, options: ReplayOptions): Promise<void> {
  const { backend, io } = context;
  const { isAsItWas, isReworded, REPLAYED_KINDS } = await import('../replay/redecided.js');
  const { whyUnreadable } = await import('../replay/unreadable.js');
  const { emptySummary, renderRedecided, renderSummary, summed } = await import('./render/replay.js');
  const journal = directory ?? (await directoryOf(context, options));
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
  for await (const entry of entriesOf(context, { ...options, journal }, { kinds: REPLAYED_KINDS, refuse })) {
    if (toMs != null && entry.atMs > toMs) break;
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
