import { z } from 'zod';
import type { ClusterConfig } from '../../model/config.js';
import type { MemberName } from '../../model/names.js';
import type { Reply, Step } from '../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading, type ReadingFault } from '../../model/reading.js';
import type { SqlRights, SqlSettings, SqlSizes, SqlStatus } from '../../model/sql.js';
import type { Clock } from '../../ports/clock.js';
import type { PostgresPort } from '../../ports/postgres.js';
import { beatsOf } from './beat.js';
import { STANDBY_SETTINGS } from '../../model/sql.js';
import { beatSqlOf } from './beat-sql.js';
import { Link, type Rows, type Statement } from './link.js';
import { DROP_SLOT_SQL, RESUME_SQL, RIGHTS_SQL, SETTINGS_SQL, signalSql, SIZES_SQL, statusSql } from './status-sql.js';
import { parseStatus } from './status.js';
import { replyingSince } from '../reply.js';

/**
 * PostgreSQL by SQL on each member, as `PostgresPort`. `cluster.postgres` names hosts, login and TLS; `cluster.deadlines.sql` bounds each
 * call, connecting included. Supports PostgreSQL 12 to 17. Reads never throw; a member without a configured host is `not-configured`.
 *
 * Grants: `pg_monitor` to see other sessions (blockers, states, positions, the walreceiver), without which those fields are empty or
 * null and the rest is still read; `pg_signal_backend` to cancel or terminate, EXECUTE on `pg_wal_replay_resume()` to resume replay, which
 * no other part needs. Superuser is not needed.
 *
 * Throws only here, at start: a TLS file that cannot be read. [patroni.md sections 1.1 and 5.1, runbook: Replication Lag]
 */
export function postgresAdapter(cluster: ClusterConfig, clock: Clock): PostgresPort {
  const links = new Map<MemberName, Link>();
  const { postgres, deadlines } = cluster;
  for (const member of cluster.members) {
    const place = postgres?.hosts[member];
    if (postgres !== null && place !== undefined) links.set(member, new Link(postgres, place, deadlines.sql));
  }
  const asks = statusAsker(cluster, clock);
  const beats = beatsOf(cluster, clock);
  return {
    status: (member) => statusOf(links.get(member), member, { clock, asks }),
    rights: (member) => rightsOf(links.get(member), member, clock),
    sizes: (member) => sizesOf(links.get(member), member, clock),
    settings: (member, names) => settingsOf(links.get(member), member, names, clock),
    ...(beats === null ? {} : { beat: beats.beat, beatReady: beats.beatReady }),
    send: (step) => send(links.get(step.member), step, clock),
    close: async () => {
      beats?.close();
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}

/** So long the row of the heartbeat is not read where a query that asked for it failed. */
const WITHOUT_BEAT_MS = 60_000;

interface StatusAsker {
  readonly statement: (member: MemberName) => Statement;
  /** A query was sent and failed. */
  readonly failed: (member: MemberName) => void;
}

const PLAIN: Statement = { name: 'ekimi-status', text: statusSql(null), values: [] };

/**
 * One query a look. With the row of the heartbeat where it lies in the database that we are connected to. Whatever makes that row unreadable
 * (a damaged page, a policy) must not take the rest of what we know by SQL away: after a failure it is left out for a while.
 */
function statusAsker({ scope, postgres }: ClusterConfig, clock: Clock): StatusAsker {
  const heartbeat = postgres?.heartbeat;
  if (heartbeat === undefined || heartbeat.database !== postgres?.database)
    return { statement: () => PLAIN, failed: () => undefined };
  const withBeat = { name: 'ekimi-status-beat', text: statusSql(beatSqlOf(heartbeat.table, scope)), values: [] };
  const untilMs = new Map<MemberName, number>();
  return {
    statement: (member) => (clock.monotonic() < (untilMs.get(member) ?? -Infinity) ? PLAIN : withBeat),
    failed: (member) => {
      untilMs.set(member, clock.monotonic() + WITHOUT_BEAT_MS);
    },
  };
}

async function statusOf(
  link: Link | undefined,
  member: MemberName,
  { clock, asks }: { readonly clock: Clock; readonly asks: StatusAsker },
): Promise<Reading<SqlStatus>> {
  const source = `sql ${member}`;
  if (link === undefined) return notConfigured(source, clock.now());
  const answer = await link.query(asks.statement(member));
  if (!answer.ok) {
    if (answer.sent) asks.failed(member);
    return unknown(answer.fault, `PostgreSQL of ${member}: ${answer.why}`, clock.now(), source);
  }
  const parsed = parseStatus(answer.rows[0]?.['status']);
  if (!parsed.ok) return unknown('bad-reply', `PostgreSQL of ${member}: ${parsed.why}`, clock.now(), source);
  return fresh(parsed.status, clock.now(), source);
}

async function rightsOf(link: Link | undefined, member: MemberName, clock: Clock): Promise<Reading<SqlRights>> {
  const source = `sql ${member}`;
  if (link === undefined) return notConfigured(source, clock.now());
  const answer = await link.query({ name: 'ekimi-rights', text: RIGHTS_SQL, values: [] });
  if (!answer.ok) return unknown(answer.fault, `PostgreSQL of ${member}: ${answer.why}`, clock.now(), source);
  const {
    user,
    monitor,
    signal_backend: signalBackend,
    resume_replay: resumeReplay,
    drop_slots: dropSlots,
    checkpoint,
    check_data: checkData,
  } = answer.rows[0] ?? {};
  const granted = [monitor, signalBackend, resumeReplay];
  if (typeof user !== 'string' || granted.some((right) => typeof right !== 'boolean'))
    return unknown('bad-reply', `PostgreSQL of ${member}: no answer about our rights`, clock.now(), source);
  const may = (right: unknown): boolean => right === true;
  const rights = {
    user,
    monitor: may(monitor),
    signalBackend: may(signalBackend),
    resumeReplay: may(resumeReplay),
    dropSlots: may(dropSlots),
    ...(typeof checkpoint === 'boolean' ? { checkpoint } : {}),
    checkData: typeof checkData === 'boolean' ? checkData : null,
  };
  return fresh(rights, clock.now(), source);
}

async function sizesOf(link: Link | undefined, member: MemberName, clock: Clock): Promise<Reading<SqlSizes>> {
  const source = `sizes of ${member}`;
  if (link === undefined) return notConfigured(source, clock.now());
  const answer = await link.query({ name: 'ekimi-sizes', text: SIZES_SQL, values: [] });
  if (!answer.ok) return unknown(answer.fault, `PostgreSQL of ${member}: ${answer.why}`, clock.now(), source);
  const { database_bytes: databaseBytes, wal_bytes: walBytes } = answer.rows[0] ?? {};
  if (typeof databaseBytes !== 'number')
    return unknown('bad-reply', `PostgreSQL of ${member}: no answer about sizes`, clock.now(), source);
  return fresh({ databaseBytes, walBytes: typeof walBytes === 'number' ? walBytes : null }, clock.now(), source);
}

const SETTINGS = z.record(
  z.string(),
  z.object({
    setting: z.string(),
    unit: z.string().nullable(),
    type: z.enum(['bool', 'integer', 'real', 'enum', 'string']),
    context: z.string(),
    min: z.string().nullable(),
    max: z.string().nullable(),
    values: z.array(z.string()).nullable(),
  }),
);

/** What the server does not show us, for want of a right, reads as not known to it. */
async function settingsOf(
  link: Link | undefined,
  member: MemberName,
  names: readonly string[],
  clock: Clock,
): Promise<Reading<SqlSettings>> {
  const source = `settings of ${member}`;
  if (link === undefined) return notConfigured(source, clock.now());
  const lower = names.map((name) => name.toLowerCase());
  // The driver writes a list as PostgreSQL's own notation of one; names are checked to be words before they come here.
  const answer = await link.query({ name: 'ekimi-settings', text: SETTINGS_SQL, values: [`{${lower.join(',')}}`] });
  if (!answer.ok) return unknown(answer.fault, `PostgreSQL of ${member}: ${answer.why}`, clock.now(), source);
  const found = SETTINGS.safeParse(answer.rows[0]?.['settings']);
  if (!found.success)
    return unknown('bad-reply', `PostgreSQL of ${member}: no answer about its settings`, clock.now(), source);
  const rows = new Map(Object.entries(found.data).map(([name, row]) => [name.toLowerCase(), row]));
  return fresh(Object.fromEntries(lower.map((name) => [name, rows.get(name) ?? null])), clock.now(), source);
}

const CALLS = {
  'cancel-backend': { call: 'pg_cancel_backend', done: 'cancelled the query of' },
  'terminate-backend': { call: 'pg_terminate_backend', done: 'terminated' },
} as const;

async function send(link: Link | undefined, step: Extract<Step, { port: 'sql' }>, clock: Clock): Promise<Reply> {
  const reply = replyingSince(clock);
  if (link === undefined)
    return reply('none', `no SQL connection to ${step.member} is configured: add it to postgres.members`);
  if (step.statement === 'checkpoint') {
    const answer = await link.query({ name: '', text: 'CHECKPOINT', values: [], withinMs: step.withinMs });
    if (answer.ok) return reply('done', `${step.member} has written a checkpoint`);
    return reply(effectOf(answer), `PostgreSQL of ${step.member}: ${answer.why}`);
  }
  const { name, text, values, done, none } = callOf(step);
  const answer = await link.query({ name, text, values });
  if (!answer.ok) return reply(effectOf(answer), `PostgreSQL of ${step.member}: ${answer.why}`);
  return answer.rows[0]?.['done'] === true ? reply('done', done) : reply('none', none);
}

type Call = Readonly<Record<'name' | 'text' | 'done' | 'none', string>> & {
  readonly values: readonly (string | number)[];
};

/** The statement of a step, and what its answer means: a row says that it was done, none that what it is bound to is no longer so. */
function callOf(step: Exclude<Extract<Step, { port: 'sql' }>, { statement: 'checkpoint' }>): Call {
  if (step.statement === 'resume-replay') {
    const values = [step.at, ...STANDBY_SETTINGS.map((setting) => step.atLeast[setting])];
    const none = `replay on ${step.member} is no longer paused at ${step.at}, or a setting or a recovery target forbids to resume it`;
    return { name: 'ekimi-resume', text: RESUME_SQL, values, done: `resumed replay on ${step.member}`, none };
  }
  if (step.statement === 'drop-slot') {
    const values = [step.slot, step.kind, step.restartLsn];
    const none = `slot ${step.slot} on ${step.member} is used, or is no longer the one that kept WAL from ${step.restartLsn} on`;
    return { name: 'ekimi-drop-slot', text: DROP_SLOT_SQL, values, done: `dropped slot ${step.slot}`, none };
  }
  const { call, done } = CALLS[step.statement];
  const backend = `backend ${step.pid} (started ${step.backendStart}) on ${step.member}`;
  return {
    name: call,
    text: signalSql(call),
    values: [step.pid, step.backendStart],
    done: `${done} ${backend}`,
    none: `backend ${step.pid} that started ${step.backendStart} is no longer there on ${step.member}`,
  };
}

/** PostgreSQL's own "no" proves that nothing happened; after silence or a lost connection the signal may have been sent. */
const effectOf = (answer: Rows & { readonly ok: false }): Reply['effect'] =>
  answer.sent && !REFUSALS.includes(answer.fault) ? 'maybe' : 'none';

const REFUSALS: readonly ReadingFault[] = ['denied', 'too-many-clients', 'starting-up', 'certificate'];
