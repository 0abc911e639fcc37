import { bytesAgainst } from './amounts.js';

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

/** "about 14 s of writes", for a sentence. */
export const secondsText = (seconds: number | null): string =>
  seconds === null ? 'for how many seconds of writes is unknown' : `about ${seconds} s of writes`;

/** "at least 1.3 MiB (about 14 s of writes)", for a sentence. `against`: another one that stands beside it. */
export const lossText = ({ bytes, seconds }: AgreedLoss, against: AgreedLoss | null = null): string =>
  bytes === null
    ? 'an unknown number of bytes'
    : `at least ${bytesAgainst(bytes, against?.bytes ?? bytes)} (${secondsText(seconds)})`;
