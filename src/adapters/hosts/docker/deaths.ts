import type { HostStatus } from '../../../model/host.js';
import { fresh, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';

/** What the engine told of a container. */
export interface EngineEvent {
  readonly name: string;
  readonly action: string;
  /** The container's; empty where the engine told none. */
  readonly id: string;
  /** Of a death. */
  readonly exitCode: number | null;
  /** Nanoseconds by the engine's clock, as exactly as a number has them. */
  readonly atNs: number | null;
}

/** For so long an event stands in for an answer, at most: the engine takes the network of a dead container apart within this, and then answers itself. */
const TELLS_MS = 1_000;

/** These come with a death; any other event of a container tells that it has gone on since. */
const OF_DEATHS: ReadonlySet<string> = new Set(['die', 'kill', 'stop']);
/** After these there is more to a death than its event tells: for lack of memory, or the engine may start the container again by itself. */
const TELLING_MORE: ReadonlySet<string> = new Set(['oom', 'update', 'rename']);

interface Seen {
  readonly status: HostStatus;
  readonly askedMs: number;
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
 * stream, with any event of its going on, and as soon as the engine answers itself.
 */
export class Deaths {
  private readonly seen = new Map<string, Seen>();
  private readonly dead = new Map<string, Death>();
  private readonly lastNs = new Map<string, number>();
  private readonly open = new Map<string, Promise<Reading<HostStatus>>>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly clock: Pick<Clock, 'now' | 'monotonic'>) {}

  /** What the engine itself answered to what it was asked at `askedMs` (monotonic), and whether it would start it again. */
  answered(container: string, status: HostStatus, isRestarted: boolean, askedMs: number): void {
    if (askedMs < (this.seen.get(container)?.askedMs ?? -Infinity)) return;
    this.seen.set(container, { status, askedMs, isAsked: isRestarted });
    // It speaks again. But what was asked before the death may tell of what was before it.
    const toldMs = this.dead.get(container)?.toldMs ?? -Infinity;
    if (status.state === 'stopped' || askedMs > toldMs) this.dead.delete(container);
  }

  /** Told again, by another stream that lags, it is nothing new. */
  note({ name, action, id, exitCode, atNs }: EngineEvent): void {
    const isOld = atNs === null || atNs <= (this.lastNs.get(name) ?? -Infinity);
    if (isOld) return;
    this.lastNs.set(name, atNs);
    if (!OF_DEATHS.has(action)) this.dead.delete(name);
    const last = this.seen.get(name);
    if (last === undefined) return;
    if (TELLING_MORE.has(action)) this.seen.set(name, { ...last, askedMs: this.clock.monotonic(), isAsked: true });
    // Another run, of which nobody has seen anything yet.
    if (action === 'start') this.seen.delete(name);
    const { status, isAsked } = last;
    const ran = status.state === 'running' || status.state === 'paused';
    if (action !== 'die' || isAsked || !ran || id !== status.id) return;
    const died: HostStatus = { ...status, state: 'stopped', exitCode, finishedAtMs: Math.floor(atNs / 1e6) };
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

  /**
   * The death that the engine has told, for as long as it does not answer itself; else its answer. One question of ours is open while a death stands in.
   * `source`: where such an event is from.
   */
  orTold(container: string, source: string, ask: () => Promise<Reading<HostStatus>>): Promise<Reading<HostStatus>> {
    const answer = this.of(container) === null ? ask() : this.askOnce(container, ask);
    return new Promise((resolve) => {
      const go = (): void => {
        const status = this.of(container);
        if (status !== null) done(fresh(status, this.clock.now(), source));
      };
      const done = (reading: Reading<HostStatus>): void => {
        this.waiting.delete(go);
        resolve(reading);
      };
      this.waiting.add(go);
      void answer.then(done);
      go();
    });
  }

  private askOnce(container: string, ask: () => Promise<Reading<HostStatus>>): Promise<Reading<HostStatus>> {
    const open = this.open.get(container) ?? ask().finally(() => this.open.delete(container));
    this.open.set(container, open);
    return open;
  }

  private of(container: string): HostStatus | null {
    const death = this.dead.get(container);
    return death !== undefined && this.clock.monotonic() - death.toldMs <= TELLS_MS ? death.status : null;
  }
}
