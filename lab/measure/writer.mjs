// A client that writes through HAProxy and remembers exactly which rows were acknowledged, when, and by which member.
import pg from 'pg';
import { nowMs, sleep } from './pause.mjs';

const CONNECT_TIMEOUT_MS = 1_000;
// On the client only: a server-side statement_timeout that fires while COMMIT waits for the sync replica answers *success* with a warning, and
// a row that only the leader has would count as acknowledged by the cluster.
const QUERY_TIMEOUT_MS = 2_000;
const PERIOD_MS = 20;
const RETRY_MS = 15;
const INSERT = `INSERT INTO measure_writes VALUES ($1, $2) RETURNING host(inet_server_addr()) AS address,
  pg_current_wal_insert_lsn() - '0/0' AS lsn, pg_walfile_name(pg_current_wal_insert_lsn()) AS segment`;

/** @typedef {{ id: number, beganMs: number, atMs: number, member: string, lsn: number, timeline: number }} Ack */

/**
 * One connection at a time, INSERT of a rising id in autocommit, a new connection as soon as the old one fails.
 * An id is used once: after a timeout nobody knows whether its row is there, and it is not counted as acknowledged.
 */
export class Writer {
  /** `lsn` (bytes) and `timeline`: where the leader's WAL stood when it had written the row. @type {Ack[]} */
  acks = [];
  /** Failed attempts by error code. @type {Record<string, number>} */
  failures = {};
  #options;
  #stopping = false;
  #running = Promise.resolve();

  /**
   * `hosts` instead of `host`: all of them are asked at once, and the first that takes writes is written to.
   * @param {{ host?: string, hosts?: readonly string[], port: number, password: string, run: string, memberAt: (address: string) => string, ssl?: object }} options
   */
  constructor(options) {
    this.#options = options;
  }

  /** Makes the table on the leader (once per lab) and takes away the rows of earlier runs. */
  async prepare() {
    const client = await this.#connect();
    try {
      await client.query(`CREATE TABLE IF NOT EXISTS measure_writes (run text, id bigint, PRIMARY KEY (run, id))`);
      await client.query(`DELETE FROM measure_writes WHERE run <> $1`, [this.#options.run]);
    } finally {
      drop(client);
    }
  }

  start() {
    this.#running = this.#write();
  }

  /** Ends after the attempt under way. */
  async stop() {
    this.#stopping = true;
    await this.#running;
  }

  /** Milliseconds for which writes have flowed without a gap of a second; 0 while they do not. */
  flowingForMs() {
    const now = nowMs();
    let next = now;
    for (let i = this.acks.length - 1; i >= 0; i -= 1) {
      if (next - this.acks[i].atMs > 1_000) return i === this.acks.length - 1 ? 0 : now - next;
      next = this.acks[i].atMs;
    }
    return this.acks.length === 0 ? 0 : now - next;
  }

  /** The ids that are there now, read through the same port. */
  async readBack() {
    const client = await this.#connect();
    try {
      const { rows } = await client.query('SELECT id FROM measure_writes WHERE run = $1', [this.#options.run]);
      return new Set(rows.map((row) => Number(row.id)));
    } finally {
      drop(client);
    }
  }

  async #write() {
    let client = null;
    for (let id = 1; !this.#stopping; id += 1) {
      const beganMs = nowMs();
      try {
        client ??= await this.#connect();
        const { rows } = await client.query({
          name: 'write',
          text: INSERT,
          values: [this.#options.run, id],
        });
        const atMs = nowMs();
        const [{ address, lsn, segment }] = rows;
        this.acks.push({
          id,
          beganMs,
          atMs,
          member: this.#options.memberAt(address),
          lsn: Number(lsn),
          timeline: Number.parseInt(segment.slice(0, 8), 16),
        });
        await sleep(Math.max(0, PERIOD_MS - (atMs - beganMs)));
      } catch (error) {
        const code = error.code ?? error.message;
        this.failures[code] = (this.failures[code] ?? 0) + 1;
        if (client !== null) drop(client);
        client = null;
        await sleep(RETRY_MS);
      }
    }
    if (client !== null) drop(client);
  }

  #connect() {
    const { host, hosts } = this.#options;
    return hosts === undefined ? this.#connectTo(host) : this.#whereWritesAreTaken(hosts);
  }

  /** As `target_session_attrs=read-write`, which asks one after the other: at least as fast. */
  async #whereWritesAreTaken(hosts) {
    let taken = null;
    const asked = hosts.map(async (host) => {
      const client = await this.#connectTo(host);
      const { rows } = await client.query('SHOW transaction_read_only');
      if (rows[0].transaction_read_only === 'off' && taken === null) return (taken = client);
      drop(client);
      throw new Error(`${host} takes no writes`);
    });
    try {
      return await Promise.any(asked);
    } catch ({ errors }) {
      throw errors[0];
    }
  }

  async #connectTo(host) {
    const { port, password, ssl } = this.#options;
    const client = new pg.Client({
      host,
      port,
      password,
      user: 'postgres',
      database: 'postgres',
      ...(ssl === undefined ? {} : { ssl }),
      application_name: 'measure-writer',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
    });
    // A connection that dies between two statements says so here; the next statement fails too.
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      drop(client);
      throw error;
    }
  }
}

// end() says goodbye and waits for an answer that a dead or frozen member never gives.
function drop(client) {
  client.connection.stream.destroy();
}
