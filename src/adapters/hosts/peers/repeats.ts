import type { Clock } from '../../../ports/clock.js';

const KEPT_MS = 60_000;
const MOST = 256;

interface Kept<T> {
  readonly said: string;
  readonly answer: Promise<T>;
  /** Monotonic; null while it has no answer. */
  answeredAtMs: number | null;
}

/**
 * The answers of the last minute, by the id of the request: whoever sends one again gets the first answer. What is older than that is refused
 * for its age, and where more would have to be kept nothing new is begun, so that none of them is ever forgotten too early.
 */
export class Repeats<T> {
  readonly #kept = new Map<string, Kept<T>>();

  constructor(private readonly clock: Clock) {}

  /** Null: it is new. `other`: that id was given to another request. */
  find(id: string, said: string): Promise<T> | 'other' | null {
    const found = this.#kept.get(id);
    if (found === undefined) return null;
    return found.said === said ? found.answer : 'other';
  }

  get isFull(): boolean {
    const nowMs = this.clock.monotonic();
    for (const [id, { answeredAtMs }] of this.#kept)
      if (answeredAtMs !== null && nowMs - answeredAtMs > KEPT_MS) this.#kept.delete(id);
    return this.#kept.size >= MOST;
  }

  keep(id: string, said: string, answer: Promise<T>): Promise<T> {
    const row: Kept<T> = { said, answer, answeredAtMs: null };
    this.#kept.set(id, row);
    const over = (): void => {
      row.answeredAtMs = this.clock.monotonic();
    };
    answer.then(over, over);
    return answer;
  }
}
