import convict from 'convict';
import { isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Complaint, ConfigError, Locator, Position } from './config-error.js';
import { unknownKey, type YamlFile } from './document.js';
import { readAs } from './formats.js';
import { foundText, isSecretKey, stepShown } from './shown.js';
import {
  REQUIRED,
  type Key,
  type NamedSections,
  type Part,
  type SectionList,
  type Shape,
  type Values,
} from './schema.js';

/**
 * Holds a document against a schema. convict owns defaults, strictness and validation: one convict schema for the file and one for
 * each element of a list, because convict cannot type the elements itself.
 */
export function conform<S extends Shape>(
  yaml: YamlFile,
  shape: S,
): { readonly values: Values<S> | null; readonly errors: readonly ConfigError[]; readonly locator: Locator } {
  const reader = new Reader(yaml);
  const values = reader.values(shape, yaml.document.contents, '');
  return { values: reader.errors.length > 0 ? null : (values as Values<S>), errors: reader.errors, locator: reader };
}

type Raw = Record<string, unknown>;

/**
 * A value on its way through convict. Bare values do not survive it: it turns the text "no" into true, reads "5 apples" as 5, takes a
 * dot in a member's name for a level, and does not look inside objects. Arrays it leaves alone.
 */
type Boxed = readonly [unknown];

const MOST_ALIASES = 1000;
const NO_DEPTH_LEFT = 16;
/** An unknown key that looks like one of these holds a secret, which no message may repeat. */
const SECRET_NAME = /pass|secret|token|credential/i;

const join = (path: string, step: string | number): string => {
  if (typeof step === 'number') return `${path}[${step}]`;
  return path === '' ? step : `${path}.${step}`;
};

class Reader implements Locator {
  readonly errors: ConfigError[] = [];
  readonly file: string;
  readonly #yaml: YamlFile;
  readonly #positions = new Map<string, Position>();
  #aliases = 0;

  constructor(yaml: YamlFile) {
    this.#yaml = yaml;
    this.file = yaml.file;
  }

  at(path: string): Position {
    const found = this.#positions.get(path);
    if (found !== undefined) return found;
    const parent = path.replace(/(?:\.[^.[]*|\[[^\]]*\]|^[^.[]*)$/, '');
    if (parent === path) return { line: 1, column: 1, written: false };
    return { ...this.at(parent), written: false };
  }

  values(shape: Shape, node: unknown, path: string): Raw {
    const before = this.errors.length;
    const raw = this.#raw(shape, node, path);
    const config = convict<Raw>(this.#convictSchema(shape, path), { args: [], env: {} });
    try {
      config.load(raw).validate({ allowed: 'strict' });
    } catch {
      // Every refusal has been noted with its place by then; what has not is still refused.
      if (this.errors.length === before) this.#note(path, NOT_UNDERSTOOD);
    }
    // Read on even after an error: an operator wants all of them at once.
    return this.#read(shape, config.getProperties(), node, path);
  }

  /** `shown`: the path as a message may name it, where a step of it came from the file. */
  #note(path: string, complaint: Complaint, shown = path): void {
    const { line, column } = this.at(path);
    this.errors.push({ severity: 'error', file: this.file, line, column, key: shown, ...complaint });
  }

  #place(path: string, node: unknown): void {
    const offset = (node as Node | null)?.range?.[0];
    if (offset === undefined) return;
    const { line, col } = this.#yaml.lines.linePos(offset);
    this.#positions.set(path, { line, column: col, written: true });
  }

  #resolve(node: unknown): unknown {
    if (!isAlias(node)) return node;
    this.#aliases += 1;
    // Aliases of aliases can grow without bound from a few lines.
    return this.#aliases > MOST_ALIASES ? null : (node.resolve(this.#yaml.document) ?? null);
  }

  /** The written keys of one section, boxed; sections within sections stay sections. */
  #raw(shape: Shape, given: unknown, path: string): Raw {
    const node = this.#resolve(given);
    if (!isMap(node)) {
      this.#note(path, {
        code: 'wrong-shape',
        found: foundText(this.#plain(node, path), path),
        expected: `keys: ${Object.keys(shape).join(', ')}`,
        remedy: 'write "key: value" pairs, indented below it',
      });
      return {};
    }
    const raw: Raw = Object.create(null) as Raw;
    for (const [name, value] of this.#pairs(node, path)) {
      const part = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (part === undefined) {
        this.#noteUnknown(shape, name, path);
        // convict refuses it as well: one check stands behind the other.
        raw[name] = [null] satisfies Boxed;
      } else if (part.kind === 'key') raw[name] = [this.#plain(value, join(path, name))] satisfies Boxed;
      else if (part.kind === 'section')
        raw[name] = this.#rawSection(part.keys, part.shorthand, value, join(path, name));
    }
    return raw;
  }

  #rawSection(shape: Shape, shorthand: string | null, given: unknown, path: string): Raw {
    const node = this.#resolve(given);
    if (shorthand === null || !isScalar(node) || node.value === null) return this.#raw(shape, node, path);
    this.#place(join(path, shorthand), node);
    return { [shorthand]: [node.value] satisfies Boxed };
  }

  #pairs(map: YAMLMap, path: string): [string, unknown][] {
    return map.items.map((pair) => {
      const name = String(isScalar(pair.key) ? pair.key.value : pair.key);
      this.#place(join(path, name), pair.key);
      return [name, pair.value];
    });
  }

  #noteUnknown(shape: Shape, name: string, path: string): void {
    const known = Object.keys(shape);
    const stem = known.find((candidate) => candidate.endsWith('Env'))?.slice(0, -3);
    const isSecret = stem !== undefined && SECRET_NAME.test(name);
    const step = stepShown(name, isSecret ? name : path);
    const complaint = isSecret
      ? literalSecret(step, stem)
      : ({ code: 'unknown-key', ...unknownKey(step, known, join(path, name)) } as const);
    this.#note(join(path, name), complaint, join(path, step));
  }

  /** YAML to plain values; notes where each element stands. */
  #plain(given: unknown, path: string, depth = 0): unknown {
    const node = this.#resolve(given);
    if (depth > NO_DEPTH_LEFT) return null;
    if (isScalar(node)) return node.value;
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        this.#place(join(path, index), item);
        return this.#plain(item, join(path, index), depth + 1);
      });
    }
    if (!isMap(node)) return null;
    const plain = Object.create(null) as Raw;
    for (const [name, value] of this.#pairs(node, path)) plain[name] = this.#plain(value, join(path, name), depth + 1);
    return plain;
  }

  #convictSchema(shape: Shape, path: string): convict.Schema<Raw> {
    const schema: Raw = {};
    for (const [name, part] of Object.entries(shape)) {
      if (part.kind === 'key') {
        schema[name] = {
          doc: part.doc,
          default: [part.fallback] satisfies Boxed,
          format: (boxed: Boxed) => {
            this.#check(part, boxed[0], join(path, name));
          },
        };
      } else if (part.kind === 'section') {
        schema[name] = this.#convictSchema(part.keys, join(path, name));
      }
    }
    return schema as convict.Schema<Raw>;
  }

  #check(part: Key<unknown>, raw: unknown, path: string): void {
    if (raw === REQUIRED) {
      const expected = `${path} (${part.format.type}): ${part.doc}`;
      this.#note(path, { code: 'missing-key', found: 'nothing', expected, remedy: 'add this key; it has no default' });
      throw new Error('missing');
    }
    const answer = readAs(part.format, raw);
    if (!('refusals' in answer)) return;
    for (const refusal of answer.refusals) {
      const at = refusal.at.reduce(join, path);
      const shown = refusal.at.reduce<string>(
        (above, step) => join(above, typeof step === 'number' ? step : stepShown(step, above)),
        path,
      );
      const found = refusal.found === null || isSecretKey(at) ? foundText(raw, at) : refusal.found;
      const remedy = raw === null ? `give it a value or remove the key; ${refusal.remedy}` : refusal.remedy;
      this.#note(at, { code: 'bad-value', found, expected: refusal.expected, remedy }, shown);
    }
    throw new Error('refused');
  }

  /** convict's answer, unboxed, and the parts that convict has not seen. */
  #read(shape: Shape, properties: Raw, node: unknown, path: string): Raw {
    const values: Raw = {};
    for (const [name, part] of Object.entries(shape)) {
      values[name] = this.#readPart(part, properties[name], this.#child(node, name), join(path, name));
    }
    return values;
  }

  #readPart(part: Part, property: unknown, node: unknown, path: string): unknown {
    switch (part.kind) {
      case 'key': {
        const answer = readAs(part.format, (property as Boxed | undefined)?.[0]);
        return 'value' in answer ? (answer.value as unknown) : undefined;
      }
      case 'section':
        return this.#read(part.keys, (property ?? {}) as Raw, node, path);
      case 'optional':
        return node === undefined ? null : this.values(part.keys, node, path);
      case 'list':
        return this.#readList(part, node, path);
      case 'named':
        return this.#readNamed(part, node, path);
      default:
        return part satisfies never;
    }
  }

  #readList(part: SectionList<Shape>, node: unknown, path: string): unknown[] {
    const items = node === undefined ? [] : isSeq(node) ? node.items : null;
    if (items === null || items.length < part.least) {
      const expected = `a list of at least ${part.least}, each with ${Object.keys(part.keys).join(', ')}`;
      const found = items === null ? foundText(this.#plain(node, path), path) : 'none';
      this.#note(path, { code: 'wrong-shape', found, expected, remedy: 'begin each element with "- " below the key' });
      return [];
    }
    return items.map((item, index) => {
      this.#place(join(path, index), item);
      return this.values(part.keys, item, join(path, index));
    });
  }

  #readNamed(part: NamedSections<Shape>, node: unknown, path: string): Raw {
    if (node === undefined) return {};
    if (!isMap(node)) {
      const expected = `a map: NAME, and below it ${Object.keys(part.keys).join(', ')}`;
      const remedy = 'write one "NAME:" for each, and its keys indented below it';
      this.#note(path, { code: 'wrong-shape', found: foundText(this.#plain(node, path), path), expected, remedy });
      return {};
    }
    const sections: Raw = {};
    for (const [name, item] of this.#pairs(node, path)) {
      const at = join(path, name);
      const answer = readAs(part.names, name);
      if (!('refusals' in answer)) sections[name] = this.values(part.keys, item, at);
      else
        for (const { expected, remedy } of answer.refusals)
          this.#note(
            at,
            { code: 'bad-value', found: foundText(name, at), expected, remedy },
            join(path, stepShown(name, path)),
          );
    }
    return sections;
  }

  #child(given: unknown, name: string): unknown {
    const node = this.#resolve(given);
    return isMap(node) ? this.#resolve(node.get(name, true)) : undefined;
  }
}

const literalSecret = (step: string, stem: string): Complaint => ({
  code: 'literal-secret',
  found: `a secret in the file, under "${step}"`,
  expected: `${stem}Env or ${stem}File`,
  remedy: `put it into an environment variable and name that: "${stem}Env: NAME", or "${stem}File: PATH"; then change the secret, it has been on disk`,
});

/** convict's own words are not passed on: they may quote what was found. */
const NOT_UNDERSTOOD: Complaint = {
  code: 'not-accepted',
  found: 'something that the schema refuses',
  expected: 'only what the configuration reference lists',
  remedy: 'compare with the examples in config/',
};
