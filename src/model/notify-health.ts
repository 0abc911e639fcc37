/** How one channel to persons does, since this process began. `spool`: what could not be sent yet is kept there. */
export interface ChannelHealth {
  readonly name: string;
  /** Since when nothing was taken; null: the last try went well, or there was none. */
  readonly failingSinceMs: number | null;
  readonly why: string | null;
  readonly waiting: number;
  readonly sent: number;
  /** Tries that failed. */
  readonly failed: number;
  /** Messages that nobody will get there: refused, too old, or beyond the spool. */
  readonly lost: number;
}

/** One that persons are not told by now. */
export interface FailingChannel {
  readonly name: string;
  readonly sinceMs: number;
  readonly why: string;
}

/** What a problem with it has as its subject: a channel may be called like a member. */
export const channelSubject = (name: string): string => `notify:${name}`;
