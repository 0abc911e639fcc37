import type { Reading } from './reading.js';

/** One database of a pooler, as its clients name it. */
export interface PoolerDatabase {
  readonly name: string;
  /** Told to pause: clients that begin a transaction wait. Whoever told it. */
  readonly paused: boolean;
  /** Connections to the server that are open. A pause is complete when none is. */
  readonly servers: number;
  /** Clients that wait for a connection to the server. */
  readonly waiting: number;
  /** How long the first of them has waited. */
  readonly maxWaitMs: number;
}

/** What a pooler says of itself. */
export interface PoolerReport {
  readonly version: string;
  /** All of it is paused or suspended, by a command that names no database. Null: this version does not tell. */
  readonly allPaused: boolean | null;
  /** Those that clients of this cluster use: the ones of the configuration, else all that the pooler has. */
  readonly databases: readonly PoolerDatabase[];
  /** How long it lets clients wait, by its settings; read once a minute. Absent: it does not tell. */
  readonly waits?: PoolerWaits;
}

export interface PoolerWaits {
  /** A client that waits longer for a server is disconnected; null: never (`query_wait_timeout = 0`). */
  readonly clientMs: number | null;
  /** A server that was not there is asked again after this time (`server_login_retry`). */
  readonly loginRetryMs: number;
}

/** A pooler by the operator's name for it, and what it says. */
export interface PoolerSeen {
  readonly name: string;
  readonly seen: Reading<PoolerReport>;
}

/** Databases of it that are told to pause. */
export const pausedIn = ({ databases }: PoolerReport): readonly string[] =>
  databases.filter(({ paused }) => paused).map(({ name }) => name);

export const isPaused = (report: PoolerReport): boolean => report.allPaused === true || pausedIn(report).length > 0;

/** Every database of it is paused, and no connection to a server is left: nobody notices what becomes of the servers. */
export const isPauseComplete = ({ databases }: PoolerReport): boolean =>
  databases.every(({ paused, servers }) => paused && servers === 0);
