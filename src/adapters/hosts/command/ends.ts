/** Patroni needs this long to stop cleanly and give its leader key back; the command gets it beyond `deadlines.host`. */
export const CLEAN_STOP_MS = 60_000;

/** How long a log may take: it is evidence, never a condition. */
export const LOG_DEADLINE_MS = 1_000;

/** ssh's own code for "could not get there", which says nothing about the member. */
export const NOT_REACHED = 255;

/** In the words of a program, of sudo, and of a kernel that lets nobody in. */
export const isDenied = (stderr: string): boolean =>
  /Permission denied|Operation not permitted|a password is required|not allowed to/.test(stderr);

export const endText = (code: number | null): string => (code === null ? 'ended by a signal' : `exit code ${code}`);

/** The last lines of what was printed; the end of the last one begins none. */
export function linesOf(stdout: string, count: number): readonly string[] {
  const lines = stdout.split(/\r?\n/);
  return (lines.at(-1) === '' ? lines.slice(0, -1) : lines).slice(-count);
}
