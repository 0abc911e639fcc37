import { Socket } from 'node:net';
import pg from 'pg';
import type { PoolerConfig } from '../../../model/config.js';
import { faultOf, type Fault } from '../../postgres/faults.js';
import { sslOf } from '../../postgres/tls.js';
import { madeOf } from '../../tls/pem.js';

export type ConsoleRow = Readonly<Record<string, unknown>>;

export type ConsoleAnswer =
  | { readonly ok: true; readonly rows: readonly ConsoleRow[] }
  /** `sent`: the command went out. `refused`: the console itself said no, in these words. */
  | (Fault & { readonly ok: false; readonly sent: boolean; readonly refused: string | null });

/** The database that is the console. */
export const CONSOLE_DATABASE = 'pgbouncer';

/** `unix:///DIRECTORY/.s.PGSQL.PORT` is what the socket of a server of PostgreSQL's kind is called. */
function placeOf(address: string): { readonly host: string; readonly port: number } {
  const socket = /^unix:\/\/(\/.*)\/\.s\.PGSQL\.(\d+)$/.exec(address);
  if (socket !== null) return { host: socket[1] ?? '', port: Number(socket[2]) };
  const url = new URL(address);
  return { host: url.hostname.replaceAll(/^\[|\]$/g, ''), port: Number(url.port) };
}

/**
 * One connection to the admin console, opened when it is first needed and anew after any fault. The console takes simple queries alone, one
 * command each, and says nothing else while a PAUSE on the same connection waits: whoever pauses needs a second one to end it.
 */
export class PgbouncerConsole {
  private client: pg.Client | null = null;
  private socket: Socket | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private readonly ssl: ReturnType<typeof madeOf<PoolerConfig['tls'], ReturnType<typeof sslOf>>>;

  constructor(
    private readonly config: PoolerConfig,
    private readonly deadlineMs: number,
  ) {
    this.ssl = madeOf(config.tls, sslOf);
  }

  /** One after the other. Never rejects. `forMs`: how long the answer may take, where that is not the deadline of every call. */
  ask(command: string, forMs: number = this.deadlineMs): Promise<ConsoleAnswer> {
    const answer = this.last.then(() => this.answerTo(command, forMs));
    this.last = answer;
    return answer;
  }

  /** Opens it, so that the next command need not wait for that. Null: it is open. */
  async open(): Promise<ConsoleAnswer | null> {
    try {
      await this.connected();
      return null;
    } catch (error) {
      this.close();
      return { ok: false, sent: false, refused: null, ...consoleFault(error) };
    }
  }

  private async answerTo(command: string, forMs: number): Promise<ConsoleAnswer> {
    let sent = false;
    try {
      const client = await this.connected();
      sent = true;
      const { rows }: pg.QueryResult<ConsoleRow> = await client.query({
        text: command,
        query_timeout: forMs,
      } as pg.QueryConfig);
      return { ok: true, rows };
    } catch (error) {
      // Its SQLSTATE is that of a broken protocol, whatever the console refuses; the connection is as good as before.
      if (sent && error instanceof pg.DatabaseError && error.severity === 'ERROR')
        return { ok: false, sent, refused: error.message, fault: 'denied', why: `refuses it: ${error.message}` };
      this.close();
      return { ok: false, sent, refused: null, ...consoleFault(error) };
    }
  }

  private async connected(): Promise<pg.Client> {
    if (this.client !== null) return this.client;
    const { user, password, address } = this.config;
    const socket = new Socket();
    const client = new pg.Client({
      ...placeOf(address),
      user,
      database: CONSOLE_DATABASE,
      ...(password === null ? {} : { password }),
      ssl: this.ssl(),
      connectionTimeoutMillis: this.deadlineMs,
      keepAlive: true,
      stream: () => socket,
    });
    const forget = (): void => {
      if (this.socket === socket) this.client = null;
    };
    client.on('error', forget); // without a listener the end of an idle connection ends the process
    client.on('end', forget);
    this.socket = socket;
    await client.connect();
    this.client = client;
    return client;
  }

  /** At once: a console that hangs says no good-bye. */
  close(): void {
    this.client = null;
    this.socket?.destroy();
    this.socket = null;
  }
}

/** PgBouncer refuses a login with the SQLSTATE of a broken protocol, and tells why in words. */
const LOGIN_REFUSED =
  /password authentication failed|no such user|login rejected|not allowed|SASL|auth(?:entication)? failed/i;

function consoleFault(error: unknown): Fault {
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof pg.DatabaseError && LOGIN_REFUSED.test(said))
    return { fault: 'denied', why: `refuses our login: ${said}` };
  return faultOf(error);
}
