/** A table with its title; `note` says how to read it. */
export interface ReportSection {
  readonly title: string;
  readonly note: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A report as tables of plain text, not escaped: that is the work of each form. Plain values: it is kept in a file. */
export interface ReportDocument {
  readonly title: string;
  /** What there was, in a few sentences. */
  readonly summary: readonly string[];
  readonly sections: readonly ReportSection[];
}
