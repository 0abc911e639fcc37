import type { RunOverview } from '../api/run-overview.js';
import { toJson } from '../model/json.js';
import { spanText } from '../words/amounts.js';
import { exitCode, type ExitName } from './cli-error.js';
import type { DaemonClient } from './client.js';
import { nowOf, print, styleOf, type Context } from './context.js';
import { isAwayFor, SILENCE_MS } from './progress.js';
import { renderRun, renderStage } from './render/run.js';

const EVERY_MS = 1_000;
/** A stage that takes long is told again so often, with what has come of it. */
const AGAIN_MS = 30_000;

/** How it ends for whoever follows it; absent: it goes on. */
const EXIT_OF_PHASE: Readonly<Partial<Record<RunOverview['phase'], ExitName>>> = {
  succeeded: 'ok',
  aborted: 'failed',
  held: 'held',
  paused: 'held',
};

/** What it waits for, whatever figures stand in it. */
const waitOf = ({ phase, left, now }: RunOverview): string =>
  `${phase} ${left[0]?.key ?? ''} ${now.replaceAll(/\d+/g, '')}`;

/**
 * A line a stage and whatever it waits for, or as JSON the run in a line of its own, until it ends, or until a person has to look: then with what
 * they can do. Sets the exit code by that. It goes on when whoever follows it stops.
 */
export async function followRun(
  context: Context,
  client: DaemonClient,
  { scope, id, json = false }: { readonly scope: string; readonly id: string; readonly json?: boolean },
): Promise<void> {
  const beganMs = nowOf(context);
  let answeredMs = context.io.now();
  let last = { key: '', atMs: beganMs };
  const line = (key: string, text: string, value: unknown): void => {
    const nowMs = nowOf(context);
    if (key === last.key && nowMs - last.atMs < AGAIN_MS) return;
    print(context, json ? toJson(value) : `${spanText(nowMs - beganMs).padStart(6)}  ${text}`);
    last = { key, atMs: nowMs };
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
    if (run === undefined) line('away', 'the daemon is away; waiting for it', { run: null });
    else {
      answeredMs = context.io.now();
      const exit = EXIT_OF_PHASE[run.phase];
      if (exit !== undefined) {
        print(context, json ? toJson({ run }) : renderRun(scope, run, styleOf(context)));
        context.exit = exitCode(exit);
        return;
      }
      line(waitOf(run), renderStage(run, styleOf(context)), { run });
    }
    await context.io.sleep(EVERY_MS);
  }
  if (!json) print(context, 'it goes on: ekimi procedures shows where it stands');
  context.exit = exitCode('failed');
}
