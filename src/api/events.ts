import type { ControllerEvent, ControllerPort } from '../model/snapshot.js';
import { toJson } from '../model/json.js';
import { narrate } from '../words/narrate.js';
import { overview } from './overview.js';
import { openRunIn } from './runs.js';

/** The writable half of one event stream; `node:http`'s response is one. */
export interface Sink {
  readonly writableLength: number;
  write(text: string): boolean;
  end(): void;
  destroy(): void;
  once(event: 'close', listener: () => void): unknown;
}

export interface StreamLimits {
  readonly maxClients: number;
  /** A client that leaves more than this unread is cut off: it reconnects and gets one whole snapshot instead of a backlog. */
  readonly maxUnreadBytes: number;
  readonly heartbeatMs: number;
}

export const STREAM_LIMITS: StreamLimits = { maxClients: 32, maxUnreadBytes: 4_000_000, heartbeatMs: 5_000 };

/** Sends what the controller says to everyone who listens. A slow reader costs us at most `maxUnreadBytes`. */
export class EventStreams {
  readonly #sinks = new Set<Sink>();
  readonly #controller: ControllerPort;
  readonly #now: () => number;
  readonly #limits: StreamLimits;
  readonly #redact: (document: string) => string;
  readonly #unsubscribe: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(
    controller: ControllerPort,
    now: () => number,
    redact: (document: string) => string,
    limits: StreamLimits = STREAM_LIMITS,
  ) {
    this.#controller = controller;
    this.#now = now;
    this.#limits = limits;
    this.#redact = redact;
    this.#unsubscribe = controller.onEvent((event) => {
      this.#broadcast(event);
    });
    this.#heartbeat = setInterval(() => {
      this.beat();
    }, limits.heartbeatMs);
    this.#heartbeat.unref();
  }

  get size(): number {
    return this.#sinks.size;
  }

  /** False: as many clients as allowed are connected already. */
  get hasRoom(): boolean {
    return this.#sinks.size < this.#limits.maxClients;
  }

  /** Starts a stream: how soon to come back, then every cluster as it is now. The headers must have been sent. */
  add(sink: Sink): void {
    this.#sinks.add(sink);
    sink.once('close', () => this.#sinks.delete(sink));
    this.#send(sink, 'retry: 2000\n\n');
    for (const scope of this.#controller.scopes()) {
      const snapshot = this.#controller.snapshot(scope);
      if (snapshot !== null) this.#send(sink, this.#frame({ kind: 'snapshot', snapshot }));
    }
    this.#send(sink, heartbeat(this.#now()));
  }

  /** Tells every client that we are there, so that silence means something. */
  beat(): void {
    const text = heartbeat(this.#now());
    for (const sink of this.#sinks) this.#send(sink, text);
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
    for (const sink of this.#sinks) sink.end();
    this.#sinks.clear();
  }

  #broadcast(event: ControllerEvent): void {
    if (this.#sinks.size === 0) return;
    const text = this.#frame(event);
    for (const sink of this.#sinks) this.#send(sink, text);
  }

  #frame(event: ControllerEvent): string {
    return `event: ${event.kind}\ndata: ${this.#redact(toJson(dataOf(this.#now(), event)))}\n\n`;
  }

  #send(sink: Sink, text: string): void {
    if (!this.#sinks.has(sink)) return;
    sink.write(text);
    if (sink.writableLength <= this.#limits.maxUnreadBytes) return;
    this.#sinks.delete(sink);
    sink.destroy();
  }
}

const heartbeat = (nowMs: number): string => `event: heartbeat\ndata: {"nowMs":${nowMs}}\n\n`;

/** `snapshot`: {nowMs, overview, snapshot}. `entry`: {nowMs, line}, one sentence; the whole entry is at /journal. JSON never holds a newline. */
const dataOf = (nowMs: number, event: ControllerEvent): object =>
  event.kind === 'snapshot'
    ? { nowMs, overview: overview(event.snapshot), run: openRunIn(event.snapshot), snapshot: event.snapshot }
    : { nowMs, line: narrate(event.entry) };
