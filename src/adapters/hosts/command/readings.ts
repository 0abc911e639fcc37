import { fresh, unknown, type Reading, type ReadingFault } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import { endText, isDenied, NOT_REACHED } from './ends.js';
import { identityIn } from './identity.js';
import { runCommand, type CommandOutcome } from './run.js';

export interface Reader {
  readonly clock: Pick<Clock, 'now'>;
  readonly hidden: readonly string[];
  /** Variables that the program gets beside ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told what became of it. */
  readonly ran?: (outcome: CommandOutcome) => void;
}

interface Printed<T> {
  /** As it was asked for: what names another one (`host=NAME`) is not believed. Null: what it prints is anybody's. */
  readonly host: string | null;
  readonly deadlineMs: number;
  /** What it printed, as a value; a text: why there is nothing in it. */
  readonly read: (stdout: string, stderr: string) => T | string;
}

/** Runs a program that tells something and changes nothing. Only one that exits 0, and prints what is understood, is believed. */
export async function readingBy<T extends object>(
  { clock, hidden, env = {}, ran }: Reader,
  argv: readonly string[],
  { host, deadlineMs, read }: Printed<T>,
): Promise<Reading<T>> {
  const source = argv.join(' ');
  const outcome = await runCommand(argv, { deadlineMs, hidden, env });
  ran?.(outcome);
  const no = (fault: ReadingFault, why: string): Reading<T> => unknown(fault, `${source}: ${why}`, clock.now(), source);
  if (outcome.kind === 'fault') return no(outcome.fault.fault, outcome.fault.why);
  const { code, stdout, stderr } = outcome;
  const told = host === null ? null : identityIn(stdout).host;
  if (told !== null && told !== host) return no('wrong-scope', `it answers for ${told}, not for ${host}`);
  if (code !== 0) return no(faultOfEnd(code, stderr), `${endText(code)}: ${stderr}`);
  const value = read(stdout.toString('utf8'), stderr);
  return typeof value === 'string'
    ? no('bad-reply', stderr === '' ? value : `${value}: ${stderr}`)
    : fresh(value, clock.now(), source);
}

const faultOfEnd = (code: number | null, stderr: string): ReadingFault =>
  isDenied(stderr) ? 'denied' : code === NOT_REACHED ? 'unreachable' : 'bad-reply';
