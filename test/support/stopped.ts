import { readdirSync, readFileSync } from 'node:fs';

const MOST_MS = 2_000;

/** The signal is on its way when `kill` returns: on a busy machine a thread answers one more request. Waits until all of them stand still (Linux). */
export function stopProcess(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  const deadlineMs = performance.now() + MOST_MS;
  while (!statesOf(pid).every((state) => 'TtZX'.includes(state)))
    if (performance.now() > deadlineMs) throw new Error(`process ${pid} does not stop within ${MOST_MS / 1000} s`);
}

/** A letter for each thread; what follows the name in brackets, which may hold anything. */
function statesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    });
  } catch {
    // It or one of its threads ended meanwhile.
    return [];
  }
}
