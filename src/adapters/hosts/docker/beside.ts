import { z } from 'zod';
import { engineMessage, type Engine } from './engine.js';
import { logLinesFrom } from './logs.js';

/** A container as far as a second one has to know it to see the same volumes. */
const describedAs = z.object({
  Id: z.string(),
  Image: z.string(),
  Config: z.object({ Env: z.array(z.string()).nullish() }),
  State: z.object({ Running: z.boolean(), Paused: z.boolean().catch(false), Restarting: z.boolean().catch(false) }),
  Mounts: z.array(z.object({ Destination: z.string() })).catch([]),
});
export type Described = z.infer<typeof describedAs>;

const DESCRIBE_MS = 15_000;
const LABEL = 'ekimi.beside';
const stateAs = z.object({
  Id: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({ Running: z.boolean() }),
});
const createdAs = z.object({ Id: z.string() });

/** What a second container printed. `begun`: it may have done something, whatever became of it. */
export type Beside = { readonly lines: readonly string[] } | { readonly why: string; readonly begun: boolean };

interface Work {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Where the data directory is; null: the container's own environment says it. */
  readonly dataDir: string | null;
  readonly deadlineMs: number;
  /** Its volumes are mounted so: it only looks. */
  readonly readOnly: boolean;
}

/**
 * Runs a script where the volumes of a container are, also of one that is stopped, in which nothing can be run: in a second container of the same
 * image, without a network, as root. Its name is made of the member's, so that the engine itself lets no two of them at one directory. It is not
 * removed by the engine: that would take along a volume without a name whose container is made anew at this moment.
 */
export async function besideContainer(engine: Engine, of: Described, work: Work): Promise<Beside> {
  const made = await createOnce(engine, of, work);
  if ('why' in made) return made;
  const path = `/containers/${made.id}`;
  const { deadlineMs } = work;
  const remove = () => engine.call({ method: 'DELETE', path, query: { force: '1', v: '0' }, deadlineMs });
  const started = await engine.call({ method: 'POST', path: `${path}/start`, deadlineMs });
  if (started.kind === 'fault' || started.status >= 300) {
    await remove();
    return started.kind === 'fault'
      ? { why: started.fault.why, begun: started.written }
      : { why: engineMessage(started.body), begun: false };
  }
  // Where it takes longer it goes on, under its name: whoever comes next is told so, and clears it away once it is over.
  const ended = await engine.call({ method: 'POST', path: `${path}/wait`, deadlineMs });
  if (ended.kind === 'fault') return { why: ended.fault.why, begun: true };
  const printed = await engine.call({ method: 'GET', path: `${path}/logs`, query: { stdout: '1' }, deadlineMs });
  await remove();
  if (printed.kind === 'fault') return { why: printed.fault.why, begun: true };
  return printed.status === 200
    ? { lines: logLinesFrom(printed.body) }
    : { why: engineMessage(printed.body), begun: true };
}

/** One that ended and was left behind, by a death of ours, is cleared away. */
async function createOnce(
  engine: Engine,
  of: Described,
  work: Work,
): Promise<{ readonly id: string } | { readonly why: string; readonly begun: false }> {
  const { deadlineMs } = work;
  const name = `ekimi-beside-${work.name}`;
  const no = (why: string) => ({ why, begun: false }) as const;
  const create = () =>
    engine.call({ method: 'POST', path: '/containers/create', query: { name }, json: bodyOf(of, work), deadlineMs });
  let created = await create();
  if (created.kind === 'answer' && created.status === 409) {
    const left = await engine.call({ method: 'GET', path: `/containers/${encodeURIComponent(name)}/json`, deadlineMs });
    const state = left.kind === 'answer' ? stateAs.safeParse(jsonOf(left.body)).data : undefined;
    if (state === undefined || state.Config.Labels?.[LABEL] !== work.name) return no(`${name} is there, and not ours`);
    if (state.State.Running) return no(`${name} is at work there already`);
    await engine.call({ method: 'DELETE', path: `/containers/${state.Id}`, query: { v: '0' }, deadlineMs });
    created = await create();
  }
  if (created.kind === 'fault') return no(created.fault.why);
  if (created.status >= 300) return no(`status ${created.status}: ${engineMessage(created.body)}`);
  const id = createdAs.safeParse(jsonOf(created.body)).data?.Id;
  return id === undefined ? no('the engine told no id') : { id };
}

function bodyOf(of: Described, { name, script, args, dataDir, readOnly }: Work): object {
  const env = of.Config.Env ?? [];
  return {
    Image: of.Image,
    Entrypoint: ['sh', '-c', script, 'sh', ...args],
    Cmd: [],
    User: '0',
    WorkingDir: '/',
    Healthcheck: { Test: ['NONE'] },
    Labels: { [LABEL]: name },
    // The last of a name is the one that counts.
    Env: dataDir === null ? env : [...env.filter((each) => !each.startsWith('PGDATA=')), `PGDATA=${dataDir}`],
    HostConfig: { VolumesFrom: [readOnly ? `${of.Id}:ro` : of.Id], NetworkMode: 'none', RestartPolicy: { Name: 'no' } },
  };
}

/** Null: it is no JSON. */
function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

/** A container as it is; a text: why nobody can tell. */
export async function describeContainer(engine: Engine, container: string): Promise<Described | string> {
  const path = `/containers/${encodeURIComponent(container)}/json`;
  const outcome = await engine.call({ method: 'GET', path, deadlineMs: DESCRIBE_MS });
  if (outcome.kind === 'fault') return outcome.fault.why;
  if (outcome.status !== 200) return `status ${outcome.status}: ${engineMessage(outcome.body)}`;
  const parsed = describedAs.safeParse(jsonOf(outcome.body));
  return parsed.success ? parsed.data : 'the engine described no container';
}
