import { fresh, unknown, type Reading } from '../../../model/reading.js';
import type { RightName, RightSeen } from '../../../model/rights.js';
import type { Clock } from '../../../ports/clock.js';
import { engineMessage, type Engine } from './engine.js';

/** No container can be called so: Docker's names begin with a letter or a digit. */
const NOBODY = '/containers/-ekimi-asks';

interface Question {
  readonly right: RightName;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly verb: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: object;
  readonly tar?: Buffer;
}

const QUESTIONS: readonly Question[] = [
  { right: 'docker-start', method: 'POST', verb: 'start' },
  { right: 'docker-stop', method: 'POST', verb: 'stop' },
  { right: 'docker-kill', method: 'POST', verb: 'kill' },
  { right: 'docker-restart', method: 'POST', verb: 'restart' },
  { right: 'docker-logs', method: 'GET', verb: 'logs', query: { stdout: '1' } },
  { right: 'docker-exec', method: 'POST', verb: 'exec', json: { AttachStdout: true, Cmd: ['true'] } },
];

const ARCHIVE: Question = {
  right: 'docker-archive',
  method: 'PUT',
  verb: 'archive',
  query: { path: '/' },
  tar: Buffer.alloc(1_024),
};

/**
 * Whoever lets a request through to the engine has it answer 404, since nobody bears that name; what stands before it (a proxy of its socket,
 * an authorization plug-in) says 401, 403 or 405 instead.
 */
export async function rightsInDocker(
  engine: Engine,
  { deadlineMs, clock, isTagged }: { readonly deadlineMs: number; readonly clock: Clock; readonly isTagged: boolean },
): Promise<readonly RightSeen[]> {
  return Promise.all(
    [...QUESTIONS, ...(isTagged ? [ARCHIVE] : [])].map(async ({ right, verb, ...request }) => {
      const source = `${request.method} /containers/NAME/${verb} on ${engine.address}`;
      const said = (fault: 'denied' | 'http-status', why: string): Reading<'granted'> =>
        unknown(fault, `${source}: ${why}`, clock.now(), source);
      const outcome = await engine.call({ ...request, path: `${NOBODY}/${verb}`, deadlineMs });
      if (outcome.kind === 'fault') {
        const { fault, why } = outcome.fault;
        return { right, seen: unknown(fault, `${source}: ${why}`, clock.now(), source) };
      }
      const { status, body } = outcome;
      if (status === 404) return { right, seen: fresh('granted', clock.now(), source) };
      const why = `status ${status}: ${engineMessage(body).slice(0, 120)}`;
      return { right, seen: said([401, 403, 405].includes(status) ? 'denied' : 'http-status', why) };
    }),
  );
}
