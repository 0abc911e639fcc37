import type { Remediation, RemediationPhase } from '../model/ledger.js';
import type { Progress } from '../verify/progress.js';
import { CliError, exitCode, type ExitName } from './cli-error.js';
import type { DaemonClient } from './client.js';
import { nowOf, print, styleOf, type Context } from './context.js';
import { renderProgress, renderVerdict } from './render/procedure.js';

const EVERY_MS = 500;
/** A daemon that has just started knows nothing of the ledger until it holds tenure. */
const AWAY: readonly string[] = ['no-snapshot-yet', 'unknown-remediation'];
/** A daemon that restarts, or a successor that takes over, is back within this. */
export const SILENCE_MS = 60_000;

export interface Watched {
  readonly remediation: Remediation;
  readonly progress: Progress;
}

const EXIT_OF_PHASE: Readonly<Partial<Record<RemediationPhase, ExitName>>> = {
  succeeded: 'ok',
  failed: 'failed',
  ineffective: 'ineffective',
  abandoned: 'ineffective',
};

/** One line until the verdict: rewritten on a terminal, elsewhere a line for each change. Sets the exit code by the verdict. */
export async function watch(
  context: Context,
  client: DaemonClient,
  { scope, id, quiet }: { readonly scope: string; readonly id: string; readonly quiet: boolean },
): Promise<Watched | null> {
  const beganMs = nowOf(context);
  const line = new LiveLine(context, quiet);
  let answeredMs = context.io.now();
  while (!context.io.stop.aborted) {
    const now = await client.remediation(scope, id).catch((cause: unknown) => {
      if (!isAwayFor(context, cause, answeredMs)) throw cause;
      return null;
    });
    if (now === null) line.show('the daemon is away; waiting for it', nowOf(context) - beganMs);
    else {
      answeredMs = context.io.now();
      if (now.progress.ended) return ended(context, line, now, nowOf(context) - beganMs, quiet);
      line.show(renderProgress(now.progress, context.io.interactive ? 'live' : 'log'), nowOf(context) - beganMs);
    }
    await context.io.sleep(EVERY_MS);
  }
  line.end();
  if (!quiet) print(context, `no verdict yet; it goes on: ekimi journal list shows what becomes of ${id}`);
  context.exit = exitCode('failed');
  return null;
}

/** The daemon restarts, or a successor takes over: no answer yet, and not for too long. */
export const isAwayFor = (context: Context, cause: unknown, answeredMs: number): boolean =>
  cause instanceof CliError &&
  (cause.exit === 'no-daemon' || AWAY.includes(cause.code)) &&
  context.io.now() - answeredMs <= SILENCE_MS;

function ended(context: Context, line: LiveLine, now: Watched, tookMs: number, quiet: boolean): Watched {
  line.end();
  if (!quiet) print(context, renderVerdict(now.remediation, tookMs, styleOf(context)));
  context.exit = exitCode(EXIT_OF_PHASE[now.progress.phase] ?? 'failed');
  return now;
}

class LiveLine {
  readonly #context: Context;
  readonly #quiet: boolean;
  #last = '';

  constructor(context: Context, quiet: boolean) {
    this.#context = context;
    this.#quiet = quiet;
  }

  show(text: string, sinceMs: number): void {
    if (this.#quiet) return;
    const { io } = this.#context;
    const line = `${String(Math.floor(sinceMs / 1000)).padStart(4)} s  ${text}`;
    // Written over in place; cut, because a line that wraps cannot be written over.
    if (io.interactive) io.stdout(`\r\u001b[K${line.slice(0, Math.max(20, io.columns - 1))}`);
    else if (text !== this.#last) print(this.#context, line);
    this.#last = text;
  }

  end(): void {
    if (!this.#quiet && this.#context.io.interactive && this.#last !== '') this.#context.io.stdout('\r\u001b[K');
  }
}
