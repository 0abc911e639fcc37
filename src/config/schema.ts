import type { Format } from './formats.js';

/** Parts of a schema. Every key has a format, a default in the words of the file, and a sentence for the reference page. */
export interface Key<T> {
  readonly kind: 'key';
  readonly format: Format<T>;
  readonly doc: string;
  /** As it would be written; REQUIRED where nothing sensible can be assumed. */
  readonly fallback: unknown;
}

export interface Section<S extends Shape> {
  readonly kind: 'section';
  readonly doc: string;
  readonly keys: S;
  /** A bare word in place of the section stands for this key: `drain-replica: auto`. */
  readonly shorthand: string | null;
  /** The keys are a closed family of like sections, shown once in the reference under this name. */
  readonly family: string | null;
}

/** Null when it is not written. */
export interface OptionalSection<S extends Shape> {
  readonly kind: 'optional';
  readonly doc: string;
  readonly keys: S;
}

export interface SectionList<S extends Shape> {
  readonly kind: 'list';
  readonly doc: string;
  readonly keys: S;
  readonly least: number;
}

/** Like sections under names that we do not know beforehand; none when it is not written. */
export interface NamedSections<S extends Shape> {
  readonly kind: 'named';
  readonly doc: string;
  readonly names: Format<string>;
  readonly keys: S;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a Key is invariant in what it reads; a shape holds keys of every kind
export type Part = Key<any> | Section<Shape> | OptionalSection<Shape> | SectionList<Shape> | NamedSections<Shape>;
export interface Shape {
  readonly [key: string]: Part;
}

/** What a file of this shape gives after defaults: the type follows the schema, so that neither can be forgotten. */
export type Values<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Key<infer T>
    ? T
    : S[K] extends OptionalSection<infer C>
      ? Values<C> | null
      : S[K] extends SectionList<infer C>
        ? readonly Values<C>[]
        : S[K] extends NamedSections<infer C>
          ? Readonly<Record<string, Values<C>>>
          : S[K] extends Section<infer C>
            ? Values<C>
            : never;
};

export const REQUIRED = Symbol('required');

export const key = <T>(format: Format<T>, fallback: unknown, doc: string): Key<T> => ({
  kind: 'key',
  format,
  fallback,
  doc,
});

export const section = <S extends Shape>(
  doc: string,
  keys: S,
  options: { readonly shorthand?: string; readonly family?: string } = {},
): Section<S> => ({
  kind: 'section',
  doc,
  keys,
  shorthand: options.shorthand ?? null,
  family: options.family ?? null,
});

export const optional = <S extends Shape>(doc: string, keys: S): OptionalSection<S> => ({
  kind: 'optional',
  doc,
  keys,
});

export const list = <S extends Shape>(doc: string, least: number, keys: S): SectionList<S> => ({
  kind: 'list',
  doc,
  keys,
  least,
});

export const named = <S extends Shape>(doc: string, names: Format<string>, keys: S): NamedSections<S> => ({
  kind: 'named',
  doc,
  names,
  keys,
});
