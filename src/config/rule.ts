import type { ConfigError, Locator } from './config-error.js';

/** A way in which values that are each acceptable do not go together. */
export interface Breach {
  /** Dotted path as in the file; the message points at its line. */
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
  /** Where the rule's severity does not fit this case. */
  readonly severity?: ConfigError['severity'];
}

/** One row of a table of cross-field rules. `id` is the stable code in messages; `keys` is what it reads. */
export interface Rule<T> {
  readonly id: string;
  readonly severity: ConfigError['severity'];
  readonly keys: readonly string[];
  readonly check: (value: T) => readonly Breach[];
}

/** Every rule is asked; the rows come in the order of the table. */
export function judge<T>(rules: readonly Rule<T>[], value: T, locator: Locator): ConfigError[] {
  return rules.flatMap((rule) =>
    rule.check(value).map(({ severity, ...breach }) => {
      const { line, column, file = locator.file } = locator.at(breach.key);
      return { severity: severity ?? rule.severity, code: rule.id, file, line, column, ...breach };
    }),
  );
}

/** For values that come from no file at hand: positions are unknown, keys count as written. */
export const nowhere = (file: string): Locator => ({ file, at: () => ({ line: null, column: null, written: true }) });
