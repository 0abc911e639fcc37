/** What an instance knows of its own sight; times are monotonic. */
export interface Sight {
  blindPasses: number;
  blindSinceMs: number | null;
  /** Until then tenure is left to others. */
  backUntilMs: number;
  /** It was given up, blind, at least once since it saw something. */
  gaveUp: boolean;
}

export const newSight = (): Sight => ({ blindPasses: 0, blindSinceMs: null, backUntilMs: -Infinity, gaveUp: false });
