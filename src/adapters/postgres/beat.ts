import pg from 'pg';
import type { ClusterConfig } from '../../model/config.js';
import { beatAuthor, type BeatRow, type Heartbeat } from '../../model/heartbeat.js';
import type { MemberName } from '../../model/names.js';
import { fresh, notConfigured, unknown, type Reading } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import { beatTable } from './beat-sql.js';
import { faultOf } from './faults.js';
import { sslOf } from './tls.js';

type Postgres = NonNullable<ClusterConfig['postgres']>;
type Table = NonNullable<Postgres['heartbeat']>;
type Place = Postgres['hosts'][string];

/** A beat is due every second: one that takes longer is one that failed. */
const BEAT_MS = 1_000;
/** Somebody else's lock on the table is given up before that, so that it is known from a server that does not write. */
const LOCK_MS = 500;
/** Our own patience: a server that says "too slow" itself is known to live. */
const GIVE_UP_MS = 1_500;

/**
 * By the options of the connection, which go before those of a role or database. No standby is waited for, or a mute one would look like a
 * leader that cannot write. `default_transaction_read_only` is left alone: that it is on is what a beat finds.
 */
const SESSION = `-c search_path=pg_catalog -c synchronous_commit=local -c statement_timeout=${BEAT_MS} -c lock_timeout=${LOCK_MS}`;

const quoted = (table: string): string =>
  beatTable(table)
    .map((part) => pg.escapeIdentifier(part))
    .join('.');

const beatSql = (table: string): string =>
  `INSERT INTO ${quoted(table)} (scope, instance, beat_at) VALUES ($1, $2, clock_timestamp())
   ON CONFLICT (scope) DO UPDATE SET instance = EXCLUDED.instance, beat_at = EXCLUDED.beat_at`;

/** Who is read-only, and by whose setting: one of our role says nothing of anybody else's writes. */
const WHO_SQL = `SELECT pg_is_in_recovery() AS recovering,
  (SELECT source IN ('user', 'database user') FROM pg_settings WHERE name = 'default_transaction_read_only') AS ours`;

const READY_SQL = `SELECT to_regclass($1) IS NOT NULL AS there,
  CASE WHEN to_regclass($1) IS NOT NULL THEN
    has_table_privilege(to_regclass($1), 'SELECT') AND has_table_privilege(to_regclass($1), 'INSERT')
    AND has_table_privilege(to_regclass($1), 'UPDATE') END AS granted`;

const MISSING = /^(?:42P01|3F000|42703|42P10)$/;
/** Read-only; no room or memory; the system under PostgreSQL; damage within it. */
const CANNOT_WRITE = /^(?:25006|53[0-24-9A-Z]..|58...|XX...)$/;

/** The heartbeat's own session with one leader. It is the only part of Ekimi that writes into PostgreSQL by itself. */
export class Beat {
  private client: pg.Client | null = null;

  constructor(
    private readonly postgres: Postgres,
    private readonly table: Table,
    private readonly at: { readonly member: MemberName; readonly place: Place },
    private readonly clock: Clock,
  ) {}

  /** One row, in a statement of its own. Never rejects. */
  async beat({ scope, instance }: BeatRow): Promise<Reading<Heartbeat>> {
    const { member } = this.at;
    let client: pg.Client;
    try {
      client = await this.open();
    } catch (error) {
      return this.untold(error);
    }
    try {
      await client.query({ text: beatSql(this.table.table), values: [scope, beatAuthor(instance, member)] });
      return fresh({ member, refused: null }, this.clock.now(), this.source);
    } catch (error) {
      return await this.failed(client, error);
    }
  }

  /** Is the table there, and may our user write it? Writes nothing, so a replica may be asked too. */
  async ready(): Promise<Reading<'ready'>> {
    try {
      const client = await this.open();
      const { rows } = await client.query<{ there: boolean; granted: boolean | null }>({
        text: READY_SQL,
        values: [quoted(this.table.table)],
      });
      if (rows[0]?.there !== true) return this.denied('is missing');
      if (rows[0].granted !== true) return this.denied('may not be read and written by our user');
      return fresh('ready', this.clock.now(), this.source);
    } catch (error) {
      return this.untold(error);
    }
  }

  close(): void {
    const { client } = this;
    this.client = null;
    // Not awaited: a frozen server does not say good-bye.
    void client?.end().catch(() => undefined);
    (client as unknown as { connection?: { stream?: { destroy(): void } } } | null)?.connection?.stream?.destroy();
  }

  private get source(): string {
    return `heartbeat ${this.at.member}`;
  }

  private async open(): Promise<pg.Client> {
    if (this.client !== null) return this.client;
    const { user, password, tls } = this.postgres;
    const client = new pg.Client({
      ...this.at.place,
      user,
      ...(password === null ? {} : { password }),
      database: this.table.database,
      ssl: sslOf(tls),
      application_name: 'ekimi-heartbeat',
      options: SESSION,
      connectionTimeoutMillis: BEAT_MS,
      query_timeout: GIVE_UP_MS,
      keepAlive: true,
    });
    client.on('error', () => undefined); // without a listener it ends the process
    this.client = client;
    await client.connect();
    return client;
  }

  /** The statement left and was not carried out, or not in time. */
  private async failed(client: pg.Client, error: unknown): Promise<Reading<Heartbeat>> {
    const { member } = this.at;
    const code = error instanceof pg.DatabaseError ? (error.code ?? '') : null;
    const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 200);
    if (code === null && !/timeout/i.test(text)) return this.untold(error);
    const refused = (by: string | null): Reading<Heartbeat> =>
      fresh({ member, refused: { code: by, text } }, this.clock.now(), this.source);
    if (code === null) {
      this.close();
      return refused(null);
    }
    if (code === '57014') return refused(null);
    if (!CANNOT_WRITE.test(code))
      return MISSING.test(code) ? this.denied(`is not as it must be: ${text}`) : this.untold(error);
    if (code !== '25006') return refused(code);
    try {
      const { rows } = await client.query<{ recovering: boolean; ours: boolean | null }>(WHO_SQL);
      if (rows[0]?.recovering === true) return this.none('closed', `PostgreSQL of ${member} is in recovery`);
      if (rows[0]?.ours === true)
        return this.none('denied', `default_transaction_read_only is on for our own user on ${member}`);
      return refused(code);
    } catch (again) {
      return this.untold(again);
    }
  }

  private untold(error: unknown): Reading<never> {
    this.close();
    const { fault, why } = faultOf(error);
    return this.none(fault, `PostgreSQL of ${this.at.member}: ${why}`);
  }

  private denied(what: string): Reading<never> {
    const { database, table } = this.table;
    return this.none(
      'denied',
      `the table ${table} of the heartbeat in database ${database} ${what}: see postgres.heartbeat`,
    );
  }

  private none(fault: Parameters<typeof unknown>[0], reason: string): Reading<never> {
    return unknown(fault, reason, this.clock.now(), this.source);
  }
}

/** One session a member, opened when it leads for the first time; null: no heartbeat is configured. */
export function beatsOf({ members, postgres }: ClusterConfig, clock: Clock) {
  const heartbeat = postgres?.heartbeat;
  if (postgres === null || heartbeat === undefined) return null;
  const beats = new Map<MemberName, Beat>();
  for (const member of members) {
    const place = postgres.hosts[member];
    if (place !== undefined) beats.set(member, new Beat(postgres, heartbeat, { member, place }, clock));
  }
  const none = () => notConfigured('postgres.members', clock.now());
  return {
    beat: (member: MemberName, row: BeatRow): Promise<Reading<Heartbeat>> =>
      beats.get(member)?.beat(row) ?? Promise.resolve(none()),
    beatReady: (member: MemberName): Promise<Reading<'ready'>> => beats.get(member)?.ready() ?? Promise.resolve(none()),
    close: (): void => {
      for (const beat of beats.values()) beat.close();
    },
  };
}
