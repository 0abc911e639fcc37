/** The terminal, the clock and the files as the commands see them, so that tests need none of the three. */
export interface CliIo {
  stdout(text: string): void;
  stderr(text: string): void;
  /** A terminal is at the other end, and nobody asked for no colour. */
  readonly color: boolean;
  readonly interactive: boolean;
  readonly columns: number;
  /** Lines of the terminal; absent: nobody can tell. */
  readonly rows?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  now(): number;
  /** Resolves after `ms` or when `stop` aborts. */
  sleep(ms: number): Promise<void>;
  /** SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
  /** What is typed to call this program; absent: `ekimi`. */
  readonly called?: string;
  fileExists(path: string): boolean;
  readFile(path: string): Promise<string>;
}

/** How a program that was started as that script is called again: by its name where that was it, else by what `node` can load. */
export function calledAs(script: string | undefined): string {
  const name = script?.split('/').at(-1);
  if (script === undefined || name === 'ekimi') return 'ekimi';
  return name === 'start.mjs' ? 'node dist/cli/main.js' : `node ${script}`;
}

/** NO_COLOR and FORCE_COLOR as their conventions say; otherwise colour only on a terminal. */
export function wantsColor(env: CliIo['env'], isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '' && env['FORCE_COLOR'] !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb';
}
