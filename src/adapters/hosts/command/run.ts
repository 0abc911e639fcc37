import { spawn, type ChildProcess } from 'node:child_process';
import { faultOf, type Fault } from '../../patroni/fault.js';

export type CommandOutcome =
  /** It ran and ended. `code` null: a signal ended it. */
  | { readonly kind: 'ended'; readonly code: number | null; readonly stdout: Buffer; readonly stderr: string }
  /**
   * `started` false: the operating system did not even start it. `stdout`: what it had written before it was killed. `gone`: resolves when
   * nothing of what was killed is left, which may be never: what waits for a file system that hangs, or runs as another user, is not killed.
   */
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      readonly started: boolean;
      readonly stdout?: Buffer;
      readonly gone?: Promise<void>;
    };

const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_STDERR_CHARS = 300;

/** Replaces `{word}` in each argument; an argument stays one argument whatever its value holds, because no shell sees it. */
export const fillIn = (template: readonly string[], values: Readonly<Record<string, string>>): readonly string[] =>
  template.map((argument) => argument.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));

/**
 * Runs one program without a shell, with a deadline that counts: the program gets a process group of its own and the whole group is
 * killed, or a child that holds the pipe open (ssh's control master does) would keep us waiting for ever. Never throws.
 */
export function runCommand(
  argv: readonly string[],
  options: {
    readonly deadlineMs: number;
    readonly stdin?: Buffer;
    /** Environment variables that it does not inherit: ours, with secrets in them. */
    readonly hidden?: readonly string[];
    /** Variables that it gets beside ours. */
    readonly env?: Readonly<Record<string, string>>;
    /** How much of stderr is kept. */
    readonly stderrChars?: number;
    /** Kills it; the reason is a sentence. */
    readonly stop?: AbortSignal;
    /** Milliseconds between SIGINT, at which it may write what it has, and SIGKILL. Absent: SIGKILL at once. */
    readonly interruptMs?: number;
  },
): Promise<CommandOutcome> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    if (program === undefined) {
      const fault: Fault = { fault: 'not-configured', why: 'the command is empty' };
      resolve({ kind: 'fault', fault, started: false });
      return;
    }
    const env = { ...process.env, ...options.env };
    for (const name of options.hidden ?? []) Reflect.deleteProperty(env, name);
    let child: ChildProcess;
    try {
      child = spawn(program, args, { shell: false, detached: true, env, stdio: ['pipe', 'pipe', 'pipe'] });
    } catch (error) {
      // Too little memory, too long an argument: Node throws what it does not tell by an event.
      resolve({ kind: 'fault', fault: faultOf(error), started: false });
      return;
    }
    const stdout: Buffer[] = [];
    let bytes = 0;
    let stderr = '';
    const mostStderr = options.stderrChars ?? MAX_STDERR_CHARS;
    let isOver = false;
    let isGone: () => void = () => undefined;
    const gone = new Promise<void>((is) => {
      isGone = is;
    });
    const finish = (outcome: CommandOutcome): void => {
      clearTimeout(timer);
      clearTimeout(killing);
      options.stop?.removeEventListener('abort', stopped);
      isOver = true;
      resolve(outcome);
    };
    const give = (fault: Fault): void => {
      killGroup(child.pid, 'SIGKILL');
      // What cannot be killed must not keep us from ending either.
      for (const held of [child, child.stdin, child.stdout, child.stderr] as ({ unref?(): void } | null)[])
        held?.unref?.();
      finish({ kind: 'fault', fault, started: true, stdout: Buffer.concat(stdout), gone });
    };
    let given: Fault | null = null;
    let killing: NodeJS.Timeout | undefined;
    const abandon = (fault: Fault): void => {
      if (options.interruptMs === undefined) {
        give(fault);
        return;
      }
      if (given !== null) return;
      given = fault;
      killGroup(child.pid, 'SIGINT');
      killing = setTimeout(give, options.interruptMs, fault);
    };
    const stopped = (): void => {
      abandon({ fault: 'closed', why: String(options.stop?.reason) });
    };
    options.stop?.addEventListener('abort', stopped);
    const timer = setTimeout(() => {
      abandon({ fault: 'timeout', why: `it had not ended after ${options.deadlineMs} ms and was killed` });
    }, options.deadlineMs);
    child.on('error', (error) => {
      finish({ kind: 'fault', fault: faultOf(error), started: false });
    });
    // No file descriptor was left for the pipes (EMFILE, ENFILE): it has none, and the error comes a moment later.
    if (child.stdin == null || child.stdout == null || child.stderr == null) return;
    child.stdout.on('data', (chunk: Buffer) => {
      // Nobody waits for it any more, and it may write for ever.
      if (isOver) return;
      bytes += chunk.length;
      stdout.push(chunk);
      if (bytes > MAX_OUTPUT_BYTES) {
        abandon({ fault: 'bad-reply', why: `it wrote more than ${MAX_OUTPUT_BYTES} bytes and was killed` });
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < mostStderr) stderr = (stderr + chunk.toString('utf8')).slice(0, mostStderr);
    });
    child.on('close', (code) => {
      isGone();
      if (given !== null) finish({ kind: 'fault', fault: given, started: true, stdout: Buffer.concat(stdout), gone });
      else finish({ kind: 'ended', code, stdout: Buffer.concat(stdout), stderr: stderr.trim() });
    });
    // A program that does not read its input closes the pipe; its exit code says what it made of that.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}

function killGroup(pid: number | undefined, signal: 'SIGINT' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended in this moment.
  }
}
