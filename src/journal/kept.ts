import type { EntryBody, JournalEntry } from '../model/entry.js';
import { fromJson, toJson } from '../model/json.js';
import { withProxies } from '../model/proxies-before.js';
import { difference } from './difference.js';
import { measured, withValueAt, type Measured } from './measured.js';
import { withDifference, type Difference } from './restore.js';
import type { Plain } from './figures.js';

/**
 * What an entry was decided on is 20 kB and hardly moves from one minute to the next. A pass keeps it whole when it is the first of its file,
 * when it changed much, and every so often; between those, passes and second looks keep how it differs from the last whole one of the same
 * file, so that one line that is lost costs one entry, and a lost whole one those up to the next.
 */
type KeptDifference = Difference & {
  /** The entry that it differs from. */
  readonly of: number;
};

/** Passes between whole ones: a reader in the middle of a file looks back no further, which is 400 kB. */
const MOST_BETWEEN = 360;
/** An entry that is not shorter than that part of the whole one says that much changed: the whole is the better base for what comes. */
const MUCH = 0.5;

const PARTS = ['view', 'states', 'circumstances'] as const;
type Held = Readonly<Record<string, unknown>>;

interface Whole {
  readonly seq: number;
  readonly scope: string;
  readonly parts: Measured;
}

/** The part of an entry that holds a situation: the pass itself, or the look of an intent. */
const holderOf = (body: EntryBody): Held | null => {
  if (body.kind === 'pass') return body;
  return body.kind === 'intent' && body.look !== undefined ? (body.look as unknown as Held) : null;
};

const withHolder = (body: EntryBody, holder: Held): EntryBody =>
  (body.kind === 'intent' ? { ...body, look: holder } : holder) as EntryBody;

const partsOf = (holder: Held): Record<string, Plain> =>
  Object.fromEntries(PARTS.flatMap((name) => (holder[name] === undefined ? [] : [[name, holder[name] as Plain]])));

/** In the place of the first of them, so that the order of the keys comes back. */
function replaced(holder: Held, by: Held, names: readonly string[]): Held {
  const result: Record<string, unknown> = {};
  let isIn = false;
  for (const key of Object.keys(holder)) {
    if (!names.includes(key)) result[key] = holder[key];
    else if (!isIn) Object.assign(result, by);
    isIn ||= names.includes(key);
  }
  return result;
}

/** The problems of a pass stand in the entry itself; what the machines hold of them is the same. */
const baseFor = ({ parts }: Whole, body: EntryBody): Measured =>
  body.kind === 'pass' ? withValueAt(parts, ['states', 'problems'], body.problems as unknown as Plain) : parts;

/** What one writer writes into one file. */
export class Keeper {
  #whole: Whole | null = null;
  #between = 0;

  /** What is to be written for a body that comes as entry `seq`; `note` it once it is on the disk. */
  packed(body: EntryBody, seq: number, scope: string): { readonly written: unknown; readonly note: () => void } {
    const holder = holderOf(body);
    if (holder === null || holder['view'] == null) return { written: body, note: () => undefined };
    const text = toJson(body);
    const read = fromJson(text) as EntryBody;
    const parts = partsOf(holderOf(read) ?? {});
    const short =
      this.#whole?.scope === scope && this.#between < MOST_BETWEEN ? shortened(read, text, this.#whole) : null;
    const isLong = short === null || short.length > text.length * MUCH;
    if (body.kind !== 'pass') return { written: isLong ? body : short.written, note: () => undefined };
    if (isLong && parts['states'] !== null && parts['circumstances'] !== undefined)
      return {
        written: body,
        note: () => {
          this.#whole = { seq, scope, parts: measured(parts) };
          this.#between = 0;
        },
      };
    return {
      written: isLong ? body : short.written,
      note: () => {
        this.#between += 1;
      },
    };
  }

  /** The next one begins anew: a new file, or nobody knows whether the last one is on the disk. */
  forget(): void {
    this.#whole = null;
  }
}

/** `asText`: the body as it is written. null: it would not come back as it is, which no reader could mend later. */
function shortened(
  body: EntryBody,
  asText: string,
  whole: Whole,
): { readonly written: unknown; readonly length: number } | null {
  const holder = holderOf(body);
  if (holder === null) return null;
  const kept: KeptDifference = {
    of: whole.seq,
    ...difference(baseFor(whole, body).value, partsOf(holder)),
  };
  const written = withHolder(body, replaced(holder, { kept }, PARTS));
  try {
    const text = toJson(written);
    return toJson(expanded(fromJson(text) as EntryBody, whole)) === asText ? { written, length: text.length } : null;
  } catch {
    return null;
  }
}

function expanded(body: EntryBody, whole: Whole): EntryBody {
  const holder = holderOf(body) ?? {};
  const parts = withDifference(baseFor(whole, body), holder['kept'] as KeptDifference) as Held;
  return withHolder(body, replaced(holder, parts, ['kept']));
}

/** Of no entry: this version does not understand what it says. */
const NOWHERE = -1;

/** The entry that must be read first, or null: this one holds all of its own. */
export function baseOf({ body }: JournalEntry): number | null {
  const kept = holderOf(body)?.['kept'];
  if (kept === undefined) return null;
  return typeof kept === 'object' && kept !== null && 'of' in kept && typeof kept.of === 'number' ? kept.of : NOWHERE;
}

/** Gives entries of one file their situations back; takes them in any order in which a whole one comes before those that differ from it. */
export class Expander {
  #noted: JournalEntry | null = null;
  #whole: Whole | null = null;

  /** Never throws: an entry whose base is missing says so and keeps the rest of what it told. */
  take(entry: JournalEntry): JournalEntry {
    const of = baseOf(entry);
    if (of === null) {
      this.#note(entry);
      return asOfToday(entry);
    }
    const base = this.#base(of, entry.scope);
    if (base === null)
      return without(
        entry,
        of === NOWHERE
          ? 'it is kept in a way that is not known'
          : `entry ${of}, which holds the whole of it, cannot be read in this file`,
      );
    try {
      return asOfToday({ ...entry, body: expanded(entry.body, base) });
    } catch (err) {
      return without(entry, `it does not fit entry ${of}: ${err instanceof Error ? err.message : String(err)}`);
    }
  }

  #note(entry: JournalEntry): void {
    const { body } = entry;
    if (body.kind !== 'pass' || body.view == null || body.states == null || body.circumstances === undefined) return;
    this.#noted = entry;
    this.#whole = null;
  }

  /** Measured when the first one needs it: in a journal of 0.1.0 none does. */
  #base(of: number, scope: string): Whole | null {
    const noted = this.#noted;
    if (noted?.seq !== of || noted.scope !== scope || noted.body.kind !== 'pass') return null;
    this.#whole ??= { seq: of, scope, parts: measured(partsOf(noted.body)) };
    return this.#whole;
  }
}

/** What another version wrote in another form; what it is kept as a difference to stays in the form in which it was written. */
function asOfToday(entry: JournalEntry): JournalEntry {
  const holder = holderOf(entry.body);
  const view: unknown = holder?.['view'];
  if (holder === null || typeof view !== 'object' || view === null) return entry;
  const now = withProxies(view);
  return now === view ? entry : { ...entry, body: withHolder(entry.body, { ...holder, view: now }) };
}

function without(entry: JournalEntry, why: string): JournalEntry {
  const lost = `what it was decided on cannot be rebuilt: ${why}`;
  const { body } = entry;
  if (body.kind === 'pass') {
    const { kept: _, ...rest } = body as typeof body & { readonly kept?: unknown };
    return { ...entry, body: { ...rest, view: null, states: null, lost } };
  }
  if (body.kind !== 'intent') return entry;
  const { look: _, ...rest } = body;
  return { ...entry, body: { ...rest, lost } };
}
