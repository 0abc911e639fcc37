/** What an action would cost in data, as far as anybody can tell. */
export interface Loss {
  readonly text: string;
  /** At least so many: positions are those of the last poll. null: nobody can count them. */
  readonly bytes: number | null;
  /** About so many seconds of writes; null: unknown. */
  readonly seconds: number | null;
}

/** What a person has agreed to lose, or is asked to. `bytes` null: nobody could count it, and they were told so. */
export type AgreedLoss = Pick<Loss, 'bytes' | 'seconds'>;

/** The loss that was agreed to, and no byte more; one that nobody can count only where just that was agreed to. Seconds are an estimate. */
export const covers = (agreed: Pick<Loss, 'bytes'>, loss: Pick<Loss, 'bytes'>): boolean =>
  agreed.bytes === null || (loss.bytes !== null && loss.bytes <= agreed.bytes);
