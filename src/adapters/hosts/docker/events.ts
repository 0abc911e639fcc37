import type { Clock } from '../../../ports/clock.js';
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
] as const;

/** Between two tries to reach the engine; doubles from the first to the second. */
const BACK_OFF_MS = { first: 1_000, longest: 30_000 } as const;

interface EngineEvent {
  readonly name: string;
  readonly action: string;
}

/** One line of the stream; null for anything that names no container. */
function eventFrom(line: string): EngineEvent | null {
  try {
    const json = JSON.parse(line) as { Action?: unknown; Actor?: { Attributes?: { name?: unknown } } } | null;
    const name = json?.Actor?.Attributes?.name;
    return typeof name === 'string' && typeof json?.Action === 'string' ? { name, action: json.Action } : null;
  } catch {
    return null;
  }
}

/**
 * Calls back on the engine's events of the named containers, until stopped. A wake-up only: what is lost while the stream is down
 * the next pass sees anyway, and a stream that breaks off wakes once as well. `names` maps the container to our own word for it.
 */
export function watchEvents(
  engine: Engine,
  clock: Clock,
  names: ReadonlyMap<string, string>,
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
        for (const event of lines.map(eventFrom)) {
          const known = event === null ? undefined : names.get(event.name);
          if (event !== null && known !== undefined) wake(`${known}: ${event.action}`);
        }
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
