import { difference } from '../journal/difference.js';
import type { Plain } from '../journal/figures.js';
import type { JournalEntry } from '../model/entry.js';
import { toJson } from '../model/json.js';
import type { ClusterSnapshot, ControllerEvent } from '../model/snapshot.js';
import { narrate } from '../words/narrate.js';
import { overview } from './overview.js';
import { openRunIn } from './run-overview.js';

/** `whole`: each pass as it left the cluster. `changes`: that once, then how each pass differs from the one before it. */
export const STREAM_FORMS = ['whole', 'changes'] as const;
export type StreamForm = (typeof STREAM_FORMS)[number];

/** What is written for one message, piece by piece. All clients share the same bytes, however many leave them unread. */
type Pieces = readonly Buffer[];
/** Made when the first client asks for that form. */
export type Message = Readonly<Record<StreamForm, () => Pieces>>;

export interface LogOptions {
  /** This run of the process, in letters and digits: an id of another run means nothing here. */
  readonly run: string;
  /** Takes secrets out of a document of JSON. */
  readonly redact: (document: string) => string;
  /** So much is kept for clients that come back; who missed more begins anew. */
  readonly keptBytes: number;
}

/** A cluster as it was last told: the fields of a document of JSON, without secrets; parsed it would be five times as large. */
interface Held {
  readonly seq: number;
  readonly text: string;
  readonly pieces: (nowMs: number) => Pieces;
}

interface Row {
  readonly seq: number;
  readonly kind: 'state' | 'entry';
  readonly pieces: Pieces;
}

/**
 * What the stream says, numbered in one row for all clusters: what each was last told to be, and the last messages, so that a client that was
 * cut off hears what is new and no more. Ids are `RUN-SEQ`.
 */
export class EventLog {
  readonly #options: LogOptions;
  readonly #held = new Map<string, Held>();
  #rows: Row[] = [];
  #bytes = 0;
  #seq = 0;
  /** All that came after this one is in the rows. */
  #keptFrom = 0;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** That of the last message. */
  get lastId(): string {
    return `${this.#options.run}-${this.#seq}`;
  }

  /** How much is kept for clients that come back. */
  get keptBytes(): number {
    return this.#bytes;
  }

  /** Whether anything was told of that cluster. */
  knows(scope: string): boolean {
    return this.#held.has(scope);
  }

  /** Nobody listens any more: what comes now is told to nobody, so nobody can go on from before it. */
  forget(): void {
    if (this.#held.size === 0 && this.#rows.length === 0) return;
    this.#held.clear();
    this.#rows = [];
    this.#bytes = 0;
    this.#seq += 1;
    this.#keptFrom = this.#seq;
  }

  /** Takes it in; the message that tells it. null: nothing differs from what was told. */
  note(event: ControllerEvent, nowMs: number): Message | null {
    return event.kind === 'entry' ? this.#noteEntry(event.entry, nowMs) : this.#noteState(event.snapshot, nowMs);
  }

  /** What a client is sent first: what it has not heard since that id, or all clusters as they are. */
  since(lastId: string | null, form: StreamForm, nowMs: number): Pieces {
    const seq = lastId === null ? null : this.#seqOf(lastId);
    const missed = seq === null ? [] : this.#rows.filter((row) => row.seq > seq);
    if (seq !== null && form === 'changes') return missed.flatMap(({ pieces }) => pieces);
    const lines = missed.filter(({ kind }) => kind === 'entry').flatMap(({ pieces }) => pieces);
    return [...lines, ...[...this.#held.values()].flatMap(({ pieces }) => pieces(nowMs))];
  }

  #noteEntry(entry: JournalEntry, nowMs: number): Message {
    this.#seq += 1;
    const data = this.#options.redact(toJson({ nowMs, line: narrate(entry) }));
    return this.#told('entry', [Buffer.from(`id: ${this.lastId}\nevent: entry\ndata: ${data}\n\n`)]);
  }

  #noteState(snapshot: ClusterSnapshot, nowMs: number): Message | null {
    const { scope } = snapshot;
    const document = { overview: overview(snapshot), run: openRunIn(snapshot), snapshot };
    const text = this.#options.redact(toJson(document));
    const before = this.#held.get(scope);
    if (before?.text === text) return null;
    this.#seq += 1;
    const now = heldAs(this.#seq, text);
    this.#held.set(scope, now);
    if (before === undefined) return this.#told('state', now.pieces(nowMs));
    const change = difference(JSON.parse(before.text) as Plain, JSON.parse(text) as Plain);
    // Not by `toJson`: positions stand as text on both sides.
    const data = JSON.stringify({ nowMs, scope, of: before.seq, seq: now.seq, change });
    const message = this.#told('state', [Buffer.from(`id: ${this.lastId}\nevent: change\ndata: ${data}\n\n`)]);
    return { ...message, whole: () => now.pieces(nowMs) };
  }

  #told(kind: Row['kind'], pieces: Pieces): Message {
    this.#rows.push({ seq: this.#seq, kind, pieces });
    this.#bytes += sizeOf(pieces);
    while (this.#bytes > this.#options.keptBytes) {
      const oldest = this.#rows.shift();
      if (oldest === undefined) break;
      this.#bytes -= sizeOf(oldest.pieces);
      this.#keptFrom = oldest.seq;
    }
    return { whole: () => pieces, changes: () => pieces };
  }

  /** null: of another run, older than what is kept, or none of ours. */
  #seqOf(id: string): number | null {
    const [, run, digits] = /^(\w{1,32})-(\d{1,15})$/.exec(id) ?? [];
    const seq = Number(digits);
    return run === this.#options.run && seq >= this.#keptFrom && seq <= this.#seq ? seq : null;
  }
}

const sizeOf = (pieces: Pieces): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** The state is one piece, made when it is first asked for; only its beginning has the time in it. It bears no id: of several, a client may have heard one. */
function heldAs(seq: number, text: string): Held {
  let rest: Buffer | null = null;
  return {
    seq,
    text,
    pieces: (nowMs) => {
      rest ??= Buffer.from(`${text.slice(1)}\n\n`);
      return [Buffer.from(`event: snapshot\ndata: {"nowMs":${nowMs},"seq":${seq},`), rest];
    },
  };
}
