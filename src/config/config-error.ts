/** What may be wrong with a file or one of its values, before the rules between keys are asked. Each has a row in docs/generated. */
export const FILE_ERROR_CODES = [
  'file-missing',
  'file-unreadable',
  'file-empty',
  'file-not-text',
  'half-written',
  'merge-conflict',
  'tab-indent',
  'not-yaml',
  'duplicate-key',
  'unknown-key',
  'missing-key',
  'wrong-shape',
  'bad-value',
  'literal-secret',
  'secret-missing',
  'secret-unset',
  'secret-twice',
  'file-not-usable',
  'not-accepted',
] as const;
export type FileErrorCode = (typeof FILE_ERROR_CODES)[number];

/**
 * One thing wrong with a file, complete enough to be mended without opening the documentation. `code` is stable: a FileErrorCode or the id of
 * a rule. Positions count from
 * 1; null only where the value comes from no file (a default, or the cluster itself).
 */
export interface ConfigError {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted path as in the file: `clusters[0].patroni.members.patroni1`. */
  readonly key: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy: string;
}

/** A fault of the file or of one value, without its place. */
export interface Complaint extends Pick<ConfigError, 'found' | 'expected' | 'remedy'> {
  readonly code: FileErrorCode;
}

/** Where a key stands in its file; `written` is false for a key that has its default. */
export interface Position {
  readonly line: number | null;
  readonly column: number | null;
  readonly written: boolean;
  /** Where it is not the file of the locator. */
  readonly file?: string;
}

/** Finds a key of one file. A key that is not written has the position of the nearest enclosing one. */
export interface Locator {
  readonly file: string;
  readonly at: (key: string) => Position;
}

/** All or nothing: with one error there is no value at all, so that no half of a file can come into force. */
export type Loaded<T> =
  | ({ readonly ok: true; readonly warnings: readonly ConfigError[]; readonly locator: Locator } & T)
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** `policy.yaml:12:3: error [lag-order] lag.warning: found …; expected …. Remedy: …` */
export function errorText(error: ConfigError): string {
  const where = [error.file, error.line, error.column].filter((part) => part !== null).join(':');
  const key = error.key === '' ? '' : ` ${error.key}:`;
  return `${where}: ${error.severity} [${error.code}]${key} found ${error.found}; expected ${error.expected.replace(/\.$/, '')}. Remedy: ${error.remedy}`;
}
