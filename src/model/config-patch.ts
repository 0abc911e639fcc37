import type { ConfigDocument, Json } from './plan.js';

const isSection = (value: Json | undefined): value is ConfigDocument =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A document with a patch merged in, as Patroni's `PATCH /config` does it: section by section; null removes. [patroni, patch_config] */
export function patched(document: ConfigDocument, patch: ConfigDocument): ConfigDocument {
  const merged = new Map<string, Json>(Object.entries(document));
  for (const [name, value] of Object.entries(patch)) {
    const was = merged.get(name);
    if (value === null) merged.delete(name);
    else if (isSection(value)) merged.set(name, patched(isSection(was) ? was : {}, value));
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

const PARAMETERS = 'postgresql.parameters.';

/** The keys that a dotted name leads through. What is said after `postgresql.parameters.` is one key: an extension's parameter has a dot in its name. */
const pathOf = (name: string): readonly string[] =>
  name.startsWith(PARAMETERS) ? ['postgresql', 'parameters', name.slice(PARAMETERS.length)] : name.split('.');

/** The value under a dotted name; undefined: there is none. */
export function valueAt(document: ConfigDocument, name: string): Json | undefined {
  let at: Json | undefined = document;
  for (const part of pathOf(name)) at = isSection(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  return at;
}

/** Names and values as one patch. Two names of which one lies within the other do not fit together: the later one wins. */
export function patchOf(changes: readonly (readonly [name: string, value: Json])[]): ConfigDocument {
  const within = ([part = '', ...rest]: readonly string[], value: Json): ConfigDocument => ({
    [part]: rest.length === 0 ? value : within(rest, value),
  });
  return changes.reduce<ConfigDocument>((patch, [name, value]) => joined(patch, within(pathOf(name), value)), {});
}

/** As `patched`, but what removes stays in it. */
function joined(one: ConfigDocument, other: ConfigDocument): ConfigDocument {
  const all = new Map<string, Json>(Object.entries(one));
  for (const [name, value] of Object.entries(other)) {
    const was = all.get(name);
    all.set(name, isSection(value) && isSection(was) ? joined(was, value) : value);
  }
  return Object.fromEntries(all);
}

/** Patroni compares values by their text: `300` and `"300"` are one. */
export const isSameValue = (one: Json | undefined, other: Json | undefined): boolean =>
  one === undefined || other === undefined || one === null || other === null
    ? (one ?? null) === (other ?? null)
    : textOf(one) === textOf(other);

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Every change of the patch is in the document already. */
export function holds(document: ConfigDocument, patch: ConfigDocument): boolean {
  return Object.entries(patch).every(([name, value]) => {
    const is = Object.hasOwn(document, name) ? document[name] : undefined;
    return isSection(value) ? isSection(is) && holds(is, value) : isSameValue(is, value);
  });
}

/** Names under which passwords and the like are found, in commands and connections too. */
const MAY_BE_SECRET = /pass|secret|token|conninfo|command|credential|private|key_?file/i;

export const mayBeSecret = (name: string): boolean => MAY_BE_SECRET.test(name);

const NOT_SHOWN = '[not shown]';

/** Without the values that may be secrets: what is read of a cluster goes to the journal and to every screen. */
export function shownDocument(document: ConfigDocument): ConfigDocument {
  const entries = Object.entries(document).map(([name, value]): [string, Json] => {
    if (isSection(value)) return [name, shownDocument(value)];
    return [name, mayBeSecret(name) && value !== null ? NOT_SHOWN : value];
  });
  return Object.fromEntries(entries);
}
