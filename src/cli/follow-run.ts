import type { RunOverview } from '../api/runs.js';
import { spanText } from '../words/amounts.js';
import { exitCode, type ExitName } from './cli-error.js';
import type { DaemonClient } from './client.js';
import { nowOf, print, styleOf, type Context } from './context.js';
import { isAwayFor, SILENCE_MS } from './progress.js';
import { renderRun, renderStage } from './render/run.js';

const EVERY_MS = 1_000;

/** How it ends for whoever follows it; absent: it goes on. */
const EXIT_OF_PHASE: Readonly<Partial<Record<RunOverview['phase'], ExitName>>> = {
  succeeded: 'ok',
  aborted: 'failed',
  held: 'held',
  paused: 'held',
};

/**
 * A line a stage, until it ends, or until a person has to look: then with what they can do. Sets the exit code by that. It goes on when whoever follows it
 * stops.
 */
export async function followRun(context: Context, client: DaemonClient, scope: string, id: string): Promise<void> {
  const beganMs = nowOf(context);
  let answeredMs = context.io.now();
  let last = '';
  const line = (key: string, text: string): void => {
    if (key !== last) print(context, `${spanText(nowOf(context) - beganMs).padStart(6)}  ${text}`);
    last = key;
  };
  while (!context.io.stop.aborted) {
    const runs = await client.runs(scope).catch((cause: unknown) => {
      if (!isAwayFor(context, cause, answeredMs)) throw cause;
      return null;
    });
    const run = runs?.find((row) => row.id === id);
    // It was begun, and a crash came before etcd had it: nobody has it now.
    if (runs !== null && run === undefined && context.io.now() - answeredMs > SILENCE_MS) {
      print(context, `the daemon answers and has no run ${id}: ekimi procedures shows those that it has`);
      context.exit = exitCode('failed');
      return;
    }
    if (run === undefined) line('away', 'the daemon is away; waiting for it');
    else {
      answeredMs = context.io.now();
      const exit = EXIT_OF_PHASE[run.phase];
      if (exit !== undefined) {
        print(context, renderRun(scope, run, styleOf(context)));
        context.exit = exitCode(exit);
        return;
      }
      line(`${run.phase} ${run.left[0]?.key ?? ''}`, renderStage(run));
    }
    await context.io.sleep(EVERY_MS);
  }
  print(context, 'it goes on: ekimi procedures shows where it stands');
  context.exit = exitCode('failed');
}
