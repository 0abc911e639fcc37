import type { MemberName } from './names.js';

/** What became of one row of the heartbeat at the leader's own address. A beat that could not even be tried is an unknown reading. */
export interface Heartbeat {
  readonly member: MemberName;
  /** Null: the row was written. Else the server's own "no"; `code` null: it took the statement and did not finish it in time. */
  readonly refused: { readonly code: string | null; readonly text: string } | null;
}

/** What stands in the column `instance`: who had it written, and on which member, whose clock its time is. */
export const beatAuthor = (instance: string, member: string): string => `${instance} on ${member}`;

/** What a row says besides its time and its server. */
export interface BeatRow {
  readonly scope: string;
  readonly instance: string;
}
