import type { ComponentChildren } from 'preact';

/** What stands in the form, by the name of its field. */
export type Values = Readonly<Record<string, string>>;

export interface DialogSpec {
  readonly title: string;
  readonly lead: ComponentChildren;
  readonly fields?: ComponentChildren;
  readonly submit: string;
  readonly danger?: boolean;
  /** Absent: no field for a token is shown. */
  readonly send?: (values: Values) => Promise<unknown>;
  /** What comes back is shown in the dialog before it is closed. */
  readonly result?: (answer: unknown) => ComponentChildren;
  readonly done: (answer: unknown) => void;
}
