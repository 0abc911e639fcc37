// For the tests, which are TypeScript. See kept.mjs.
export function keptIn(text: string): Readonly<Record<string, readonly string[]>>;
export function joined(
  fresh: readonly (readonly string[])[],
  kept: Readonly<Record<string, readonly string[]>>,
  order: readonly string[],
): readonly string[];
