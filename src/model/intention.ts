/**
 * What an operator declares of a member, so that what is meant to be is no problem: it replays late on purpose, it has its WAL from the
 * archive and not from a stream, it is gone for good, it is not for readers.
 */
export const INTENTIONS = ['delayed', 'archive-only', 'retired', 'not-for-reads'] as const;
export type Intention = (typeof INTENTIONS)[number];
