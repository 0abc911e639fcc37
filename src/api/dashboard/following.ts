// What the page holds of the stream: each cluster as it was last told, and how far it heard. Nothing of a browser is in it.
import type { Plain } from '../../journal/figures.js';
import { measured } from '../../journal/measured.js';
import { withDifference, type Difference } from '../../journal/restore.js';

/** One message as it stands in the stream. */
export interface Frame {
  readonly id: string | null;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Held {
  readonly seq: number;
  readonly document: Readonly<Record<string, unknown>>;
}

/** Puts changes into what was told before. What it gives out is a whole state, whichever way it came. */
export class Following {
  readonly #held = new Map<string, Held>();
  #lastId: string | null = null;

  /** For the next connection: what was heard already is not sent again. */
  get lastId(): string | null {
    return this.#lastId;
  }

  /** Takes a message; a `change` comes out with the whole state in it. Throws where that cannot be made: the next connection begins anew. */
  take(frame: Frame): Frame {
    try {
      const taken = this.#taken(frame);
      if (frame.id !== null) this.#lastId = frame.id;
      return taken;
    } catch (error) {
      this.#lastId = null;
      throw error;
    }
  }

  #taken({ id, kind, data }: Frame): Frame {
    if (kind === 'snapshot') {
      const { nowMs: _nowMs, seq, ...document } = data;
      const { scope } = document['snapshot'] as { readonly scope: string };
      this.#held.set(scope, { seq: Number(seq), document });
    }
    if (kind !== 'change') return { id, kind, data };
    const { nowMs, scope, of, seq, change } = data as {
      nowMs: number;
      scope: string;
      of: number;
      seq: number;
      change: Difference;
    };
    const base = this.#held.get(scope);
    if (base?.seq !== of) throw new Error('a change of another state than the one that is held');
    const document = withDifference(measured(base.document as Plain), change) as Held['document'];
    this.#held.set(scope, { seq, document });
    return { id, kind, data: { nowMs, ...document } };
  }
}

/** The messages in a text of the stream, and what is left of it after the last whole one. */
export function framesIn(text: string): { readonly frames: readonly Frame[]; readonly rest: string } {
  const blocks = text.split('\n\n');
  const rest = blocks.pop() ?? '';
  const frames = blocks.flatMap((block) => {
    const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s))) as Record<string, string>;
    const { id = null, event, data } = fields;
    return event === undefined || data === undefined
      ? []
      : [{ id, kind: event, data: JSON.parse(data) as Frame['data'] }];
  });
  return { frames, rest };
}
