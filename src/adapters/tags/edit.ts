import { isDeepStrictEqual } from 'node:util';
import { isAlias, isMap, isScalar, LineCounter, parseDocument, type Document, type Pair, type YAMLMap } from 'yaml';

export type Edit =
  | { readonly kind: 'same' }
  | { readonly kind: 'changed'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** A patroni.yml, or why it cannot be taken for one. The reason holds a line number and never the file's words: it has passwords. */
type Parsed =
  | {
      readonly kind: 'document';
      readonly document: Document;
      readonly root: YAMLMap;
      readonly value: Record<string, unknown>;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Patroni reads its file with PyYAML, which is YAML 1.1: `yes` and `on` are true there, and `<<` merges. */
const DIALECT = { version: '1.1', merge: true, prettyErrors: false } as const;

function parse(text: string): Parsed {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { ...DIALECT, lineCounter });
  const error = document.errors[0];
  if (error !== undefined) {
    return {
      kind: 'refused',
      reason: `it is not valid YAML: ${error.code} in line ${lineCounter.linePos(error.pos[0]).line}`,
    };
  }
  if (!isMap(document.contents)) return { kind: 'refused', reason: 'it is not a mapping of settings' };
  try {
    const value: unknown = document.toJS();
    return { kind: 'document', document, root: document.contents, value: value as Record<string, unknown> };
  } catch {
    return { kind: 'refused', reason: 'an alias or a merge (<<) in it leads nowhere' };
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** By Python's truth, as Patroni takes it: the quoted text "false" is true. */
const isTrue = (value: unknown): boolean =>
  !(value === undefined || value === null || value === false || value === 0 || value === '');

/** `tags.noloadbalance` as Patroni would read it from this text; missing is false. */
export function noloadbalanceIn(
  text: string,
): { readonly kind: 'value'; readonly value: boolean } | Extract<Edit, { kind: 'refused' }> {
  const parsed = parse(text);
  if (parsed.kind === 'refused') return parsed;
  const tags = parsed.value['tags'];
  if (tags === undefined || tags === null) return { kind: 'value', value: false };
  if (!isRecord(tags)) return { kind: 'refused', reason: 'its "tags" are not a mapping' };
  return { kind: 'value', value: isTrue(tags['noloadbalance']) };
}

/**
 * The text with `tags.noloadbalance` set to `value`. The document only tells where the token is: it is replaced in the text itself,
 * so that every other byte stays, quotes, comments, blank lines and line ends included. The outcome is parsed again and must
 * differ in that one setting alone, or the edit is refused: an anchor used elsewhere, for one, would change its other uses.
 */
export function withNoloadbalance(text: string, value: boolean): Edit {
  const parsed = parse(text);
  if (parsed.kind === 'refused') return parsed;
  const now = noloadbalanceIn(text);
  if (now.kind === 'refused') return now;
  if (now.value === value) return { kind: 'same' };
  const changed = edited(text, parsed.root, value);
  if (changed === null) {
    return {
      kind: 'refused',
      reason: 'its "tags" are written in a form that cannot be edited in place; write them as a plain mapping',
    };
  }
  const again = parse(changed);
  const tags = isRecord(parsed.value['tags']) ? parsed.value['tags'] : {};
  const expected = { ...parsed.value, tags: { ...tags, noloadbalance: value } };
  if (again.kind === 'refused' || !isDeepStrictEqual(again.value, expected)) {
    return {
      kind: 'refused',
      reason: 'the edit would change more than tags.noloadbalance (a shared anchor?); edit it by hand',
    };
  }
  return { kind: 'changed', text: changed };
}

const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
  map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

const splice = (text: string, from: number, to: number, insert: string): string =>
  text.slice(0, from) + insert + text.slice(to);

/** The edited text, null where there is no place that we know how to edit. */
function edited(text: string, root: YAMLMap, value: boolean): string | null {
  const tags = pairOf(root, 'tags');
  if (tags === undefined) return withNewTags(text, root, value);
  if (isMap(tags.value)) {
    const own = pairOf(tags.value, 'noloadbalance');
    return own === undefined ? withNewKey(text, tags.value, `noloadbalance: ${value}`) : withToken(text, own, value);
  }
  if (isScalar(tags.value) && isScalar(tags.key)) return withFirstTag(text, tags.key, tags.value, value);
  return null;
}

interface Ranged {
  readonly range?: readonly [start: number, valueEnd: number, nodeEnd: number] | null | undefined;
}

/** Replaces the value's own characters; an empty value (`noloadbalance:`) gets them behind its colon. */
function withToken(text: string, pair: Pair, value: boolean): string | null {
  const node = pair.value;
  if (!isScalar(node) && !isAlias(node)) return null;
  const range = (node as Ranged).range;
  if (range === null || range === undefined) return null;
  const [start, end] = range;
  if (start !== end) return splice(text, start, end, String(value));
  const colon = afterColon(text, pair.key as Ranged);
  return colon === null ? null : splice(text, colon, colon, ` ${value}`);
}

/** Position just behind the colon that follows a key. */
function afterColon(text: string, key: Ranged): number | null {
  const end = key.range?.[1];
  if (end === undefined) return null;
  const gap = /^[ \t]*:/.exec(text.slice(end));
  return gap === null ? null : end + gap[0].length;
}

/** Before the first key of a mapping that has one, in its own style and depth. */
function withNewKey(text: string, map: YAMLMap, entry: string): string | null {
  const first = (map.items[0]?.key as Ranged | null | undefined)?.range?.[0];
  if (map.flow === true) {
    if (first !== undefined) return splice(text, first, first, `${entry}, `);
    const open = text.indexOf('{', map.range?.[0] ?? 0);
    return open === -1 ? null : splice(text, open + 1, open + 1, ` ${entry} `);
  }
  if (first === undefined) return null;
  const indent = text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
  return /^[ ]*$/.test(indent) ? splice(text, first, first, entry + newlineOf(text) + indent) : null;
}

/** `tags:` with nothing behind it, or with `null` or `~`. */
function withFirstTag(text: string, key: Ranged, none: Ranged, value: boolean): string | null {
  const [start, end] = none.range ?? [0, 0];
  if (start !== end) return splice(text, start, end, `{ noloadbalance: ${value} }`);
  const colon = afterColon(text, key);
  return colon === null ? null : splice(text, colon, colon, ` { noloadbalance: ${value} }`);
}

/** A `tags` mapping behind everything else, or inside the braces of a file that is one flow mapping (JSON). */
function withNewTags(text: string, root: YAMLMap, value: boolean): string | null {
  if (root.flow === true) return withNewKey(text, root, `"tags": { "noloadbalance": ${value} }`);
  const first = (root.items[0]?.key as Ranged | null | undefined)?.range?.[0];
  const end = root.range?.[2];
  if (first === undefined || end === undefined) return null;
  const newline = newlineOf(text);
  const indent = text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
  if (!/^[ ]*$/.test(indent)) return null;
  const lead = text.slice(0, end).endsWith('\n') ? '' : newline;
  return splice(text, end, end, `${lead}${indent}tags:${newline}${indent}  noloadbalance: ${value}${newline}`);
}

const newlineOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');
