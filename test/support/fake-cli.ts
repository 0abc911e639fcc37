import type { CommandBackend } from '../../src/cli/backend.js';
import type { CliIo } from '../../src/cli/io.js';
import { runCli } from '../../src/cli/program.js';
import type { JournalEntry } from '../../src/model/entry.js';
import { NOW_MS } from './snapshots.js';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface CliSetup {
  readonly backend?: Partial<CommandBackend>;
  /** At the other end is a terminal of this size. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  readonly env?: CliIo['env'];
  /** Path to content. */
  readonly files?: Readonly<Record<string, string>>;
  readonly nowMs?: number;
  readonly stop?: AbortSignal;
  readonly sleep?: () => Promise<void>;
  /** So many writes to standard output fail before one succeeds. */
  readonly failOut?: number;
}

const unasked = (): never => {
  throw new Error('the command asked for something that this test does not give');
};

/** One command line, with nothing real but what `backend` brings. */
export async function cli(argv: string, setup: CliSetup = {}): Promise<Ran> {
  let [out, err] = ['', ''];
  let failures = setup.failOut ?? 0;
  const files = setup.files ?? {};
  const io: CliIo = {
    stdout: (text) => {
      if (failures-- > 0) throw new Error('the terminal is gone');
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    color: false,
    interactive: setup.terminal !== undefined,
    columns: 100,
    ...setup.terminal,
    env: setup.env ?? {},
    now: () => setup.nowMs ?? NOW_MS,
    sleep: setup.sleep ?? (async () => undefined),
    stop: setup.stop ?? new AbortController().signal,
    fileExists: (path) => path in files,
    readFile: async (path) => files[path] ?? unasked(),
  };
  const backend: CommandBackend = {
    version: '0.1.0',
    run: unasked,
    demo: unasked,
    check: unasked,
    plan: unasked,
    doctor: unasked,
    notifyTest: unasked,
    configCheck: unasked,
    policies: unasked,
    addresses: unasked,
    readJournal: unasked,
    verifyJournal: unasked,
    replayer: unasked,
    ...setup.backend,
  };
  // Quoted words stay together, as a shell would keep them.
  const words = [...argv.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  return { exit: await runCli(words, backend, io), out, err };
}

export async function* entriesFrom(entries: readonly JournalEntry[]): AsyncIterable<JournalEntry> {
  await Promise.resolve();
  yield* entries;
}
