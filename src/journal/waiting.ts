import type { JournalEntry } from '../model/entry.js';
import { baseOf, Expander } from './kept.js';

export interface Found {
  readonly entry: JournalEntry;
  readonly length: number;
}

const whole = ({ entry, length }: Found): Found => ({ entry: new Expander().take(entry), length });

/** Entries of one file, the newest first, that wait for the whole one before them. Those behind them wait too, so that the order stays. */
export class Waiting {
  #queue: Found[] = [];
  /** The whole entry that is waited for; null: none. */
  #base: number | null = null;

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  take(found: Found, isWanted: boolean): readonly Found[] {
    const of = baseOf(found.entry);
    if (of !== null) {
      if (!isWanted) return [];
      // One of another base while the first is waited for: that base is not there, since those before it belong to an older one.
      const released = this.#base !== null && this.#base !== of ? this.rest() : [];
      this.#base = of;
      this.#queue.push(found);
      return released;
    }
    if (this.#base === null) return isWanted ? [whole(found)] : [];
    if (found.entry.seq !== this.#base) {
      if (isWanted) this.#queue.push(found);
      return [];
    }
    const expander = new Expander();
    expander.take(found.entry);
    const { length } = found;
    const ready = this.#queue.map((row) =>
      baseOf(row.entry) === null ? whole(row) : { entry: expander.take(row.entry), length: row.length + length },
    );
    this.#queue = [];
    this.#base = null;
    return isWanted ? [...ready, whole(found)] : ready;
  }

  /** What still waits when nothing older can come. */
  rest(): readonly Found[] {
    const expander = new Expander();
    const rows = this.#queue.map(({ entry, length }) => ({ entry: expander.take(entry), length }));
    this.#queue = [];
    this.#base = null;
    return rows;
  }
}
