import type { Fault } from '../../patroni/fault.js';
import { engineMessage, type Engine } from './engine.js';
import { logLinesFrom } from './logs.js';

/** What a command printed to its standard output inside a container, or why there is nothing. */
export type Printed = { readonly lines: readonly string[] } | { readonly fault: Fault };

/**
 * Runs a command in a container by the Engine API. The engine does not end it when we stop waiting, so what may hang has to end itself. Whoever
 * reads the output looks for its own end mark: the exit code would be one more request.
 */
export async function execIn(
  engine: Engine,
  container: string,
  { cmd, deadlineMs }: { readonly cmd: readonly string[]; readonly deadlineMs: number },
): Promise<Printed> {
  const refused = (why: string): Printed => ({ fault: { fault: 'bad-reply', why } });
  const created = await engine.call({
    method: 'POST',
    path: `/containers/${encodeURIComponent(container)}/exec`,
    json: { AttachStdout: true, AttachStderr: false, Cmd: cmd },
    deadlineMs,
  });
  if (created.kind === 'fault') return { fault: created.fault };
  if (created.status >= 300) return refused(engineMessage(created.body));
  const id = idIn(created.body);
  if (id === null) return refused('the engine told no id');
  const ran = await engine.call({
    method: 'POST',
    path: `/exec/${id}/start`,
    json: { Detach: false, Tty: false },
    deadlineMs,
  });
  if (ran.kind === 'fault') return { fault: ran.fault };
  return ran.status >= 300 ? refused(engineMessage(ran.body)) : { lines: logLinesFrom(ran.body) };
}

function idIn(body: Buffer): string | null {
  try {
    const { Id } = JSON.parse(body.toString('utf8')) as { readonly Id?: unknown };
    return typeof Id === 'string' && /^[0-9a-f]+$/i.test(Id) ? Id : null;
  } catch {
    return null;
  }
}
