import type { HostStatus } from '../../../model/host.js';
import { fresh, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { EngineEvent } from './events.js';

/** For so long an event stands in for an answer: the engine takes the network of a dead container apart well within this, and then answers itself. */
const TELLS_MS = 2_000;

/** These come with a death; any other event of a container tells that it has gone on since. */
const OF_DEATHS: ReadonlySet<string> = new Set(['die', 'kill', 'stop']);

interface Seen {
  readonly status: HostStatus;
  /** The engine starts it again by itself, or there is more to its death than an event tells. */
  readonly isAsked: boolean;
}

interface Death {
  readonly status: HostStatus;
  readonly toldMs: number;
}

/**
 * Deaths by the engine's stream of events, for the moment in which it gives no answer: it tells a death once the process is gone, and lets nobody look at the
 * container until its network is taken apart, 0.1 to 0.4 s later. Known of a container that was last seen to run, by its id; forgotten with the
 * stream, and with any event of its going on.
 */
export class Deaths {
  private readonly seen = new Map<string, Seen>();
  private readonly dead = new Map<string, Death>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly clock: Pick<Clock, 'now' | 'monotonic'>) {}

  /** What the engine itself answered to what it was asked at `askedMs` (monotonic), and whether it would start it again. */
  answered(container: string, status: HostStatus, isRestarted: boolean, askedMs: number): void {
    this.seen.set(container, { status, isAsked: isRestarted });
    // What was asked before the death may tell of what was before it.
    const isLater = askedMs > (this.dead.get(container)?.toldMs ?? -Infinity);
    if (status.state !== 'stopped' && isLater) this.dead.delete(container);
  }

  note({ name, action, id, exitCode, atMs }: EngineEvent): void {
    const last = this.seen.get(name);
    if (last === undefined) return;
    if (action === 'oom') this.seen.set(name, { ...last, isAsked: true });
    if (!OF_DEATHS.has(action)) this.dead.delete(name);
    const { status, isAsked } = last;
    const ran = status.state === 'running' || status.state === 'paused';
    if (action !== 'die' || isAsked || !ran || id !== status.id) return;
    const died: HostStatus = { ...status, state: 'stopped', exitCode, finishedAtMs: atMs };
    this.dead.set(name, { status: died, toldMs: this.clock.monotonic() });
  }

  /** All that has arrived is noted: whoever waits for one that died has the answer, unless it has gone on since. */
  tell(): void {
    for (const go of [...this.waiting]) go();
  }

  /** What came while nobody listened is not known. */
  forget(): void {
    this.dead.clear();
  }

  /** The answer of the engine, or the death that it has told, whichever comes first. `source`: where such an event is from. */
  orTold(container: string, source: string, answer: Promise<Reading<HostStatus>>): Promise<Reading<HostStatus>> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        const status = this.of(container);
        if (status !== null) done(fresh(status, this.clock.now(), source));
      };
      const done = (reading: Reading<HostStatus>): void => {
        this.waiting.delete(go);
        resolve(reading);
      };
      this.waiting.add(go);
      answer.then(done, reject);
      go();
    });
  }

  private of(container: string): HostStatus | null {
    const death = this.dead.get(container);
    return death !== undefined && this.clock.monotonic() - death.toldMs <= TELLS_MS ? death.status : null;
  }
}
