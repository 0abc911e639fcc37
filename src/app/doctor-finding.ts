/** One answer of the doctor: can this part really be used, now, and which actions does it take away if not? */
export interface DoctorFinding {
  readonly check: string;
  /** `off`: not configured, nothing is wrong with it. */
  readonly verdict: 'ok' | 'warn' | 'fail' | 'off';
  readonly detail: string;
  readonly disables: readonly string[];
}
