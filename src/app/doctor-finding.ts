/** One answer of the doctor: can this part really be used, now, and which actions does it take away if not? */
export type DoctorFinding = {
  readonly check: string;
  readonly detail: string;
  readonly disables: readonly string[];
} & (
  | { readonly verdict: 'ok' }
  /** `off`: not configured, nothing is wrong with it. `remedy`: what a person does about it; begins with a verb, or is a command. */
  | { readonly verdict: 'warn' | 'fail' | 'off'; readonly remedy: string }
);
