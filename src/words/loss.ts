import type { AgreedLoss } from '../model/loss.js';
import { bytesAgainst } from './amounts.js';

/** "about 14 s of writes", for a sentence. */
export const secondsText = (seconds: number | null): string =>
  seconds === null ? 'for how many seconds of writes is unknown' : `about ${seconds} s of writes`;

/** "at least 1.3 MiB (about 14 s of writes)", for a sentence. `against`: another one that stands beside it. */
export const lossText = ({ bytes, seconds }: AgreedLoss, against: AgreedLoss | null = null): string =>
  bytes === null
    ? 'an unknown number of bytes'
    : `at least ${bytesAgainst(bytes, against?.bytes ?? bytes)} (${secondsText(seconds)})`;
