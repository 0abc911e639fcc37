import type { Command } from 'commander';
import { toJson } from '../model/json.js';
import { openRun } from '../model/procedure-run.js';
import { CliError } from './cli-error.js';
import type { DaemonClient } from './client.js';
import {
  clientOf,
  print,
  printJson,
  snapshotsOf,
  styleOf,
  withCommon,
  withZone,
  type Common,
  type Context,
} from './context.js';
import { clean } from './render/paint.js';
import type { Shown } from './render/status.js';
import { parseCount, parseDuration } from './times.js';

type StatusOptions = Common & {
  readonly watch?: true;
  readonly every: string;
  readonly all?: true;
  readonly lines?: string;
};

/** `ekimi status`: on a terminal what fits it, the worst first; elsewhere all of it. */
export function addStatusCommand(program: Command, context: Context): void {
  withZone(withCommon(program.command('status')))
    .description('what the daemon sees, decides and does; on a terminal what fits it, the worst first')
    .option('--watch', 'again and again, until Ctrl-C')
    .option('--every <DURATION>', 'how often with --watch', '2s')
    .option('--all', 'all of it, however long')
    .option('--lines <N>', 'at most so many lines, the worst first (default: what the terminal has)')
    .action((options: StatusOptions) => status(context, options));
}

async function status(context: Context, options: StatusOptions): Promise<void> {
  const everyMs = parseDuration(options.every);
  const most = mostLines(context, options);
  const client = await clientOf(context, options);
  if (options.watch === undefined) return showStatus(context, client, options, most);
  const { io } = context;
  let round = 0;
  while (!io.stop.aborted) {
    if (!io.interactive && options.json !== true && round > 0) print(context, '-'.repeat(40));
    round += 1;
    await showStatus(context, client, options, most).catch((cause: unknown) => {
      // A daemon that restarts is what one watches for; a wrong token will not mend itself.
      if (!(cause instanceof CliError) || cause.exit !== 'no-daemon') throw cause;
      screen(context, [clean(cause.message)]);
    });
    await io.sleep(everyMs);
  }
}

/** The fewest that are of use: the state, the mode, a sentence, and what is left out. */
const FEWEST = 5;

/** How many lines there may be; null: all. One line of a terminal is for what is typed next. */
function mostLines({ io }: Context, { all, lines }: StatusOptions): number | null {
  if (lines !== undefined) return parseCount('--lines', lines, FEWEST);
  return all === true || !io.interactive || io.rows === undefined ? null : Math.max(FEWEST, io.rows - 1);
}

async function showStatus(
  context: Context,
  client: DaemonClient,
  options: StatusOptions,
  most: number | null,
): Promise<void> {
  const snapshots = await snapshotsOf(client, options);
  const again = options.watch === true;
  if (options.json === true) {
    // Again and again, one a line: what reads it knows where one ends.
    if (again) print(context, toJson(snapshots));
    else printJson(context, snapshots);
    return;
  }
  const style = { ...styleOf(context), zone: context.zone };
  const lines = await linesOf(await withRuns(client, snapshots), style, most);
  if (again) screen(context, lines);
  else context.io.stdout(`${lines.join('\n')}\n`);
}

/** Where the procedure under way stands is the daemon's to say: what is left of it follows from all that it knows. */
const withRuns = (
  client: DaemonClient,
  snapshots: Awaited<ReturnType<typeof snapshotsOf>>,
): Promise<readonly Shown[]> =>
  Promise.all(
    snapshots.map(async (snapshot) => {
      if (openRun(snapshot.ledger.procedures) === null) return snapshot;
      // An answer that does not come takes nothing from the rest of the page.
      const runs = await client.runs(snapshot.scope).catch(() => null);
      return runs === null ? snapshot : { ...snapshot, runs };
    }),
  );

async function linesOf(
  snapshots: readonly Shown[],
  style: ReturnType<typeof styleOf>,
  most: number | null,
): Promise<readonly string[]> {
  if (most !== null) return (await import('./render/screenful.js')).screenful(snapshots, style, most);
  const [{ renderStatus }, { folded }] = await Promise.all([import('./render/status.js'), import('./render/fit.js')]);
  return folded(snapshots.map((snapshot) => renderStatus(snapshot, style)).join('\n\n'), style);
}

/** In place on a terminal: written over from the top, without a flash. */
function screen(context: Context, lines: readonly string[]): void {
  const { io } = context;
  if (io.interactive) io.stdout(`\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
  else io.stdout(`${lines.join('\n')}\n`);
}
