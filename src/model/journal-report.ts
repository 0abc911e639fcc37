/** What was found of a journal as a whole: is every entry as it was written, in order and without a gap? */
export interface JournalReport {
  readonly files: number;
  readonly entries: number;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** Remains of writes that a crash or a full disk cut off: never acknowledged, no fault. */
  readonly torn: number;
  /** Broken links of the chain and lines that cannot be read; empty when the journal is whole. */
  readonly faults: readonly { readonly where: string; readonly why: string }[];
}
