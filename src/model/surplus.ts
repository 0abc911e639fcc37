/** From where on, and on which timeline, the WAL of a former leader is its own. */
export interface WalSpan {
  readonly timeline: number;
  /** Where the history of the present leader left that timeline. */
  readonly from: string;
}

/** What pg_waldump found in it, on the member itself. */
export interface SurplusWal extends WalSpan {
  /** The end of the last whole record; null: it was not told. */
  readonly to: string | null;
  readonly records: number;
  /** Records that make a transaction last. */
  readonly commits: number;
  /** When the first and the last of them were made, by the clock of that server. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** `tablespace/database/file`, with the number of records, most first. */
  readonly relations: readonly { readonly relation: string; readonly records: number }[];
  /** Identifier of the system that its control file names. */
  readonly systemIdentifier: string | null;
  /** Why it proves nothing, in words. Empty: it was read up to its end, and all kinds of records in it are understood. */
  readonly doubts: readonly string[];
}
