import { z } from 'zod';
import type { Clock } from '../../../ports/clock.js';
import type { Deaths, EngineEvent } from './deaths.js';
import type { Engine } from './engine.js';

/** What can change whether a part runs. `exec_*` is left out: every health check makes three of them. */
const ACTIONS = [
  'start',
  'stop',
  'restart',
  'die',
  'kill',
  'oom',
  'pause',
  'unpause',
  'destroy',
  'health_status',
  'update',
  'rename',
] as const;

/** Between two tries to reach the engine; doubles from the first to the second. */
const BACK_OFF_MS = { first: 1_000, longest: 30_000 } as const;

const eventDocument = z.compile(
  z.object({
    Action: z.string(),
    Actor: z.object({
      ID: z.string().catch(''),
      Attributes: z.object({ name: z.string(), exitCode: z.coerce.number().nullable().catch(null) }),
    }),
    timeNano: z.number().nullable().catch(null),
  }),
);

/** One line of the stream; null for anything that names no container. */
function eventFrom(line: string): EngineEvent | null {
  try {
    const { Action, Actor, timeNano } = eventDocument.parse(JSON.parse(line));
    const { name, exitCode } = Actor.Attributes;
    return { name, action: Action, id: Actor.ID, exitCode, atNs: timeNano };
  } catch {
    return null;
  }
}

/**
 * Calls back on the engine's events of the named containers, until stopped. A wake-up: what is lost while the stream is down
 * the next pass sees anyway, and a stream that breaks off wakes once as well. `names` maps the container to our own word for it. Deaths are also noted in
 * `deaths`, for as long as the stream lasts.
 */
export function watchEvents(
  engine: Engine,
  clock: Clock,
  names: ReadonlyMap<string, string>,
  deaths: Deaths,
  wake: (what: string) => void,
): () => void {
  const stop = new AbortController();
  const filters = JSON.stringify({ type: ['container'], container: [...names.keys()], event: ACTIONS });

  /** One connection's life; true if it came about at all. */
  async function once(): Promise<boolean> {
    let opened = false;
    let rest = '';
    try {
      for await (const chunk of engine.stream('/events', { filters }, stop.signal)) {
        opened = true;
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        const events = lines.map(eventFrom).filter((event) => event !== null && names.has(event.name)) as EngineEvent[];
        for (const event of events) deaths.note(event);
        deaths.tell();
        for (const { name, action } of events) wake(`${names.get(name) ?? name}: ${action}`);
      }
    } catch {
      // An engine that is away is seen by the readings, with its reason; here it only means: try again.
    }
    return opened;
  }

  async function run(signal: AbortSignal): Promise<void> {
    let waitMs: number = BACK_OFF_MS.first;
    for (;;) {
      const opened = await once();
      deaths.forget();
      if (signal.aborted) return;
      if (opened) {
        waitMs = BACK_OFF_MS.first;
        wake('the event stream was interrupted');
      }
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 2, BACK_OFF_MS.longest);
    }
  }

  if (names.size > 0) void run(stop.signal);
  return () => {
    stop.abort();
  };
}
