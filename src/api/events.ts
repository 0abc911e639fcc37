import { z } from 'zod';
import type { ControllerEvent, ControllerPort } from '../model/snapshot.js';
import { EventLog, STREAM_FORMS, type StreamForm } from './event-log.js';

/** The writable half of one event stream; `node:http`'s response is one. */
export interface Sink {
  readonly writableLength: number;
  write(piece: Uint8Array): boolean;
  end(): void;
  destroy(): void;
  once(event: 'close', listener: () => void): unknown;
}

export interface StreamLimits {
  readonly maxClients: number;
  /** A client that leaves more than this unread, beyond what it was sent at its start, is cut off: it comes back and hears what it missed. */
  readonly maxUnreadBytes: number;
  /** So long the start of a stream may lie unread beyond that: who has not taken it by then does not read. */
  readonly startPatienceMs: number;
  /** All of them together: beyond it those who leave most unread are cut off. */
  readonly maxUnreadOfAllBytes: number;
  /** Kept for clients that come back. */
  readonly keptBytes: number;
  readonly heartbeatMs: number;
  /** So long what is new is kept though nobody listens. */
  readonly patienceMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  maxClients: 1_000,
  maxUnreadBytes: 1_000_000,
  startPatienceMs: 60_000,
  maxUnreadOfAllBytes: 64_000_000,
  keptBytes: 2_000_000,
  heartbeatMs: 5_000,
  patienceMs: 60_000,
};

export interface StreamOptions {
  readonly controller: ControllerPort;
  readonly now: () => number;
  readonly redact: (document: string) => string;
  /** This run of the process, in letters and digits. */
  readonly run: string;
  readonly limits: StreamLimits;
}

export const STREAM_QUERY = { querystring: z.strictObject({ form: z.enum(STREAM_FORMS).optional() }) };

interface Client {
  readonly form: StreamForm;
  /** What it was sent at its start, in bytes: fifty clusters are more than anybody may leave unread later. */
  readonly startBytes: number;
  readonly startedMs: number;
  readonly isStillLet: () => boolean;
}

/** What a client asks for. `lastId`: the last that it heard before it was cut off. */
export interface StreamWish {
  readonly form: StreamForm;
  readonly lastId: string | null;
  /** Asked when tokens have changed. Absent: always. */
  readonly isStillLet?: () => boolean;
}

/** Sends what the controller says to everyone who listens. However many read slowly, that costs us at most `maxUnreadOfAllBytes`. */
export class EventStreams {
  readonly #clients = new Map<Sink, Client>();
  readonly #options: StreamOptions;
  readonly #log: EventLog;
  readonly #unsubscribe: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #lastLeftMs = -Infinity;

  constructor(options: StreamOptions) {
    const { controller, redact, run, limits } = options;
    this.#options = options;
    this.#log = new EventLog({ run, redact, keptBytes: limits.keptBytes });
    this.#unsubscribe = controller.onEvent((event) => {
      this.#take(event);
    });
    this.#heartbeat = setInterval(() => {
      this.beat();
    }, limits.heartbeatMs);
    this.#heartbeat.unref();
  }

  get size(): number {
    return this.#clients.size;
  }

  /** False: as many clients as allowed are connected already. */
  get hasRoom(): boolean {
    return this.#clients.size < this.#options.limits.maxClients;
  }

  /**
   * Starts a stream: how soon to come back, then what that client has not heard, or every cluster as it is now. The headers must have been sent.
   */
  add(sink: Sink, wish: StreamWish = { form: 'whole', lastId: null }): void {
    const { controller, now } = this.#options;
    for (const scope of controller.scopes()) {
      const snapshot = this.#log.knows(scope) ? null : controller.snapshot(scope);
      if (snapshot !== null) this.#tell({ kind: 'snapshot', snapshot });
    }
    const start = [Buffer.from('retry: 2000\n\n'), ...this.#log.since(wish.lastId, wish.form, now()), this.#beatNow()];
    const startBytes = start.reduce((sum, { length }) => sum + length, 0);
    const isStillLet = wish.isStillLet ?? (() => true);
    this.#clients.set(sink, { form: wish.form, startBytes, startedMs: now(), isStillLet });
    sink.once('close', () => {
      this.#left(sink);
    });
    for (const piece of start) sink.write(piece);
    this.#dropSlow();
  }

  /** Tells every client that we are there, so that silence means something. */
  beat(): void {
    const piece = this.#beatNow();
    for (const sink of this.#clients.keys()) sink.write(piece);
    this.#dropSlow();
  }

  /** Ends the streams of those whom nobody would let in now; how many. */
  endForbidden(): number {
    const forbidden = [...this.#clients].filter(([, { isStillLet }]) => !isStillLet());
    for (const [sink] of forbidden) this.#drop(sink);
    return forbidden.length;
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
    for (const sink of this.#clients.keys()) sink.end();
    this.#clients.clear();
  }

  /** While nobody listens, and nobody is likely to come back, nothing is made and nothing kept. */
  #take(event: ControllerEvent): void {
    const isAwaited = this.#options.now() - this.#lastLeftMs < this.#options.limits.patienceMs;
    if (this.#clients.size > 0 || isAwaited) this.#tell(event);
    else this.#log.forget();
  }

  #tell(event: ControllerEvent): void {
    const message = this.#log.note(event, this.#options.now());
    if (message === null) return;
    const made: Partial<Record<StreamForm, readonly Buffer[]>> = {};
    for (const [sink, { form }] of this.#clients)
      for (const piece of (made[form] ??= message[form]())) sink.write(piece);
    this.#dropSlow();
  }

  /** Its id is that of all that was sent before. */
  #beatNow = (): Buffer =>
    Buffer.from(`id: ${this.#log.lastId}\nevent: heartbeat\ndata: {"nowMs":${this.#options.now()}}\n\n`);

  #dropSlow(): void {
    const { maxUnreadBytes, maxUnreadOfAllBytes, startPatienceMs } = this.#options.limits;
    const startsMs = this.#options.now() - startPatienceMs;
    let unread = 0;
    for (const [sink, { startBytes, startedMs }] of this.#clients)
      if (sink.writableLength > maxUnreadBytes + (startedMs > startsMs ? startBytes : 0)) this.#drop(sink);
      else unread += sink.writableLength;
    if (unread <= maxUnreadOfAllBytes) return;
    const slowest = [...this.#clients.keys()].sort((a, b) => b.writableLength - a.writableLength);
    for (const sink of slowest) {
      if (unread <= maxUnreadOfAllBytes) return;
      unread -= sink.writableLength;
      this.#drop(sink);
    }
  }

  #drop(sink: Sink): void {
    this.#left(sink);
    sink.destroy();
  }

  #left(sink: Sink): void {
    if (this.#clients.delete(sink)) this.#lastLeftMs = this.#options.now();
  }
}
