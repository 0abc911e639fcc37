import { checkFailed } from './render/check-failed.js';

/** The parts of `process` that a guard needs. */
interface Ends {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (cause: unknown) => void): unknown;
  readonly stdout: { write(text: string): unknown };
  exit(code: number): void;
}

export const isCheck = (argv: readonly string[]): boolean => argv[0] === 'check';

/** Why a check could not be made, as the one line of a monitoring plugin. */
export const failureLine = (cause: unknown): string =>
  `${checkFailed(cause instanceof Error ? cause.message : String(cause)).line}\n`;

/**
 * Node ends a process with 1 on what nobody catches, and a monitoring system reads 1 as WARNING: for `ekimi check` whatever happens outside
 * of the command itself (a stream's error event, a library that cannot be loaded) is UNKNOWN too.
 */
export function guardCheck(argv: readonly string[], ends: Ends): void {
  if (!isCheck(argv)) return;
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    ends.on(event, (cause) => {
      ends.stdout.write(failureLine(cause));
      ends.exit(3);
    });
}
