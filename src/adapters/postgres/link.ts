import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { ClusterConfig } from '../../model/config.js';
import { madeOf } from '../tls/pem.js';
import { faultOf, type Fault } from './faults.js';
import { sslOf } from './tls.js';

/** One connection for the reading, one for a step that must not wait behind it. */
const MAX_CONNECTIONS = 2;
const IDLE_MS = 60_000;

/**
 * Only functions and views of the catalogue are called, whatever somebody has put on the path; nothing is written; and the planner's guess
 * at our many small parts must not start the JIT compiler, which costs more than all of them.
 */
const SESSION = '-c search_path=pg_catalog -c jit=off';

/** By SET and not among the options of the connection, which would hide from `pg_settings.reset_val` what all others get. */
const READ_ONLY = 'SET default_transaction_read_only = on';

export type Rows =
  | { readonly ok: true; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  /** `sent`: the statement went out, so the server may have carried it out. */
  | ({ readonly ok: false; readonly sent: boolean } & Fault);

export interface Statement {
  readonly text: string;
  readonly values: readonly (string | number)[];
  /** How long it may take, instead of the deadline of all others; its connection is not used again. */
  readonly withinMs?: number;
  /** Empty: none. Named statements are parsed and planned once per connection instead of once per call. */
  readonly name: string;
}

/**
 * The connections to one member. A server that is stopped, restarted or frozen costs one deadline per call and nothing else: a connection
 * with any error is destroyed, never put back, and the next call opens a new one.
 */
export class Link {
  private readonly pool: pg.Pool;
  private readonly sockets = new Set<Socket>();
  /** The pool hands this very object to each connection that it opens. */
  private readonly ssl: false | ConnectionOptions;
  private readonly sslNow: () => false | ConnectionOptions;

  constructor(
    config: NonNullable<ClusterConfig['postgres']>,
    place: { readonly host: string; readonly port: number },
    private readonly deadlineMs: number,
  ) {
    this.sslNow = madeOf(config.tls, sslOf);
    this.ssl = this.sslNow();
    this.pool = new pg.Pool({
      host: place.host,
      port: place.port,
      user: config.user,
      database: config.database,
      ...(config.password === null ? {} : { password: config.password }),
      ssl: this.ssl,
      application_name: 'ekimi',
      options: SESSION,
      max: MAX_CONNECTIONS,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: deadlineMs,
      // A little earlier than our own deadline: a server that says "too slow" is known to be alive, one that says nothing is not.
      statement_timeout: Math.floor(deadlineMs * 0.9),
      keepAlive: true,
      stream: () => this.socket(),
      verify: (client, done) => {
        client.query({ text: READ_ONLY, query_timeout: deadlineMs } as pg.QueryConfig).then(
          () => {
            done();
          },
          (error: unknown) => {
            done(error instanceof Error ? error : new Error(String(error)));
          },
        );
      },
    });
    this.pool.on('error', () => undefined); // an idle connection's end: without a listener it ends the process
    this.pool.on('connect', (client) => {
      client.on('error', () => undefined); // and the same while it is in use, where the pool does not listen
    });
  }

  /** Renewed certificates are for the connections that are opened from now on. pg has made `key` a property of its own kind: it is set, not replaced. */
  private renew(): void {
    const now = this.sslNow();
    if (this.ssl !== false && now !== false && now !== this.ssl) Object.assign(this.ssl, now);
  }

  /** Ours, so that `close` can end those which a frozen server would keep for ever. */
  private socket(): Socket {
    const socket = new Socket();
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }

  /** Sockets that are open or being opened. */
  openSockets(): number {
    return this.sockets.size;
  }

  /** One statement within the deadline, waiting for a connection included. Never rejects. */
  async query(statement: Statement): Promise<Rows> {
    const startedAtMs = performance.now();
    let client: pg.PoolClient | null = null;
    let sent = false;
    try {
      this.renew();
      client = await this.pool.connect();
      const leftMs = statement.withinMs ?? Math.max(1, this.deadlineMs - (performance.now() - startedAtMs));
      if (statement.withinMs !== undefined)
        await client.query({
          text: `SET statement_timeout = ${Math.floor(leftMs)}`,
          query_timeout: this.deadlineMs,
        } as pg.QueryConfig);
      sent = true;
      const result: pg.QueryResult<Record<string, unknown>> = await client.query({
        name: statement.name,
        text: statement.text,
        values: [...statement.values],
        query_timeout: leftMs,
      } as pg.QueryConfig);
      client.release(statement.withinMs !== undefined);
      return { ok: true, rows: result.rows };
    } catch (error) {
      client?.release(true);
      return { ok: false, sent, ...faultOf(error) };
    }
  }

  async close(): Promise<void> {
    // Not awaited: the pool waits for each server to say good-bye, and a frozen one does not.
    const ended = this.pool.end();
    for (const socket of this.sockets) socket.destroy();
    await ended;
  }
}
