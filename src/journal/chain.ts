import { hash as hashOf } from 'node:crypto';
import type { EntryBody, JournalEntry, NewEntry } from '../model/entry.js';
import { fromJson, toJson } from '../model/json.js';

/**
 * One entry is one line: JSON whose last member is the SHA-256 of the text before it. The text itself is hashed, not what it means, so
 * that a reader of another version, which prints numbers or keys otherwise, comes to the same result.
 */
export interface Tip {
  readonly seq: number;
  readonly hash: string;
}

/** What the first entry of all follows. */
export const GENESIS: Tip = { seq: 0, hash: '0'.repeat(64) };

/** Put behind a line that a crash or a full disk cut off. The remains stay readable for people; readers skip them. */
export const TORN_MARK = ' #torn';

const HASH_LENGTH = 64;
const SEAL = ',"hash":"';
const SEAL_LENGTH = SEAL.length + HASH_LENGTH + '"}'.length;

const sha256 = (text: string): string => hashOf('sha256', text, 'hex');

/**
 * The line for an entry that follows `tip`, without the end of line, and the entry as it will be read. `written`: how its body stands in the
 * line, where that is not the body itself.
 */
export function sealed(
  entry: NewEntry,
  tip: Tip,
  written: unknown = entry.body,
): { readonly line: string; readonly entry: JournalEntry } {
  const { atMs, scope, body } = entry;
  const [seq, prev] = [tip.seq + 1, tip.hash];
  const text = toJson({ seq, prev, atMs, scope, body: written });
  const hash = sha256(text);
  return { line: `${text.slice(0, -1)}${SEAL}${hash}"}`, entry: { seq, prev, atMs, scope, body, hash } };
}

/** The hash that a line carries if it is the right one for its text, else null. Cheaper than `opened`. */
export function sealOf(line: string): string | null {
  const text = line.slice(0, -SEAL_LENGTH);
  const seal = line.slice(-SEAL_LENGTH);
  if (!seal.startsWith(SEAL) || !seal.endsWith('"}')) return null;
  const hash = seal.slice(SEAL.length, SEAL.length + HASH_LENGTH);
  return sha256(`${text}}`) === hash ? hash : null;
}

export type Opened =
  { readonly kind: 'entry'; readonly entry: JournalEntry } | { readonly kind: 'torn' | 'bad'; readonly why: string };

/** Reads one line. Kinds of entries that this version does not know pass. */
export function opened(line: string): Opened {
  const hash = sealOf(line);
  if (hash === null) {
    if (line.endsWith(TORN_MARK))
      return { kind: 'torn', why: 'the remains of a write that a crash or a full disk cut off' };
    return { kind: 'bad', why: 'it is not an entry, or its text does not have the hash that it carries' };
  }
  let value: unknown;
  try {
    value = fromJson(line);
  } catch (err) {
    return { kind: 'bad', why: `it is not JSON: ${err instanceof Error ? err.message : String(err)}` };
  }
  const entry = entryFrom(value, hash);
  return entry === null ? { kind: 'bad', why: 'it lacks seq, prev, atMs, scope or body' } : { kind: 'entry', entry };
}

function entryFrom(value: unknown, hash: string): JournalEntry | null {
  if (typeof value !== 'object' || value === null) return null;
  const { seq, prev, atMs, scope, body } = value as Record<string, unknown>;
  if (typeof seq !== 'number' || typeof prev !== 'string' || typeof atMs !== 'number' || typeof scope !== 'string')
    return null;
  if (typeof body !== 'object' || body === null || typeof (body as Record<string, unknown>)['kind'] !== 'string')
    return null;
  return { seq, prev, atMs, scope, body: body as EntryBody, hash };
}

/** Why `entry` cannot be the one after `tip`, or null when it is. */
export function breakOf(entry: JournalEntry, tip: Tip): string | null {
  if (entry.prev !== tip.hash) {
    return `entry ${entry.seq} does not follow entry ${tip.seq}: a line between them was removed, added or changed`;
  }
  return entry.seq === tip.seq + 1 ? null : `entry ${entry.seq} follows entry ${tip.seq}: the numbering has a gap`;
}
