// What a command costs as a whole process.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Wall and processor milliseconds of a command with all its children, as bash counts them. */
export async function timed(...command) {
  const env = { ...process.env, PGPASSWORD: 'postgres', TIMEFORMAT: '%R %U %S', LC_ALL: 'C' };
  const { stderr } = await run('bash', ['-c', 'time "$@" >/dev/null', 'bash', ...command], { env });
  const [wall, user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}
