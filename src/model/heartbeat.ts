import type { MemberName } from './names.js';

/** What became of one row of the heartbeat at the leader's own address. A beat that could not even be tried is an unknown reading. */
export interface Heartbeat {
  readonly member: MemberName;
  /** Null: the row was written. Else the server's own "no"; `code` null: it took the statement and did not finish it in time. */
  readonly refused: { readonly code: string | null; readonly text: string } | null;
}

/** What a row says besides its time, which is the server's. */
export interface BeatRow {
  readonly scope: string;
  readonly instance: string;
}
