import type { CodedFields } from '../model/log-code.js';
import { bytesOf, EMPTY_OUTBOX, foldLine, joined, lineText, type Outbox, type SpoolLine } from './outbox.js';
import type { Spool } from './spool.js';

/** A file of lines that are all settled is written anew. */
const COMPACT_BYTES = 256 * 1024;
/** A spool that could not be opened is tried so often: a disk may be full, a volume not there yet. */
const REOPEN_MS = 60_000;

export interface KeptOutboxParts {
  /** null: it cannot be written; what is told is kept in memory until `reopen` gives one. */
  readonly spool: Spool | null;
  /** Throws while it cannot be written. */
  readonly reopen: () => Spool;
  /** What the spool may take, in bytes. */
  readonly maxBytes: number;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: CodedFields, message: string): void;
  };
}

/** What is to be sent and what was, on the disk as far as the disk takes it. */
export class KeptOutbox {
  readonly #parts: KeptOutboxParts;
  #outbox: Outbox;
  #spool: Spool | null;
  #openedMs: number;
  #fault: { readonly why: string; readonly sinceMs: number } | null;

  constructor(parts: KeptOutboxParts) {
    this.#parts = parts;
    this.#spool = parts.spool;
    this.#openedMs = parts.now();
    this.#outbox = parts.spool?.outbox ?? EMPTY_OUTBOX;
    this.#fault = parts.spool === null ? { why: 'its folder cannot be written', sinceMs: this.#openedMs } : null;
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  /** Why the spool does not keep what is told; null: it does. */
  get fault(): { readonly why: string; readonly sinceMs: number } | null {
    return this.#fault;
  }

  /** When a spool that cannot be written is tried again; Infinity: it can. */
  get retryAtMs(): number {
    return this.#spool === null ? this.#openedMs + REOPEN_MS : Infinity;
  }

  /** What came later than what waits was not taken. */
  full(): void {
    this.#fault ??= {
      why: 'it is full: what waited first is kept, what came later is not',
      sinceMs: this.#parts.now(),
    };
  }

  /** What is on the disk from before is sent too. */
  reopen(): void {
    const nowMs = this.#parts.now();
    if (nowMs < this.retryAtMs) return;
    this.#openedMs = nowMs;
    try {
      const spool = this.#parts.reopen();
      this.#outbox = joined(spool.outbox, this.#outbox);
      this.#spool = spool;
      spool.compact(this.#outbox);
      this.#fault = null;
      this.#parts.log.info({ waiting: this.#outbox.items.length }, 'the spool can be written again');
    } catch {
      // It was told when it could not be opened, and is told as failing until it can.
    }
  }

  /** On the disk before any of it is sent. What the disk does not take is sent all the same, and lost with the process. */
  keep(lines: readonly SpoolLine[]): void {
    if (lines.length === 0) return;
    const { log, now, maxBytes } = this.#parts;
    const spool = this.#spool;
    for (const line of lines) this.#outbox = foldLine(this.#outbox, line, lineText(line).length);
    if (spool === null) return;
    try {
      const isLong = spool.bytes > COMPACT_BYTES && spool.bytes > 4 * bytesOf(this.#outbox);
      if (isLong) spool.compact(this.#outbox);
      else spool.append(lines);
      if (lines.some(({ t }) => t === 'put') && bytesOf(this.#outbox) <= maxBytes) this.#fault = null;
    } catch (err) {
      const why = err instanceof Error ? err.message : String(err);
      this.#fault ??= { why: `it cannot be written: ${why}`, sinceMs: now() };
      log.error({ code: 'NOTIFY_SPOOL', err }, 'the spool cannot be written');
    }
  }

  close(): void {
    this.#spool?.close();
  }
}
