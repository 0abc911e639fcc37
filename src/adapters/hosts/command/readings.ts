import { fresh, unknown, type Reading, type ReadingFault } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import { endText, NOT_REACHED } from './ends.js';
import { identityIn } from './identity.js';
import { runCommand } from './run.js';

export interface Reader {
  readonly clock: Pick<Clock, 'now'>;
  readonly hidden: readonly string[];
}

interface Printed<T> {
  /** As it was asked for: what names another one (`host=NAME`) is not believed. */
  readonly host: string;
  readonly deadlineMs: number;
  /** What it printed, as a value; a text: why there is nothing in it. */
  readonly read: (stdout: string, stderr: string) => T | string;
}

/** Runs a program that tells something and changes nothing. Only one that exits 0, and prints what is understood, is believed. */
export async function readingBy<T extends object>(
  { clock, hidden }: Reader,
  argv: readonly string[],
  { host, deadlineMs, read }: Printed<T>,
): Promise<Reading<T>> {
  const source = argv.join(' ');
  const outcome = await runCommand(argv, { deadlineMs, hidden });
  const no = (fault: ReadingFault, why: string): Reading<T> => unknown(fault, `${source}: ${why}`, clock.now(), source);
  if (outcome.kind === 'fault') return no(outcome.fault.fault, outcome.fault.why);
  const { code, stdout, stderr } = outcome;
  const told = identityIn(stdout);
  if (told.host !== null && told.host !== host)
    return no('wrong-scope', `it answers for ${told.host}, not for ${host}`);
  if (code !== 0) return no(code === NOT_REACHED ? 'unreachable' : 'bad-reply', `${endText(code)}: ${stderr}`);
  const value = read(stdout.toString('utf8'), stderr);
  return typeof value === 'string'
    ? no('bad-reply', stderr === '' ? value : `${value}: ${stderr}`)
    : fresh(value, clock.now(), source);
}
