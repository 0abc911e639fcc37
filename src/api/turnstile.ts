import { ApiError } from './errors.js';

/**
 * Lets `atOnce` pieces of heavy work run and as many wait as `waiting` allows; who comes on top is told to come again. A page of the journal
 * costs megabytes while it is made: a hundred dashboards that reconnect at once must not cost the controller its memory.
 */
export class Turnstile {
  readonly #limits: { readonly atOnce: number; readonly waiting: number };
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(limits: { readonly atOnce: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  /** Rejects with `too-many-reads` where the queue is full. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.atOnce) {
      if (this.#queue.length >= this.#limits.waiting) throw new ApiError('too-many-reads');
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }
}
