import type { MemberName } from '../model/names.js';

/** Parts of the simulated world that files of their own step; `state.ts` puts them together. */

/** One commit of a client, with all that tells later whether it still is. */
export interface Commit {
  readonly client: string;
  readonly number: number;
  readonly member: MemberName;
  readonly timeline: number;
  readonly branch: number;
  readonly lsn: number;
  readonly writtenAtMs: number;
  /** When the client was told; null: it waits, or nobody will ever know. */
  ackedAtMs: number | null;
}

export interface ClientSim {
  readonly name: string;
  readonly everyMs: number;
  nextMs: number;
  commits: number;
  /** Whom its open connection leads to. */
  session: MemberName | null;
  /** HAProxy's round robin. */
  turn: number;
}

export interface ClientsSim {
  clients: readonly ClientSim[];
  waiting: readonly Commit[];
  readonly acknowledged: Commit[];
  /** Time in which two members took writes of clients, and in which none did, while there was a client. */
  twoWritersMs: number;
  noWriterMs: number;
  /** Commits that found nobody, and the longest that one waited in a pooler. */
  failed: number;
  longestWaitMs: number;
}

/** One etcd member and what is wrong with it. */
export interface RaftSim {
  /** null: nobody leads, and no linearizable request is answered. */
  leader: string | null;
  /** An election ends then, if a majority can hear one another. */
  electedAtMs: number;
  term: number;
  /** By which an etcd member's every answer is late, milliseconds. */
  readonly slowMs: Map<string, number>;
}

/** One controller: its process and its clock. What it can reach, the table of links says under its name. */
export interface ObserverSim {
  readonly name: string;
  /** How far its wall clock is ahead, milliseconds. */
  skewMs: number;
  /** Stopped as by SIGSTOP: nothing of it goes on, and the world does. */
  suspended: boolean;
  /** How many times its process was killed. */
  killed: number;
  /** The etcd member that answered it last. */
  etcdVia: string | null;
}

/** The archive and what pg_stat_archiver of the primary says of it; it takes whole segments. */
export interface ArchiveSim {
  how: 'off' | 'works' | 'fails';
  /** All below is archived. */
  lsn: number;
  archivedAtMs: number | null;
  failedAtMs: number | null;
}

/** When which position was written, by branch: one mark a second while there is something to mark. */
export type WalTimes = Map<number, { lsn: number[]; ms: number[] }>;

/** One service of a part, where only that is cut: a firewall's rule for one port. */
export type Channel = 'api' | 'sql';

/** `owner`: whose repair takes the rule away, the member of a partition or `a|b` of a link. */
export interface LinkRule {
  readonly owner: string;
  readonly from: string;
  readonly to: string;
  readonly channel: Channel | null;
}

export interface Links {
  rules: readonly LinkRule[];
  /** The rules as keys, for the many who ask. */
  readonly closed: Set<string>;
}

/** A pooler that all clients come through. */
export interface PoolerSim {
  readonly name: string;
  down: boolean;
  paused: boolean;
  /** Transactions are open that do not end: a pause waits for them. */
  busy: boolean;
  pausedSinceMs: number;
  /** The longest pause so far. */
  heldMs: number;
}
