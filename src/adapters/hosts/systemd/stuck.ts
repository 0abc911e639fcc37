import type { Clock } from '../../../ports/clock.js';
import type { CommandOutcome } from '../command/run.js';

/**
 * Programs that were killed and have not ended, as one does not on a mount that hangs, or under another user: there is never a second one at the same
 * data. Until it ends, what is asked is answered with the time for which it has been standing.
 */
export class Stuck {
  /** Since when, by the monotonic clock. */
  readonly #since = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** Why nothing more is begun there; null: nothing stands. */
  whyNot(host: string): string | null {
    const sinceMs = this.#since.get(host);
    if (sinceMs === undefined) return null;
    const seconds = Math.round((this.clock.monotonic() - sinceMs) / 1000);
    return `one that was killed ${seconds} s ago has not ended: the file system hangs, and it is asked again when it has`;
  }

  /** What became of a program at the data of a host. */
  ran(host: string, outcome: CommandOutcome): void {
    if (outcome.kind !== 'fault' || outcome.gone === undefined) return;
    this.#since.set(host, this.clock.monotonic());
    void outcome.gone.then(() => this.#since.delete(host));
  }
}
