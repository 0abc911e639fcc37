import type { Command } from 'commander';
import type { JournalEntry } from '../model/entry.js';
import type { Redecided } from '../replay/replay.js';
import { CliError, exitCode } from './cli-error.js';
import { needConfig, print, printJson, styleOf, withCommon, type Common, type Context } from './context.js';
import { clean } from './render/paint.js';
import { emptySummary, renderRedecided, renderSummary, summed } from './render/replay.js';
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
      '\nSends nothing and needs no daemon. Exit code 0: every decision is the same; 1: some differ, or cannot be made again.',
    )
    .action((directory: string | undefined, options: ReplayOptions) => replay(context, directory ?? null, options));
}

async function replay(context: Context, directory: string | null, options: ReplayOptions): Promise<void> {
  const { backend, io } = context;
  const where = directory ?? (await backend.addresses(needConfig(context, options))).journalDirectory;
  const redecide = await backend.replayer(options.policy ?? null);
  const [fromMs, toMs] = [options.from, options.to].map((text) =>
    text === undefined ? null : parseTime(text, io.now()),
  );
  let summary = emptySummary();
  const kept: Redecided[] = [];
  const style = styleOf(context);
  // From the beginning, whatever --from says: the policy in force is in an entry that may be much older.
  for await (const entry of entriesOf(context, where)) {
    if (options.scope !== undefined && entry.scope !== options.scope) continue;
    if (toMs != null && entry.atMs > toMs) break;
    const again = redecide(entry);
    if (again === null || (fromMs != null && entry.atMs < fromMs)) continue;
    summary = summed(summary, again);
    if (options.json === true) kept.push(again);
    else for (const line of renderRedecided(again, style)) print(context, line);
  }
  if (summary.passes + summary.looks + summary.skipped === 0)
    throw new CliError(
      'absent',
      'no-entry',
      `${where} holds no decision of that time`,
      '"ekimi journal list" shows what there is.',
    );
  const differing = kept.filter((row) => row.kind === 'skipped' || row.changes.length > 0);
  if (options.json === true) printJson(context, { ...summary, differing });
  else print(context, renderSummary(summary, { policyFile: options.policy ?? null }, style));
  context.exit = summary.differing === 0 && summary.skipped === 0 ? exitCode('ok') : exitCode('failed');
}

/** A line that cannot be read is told; what was decided there is not known. */
function entriesOf({ backend, io }: Context, directory: string): AsyncIterable<JournalEntry> {
  return backend.readJournal(directory, {
    onBad: (where, reason) => {
      io.stderr(`ekimi: skipped ${clean(where)}: ${clean(reason)}\n`);
    },
  });
}
