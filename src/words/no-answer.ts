import { NO_ADDRESS_ANSWERS } from '../assess/unreachable.js';

/** Said before all else, or instead of it, where nothing of a cluster is reached: what tells the three causes apart is the second line. */
export const NO_ANSWER = [NO_ADDRESS_ANSWERS, 'To tell which: ekimi doctor'] as const;
