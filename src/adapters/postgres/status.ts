import { z } from 'zod';
import { bytesBetween, parseLsn, type Lsn } from '../../model/names.js';
import {
  STANDBY_SETTINGS,
  type Archiver,
  type ReadOnly,
  type ReplayBlocker,
  type SeenBeat,
  type SqlStatus,
  type SyncWaits,
} from '../../model/sql.js';
import { beatJson } from './beat-sql.js';

const lsn = z
  .string()
  .nullable()
  .transform((text): Lsn | null => (text === null ? null : parseLsn(text)));
const whole = z.number().int();
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullable()
    .transform((items) => items ?? []);

const BLOCKER = z.object({
  pid: whole,
  backend_start: z.string(),
  user: z.string(),
  database: z.string(),
  application: z.string(),
  state: z.string(),
  xact_age_ms: z.number(),
  query: z.string().nullable(),
  xmin_age: whole.nullable(),
  holds_lock: z.boolean(),
});

const BEAT = z.object({ by: z.string().nullable(), atMs: z.number(), agoMs: z.number() });

/** The document of `statusSql`. Compiled, since it is read of each member in every pass: the same answers, for a third of the time. */
const DOCUMENT = z.compile(
  z.object({
    recovery: z.boolean(),
    version: whole,
    systemIdentifier: z.string(),
    ownName: z.string().nullish(),
    startedAtMs: z.number().nullish(),
    timeline: whole,
    currentLsn: lsn,
    receiveLsn: lsn,
    replayLsn: lsn,
    replayLagSeconds: z.number().nullable(),
    replayPaused: z.boolean(),
    startupWait: z.string().nullable(),
    receiver: z
      .object({
        status: z.string().nullable(),
        senderHost: z.string().nullable(),
        senderPort: z.number().nullish(),
        timeline: whole.nullable(),
        latestEndLsn: lsn,
        ageMs: z.number().nullable(),
      })
      .nullable(),
    replicas: list(
      z.object({
        application: z.string().nullable(),
        state: z.string().nullable(),
        syncState: z.string().nullable(),
        sentLsn: lsn,
        replayLsn: lsn,
      }),
    ),
    blockers: list(BLOCKER),
    slots: list(
      z.object({
        name: z.string(),
        active: z.boolean(),
        walStatus: z.string().nullable(),
        retained: z.number().nullable(),
        kind: z.string().nullish(),
        safe: z.number().nullish(),
        restart: z.string().nullish(),
      }),
    ),
    connections: z.object({
      max: whole,
      byDatabase: list(
        z.object({ database: z.string(), total: whole, active: whole, idle: whole, idle_in_transaction: whole }),
      ),
    }),
    checksumFailures: z.number().nullable(),
    baseBackups: whole,
    backups: z
      .array(
        z.object({
          client: z.string().nullable(),
          forMs: z.number().nullable(),
          streamedBytes: z.number().nullable(),
          totalBytes: z.number().nullable(),
        }),
      )
      .nullish(),
    syncWaits: z.object({ count: whole, oldestMs: z.number().nullable(), standbyNames: z.string() }).nullish(),
    readOnly: z.object({ reset: z.boolean().nullable(), own: z.boolean(), databases: list(z.string()) }).nullish(),
    walSenders: z.object({ max: whole, used: whole }).optional(),
    archiver: z
      .object({
        failedAgoMs: z.number().nullable(),
        failedWal: z.string().nullable(),
        archivedAgoMs: z.number().nullable(),
        archivedWal: z.string().nullable(),
      })
      .nullish(),
    applyDelayMs: z.number().nullish(),
    recoveryTarget: z.string().nullish(),
    standbySettings: z.record(z.enum(STANDBY_SETTINGS), whole).nullish(),
    beat: z.string().nullish(),
    rewinds: list(z.object({ client: z.string().nullable(), sinceMs: z.number().nullable() })).nullish(),
  }),
);

type Document = z.infer<typeof DOCUMENT>;
type BlockerRow = z.infer<typeof BLOCKER>;

export type ParsedStatus =
  { readonly ok: true; readonly status: SqlStatus } | { readonly ok: false; readonly why: string };

/** One line for people: a query is somebody's text, and may carry terminal codes. */
const plain = (text: string, length: number): string =>
  text
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, length);

/**
 * Whether recovery is known to wait for this backend.
 *
 * - It waits for a lock: the holders of that lock, and nobody else.
 * - It waits for snapshots: those who hold the oldest snapshot. Such a conflict belongs to one database, and PostgreSQL does not tell which,
 *   so with candidates in more than one nobody is confirmed: cancelling the wrong session helps nobody.
 * - Anything else (buffer pin, tablespace, PostgreSQL 12, which names no conflict at all): nobody.
 */
function confirmed(row: BlockerRow, document: Document): boolean {
  if (row.holds_lock) return true;
  if (document.startupWait !== 'RecoveryConflictSnapshot' || row.xmin_age === null) return false;
  const holders = document.blockers.filter((one) => one.xmin_age !== null);
  const oldest = Math.max(...holders.map((one) => one.xmin_age ?? 0));
  return row.xmin_age === oldest && new Set(holders.map((one) => one.database)).size === 1;
}

const blockerOf = (row: BlockerRow, document: Document): ReplayBlocker => ({
  pid: row.pid,
  backendStart: row.backend_start,
  user: plain(row.user, 64),
  database: plain(row.database, 64),
  application: plain(row.application, 64),
  state: row.state,
  xactAgeMs: Math.max(0, Math.round(row.xact_age_ms)),
  query: plain(row.query ?? '', 200),
  confirmed: confirmed(row, document),
});

const ago = (ms: number | null): number | null => (ms === null ? null : Math.max(0, Math.round(ms)));

const syncWaitsOf = (row: NonNullable<Document['syncWaits']>): SyncWaits => ({
  count: row.count,
  oldestMs: ago(row.oldestMs),
  standbyNames: plain(row.standbyNames, 200),
});

const readOnlyOf = (row: NonNullable<Document['readOnly']>): ReadOnly => ({
  server: row.own ? null : row.reset,
  databases: row.databases.map((name) => plain(name, 64)),
});

const archiverOf = (row: NonNullable<Document['archiver']>): Archiver => ({
  failedAgoMs: ago(row.failedAgoMs),
  failedWal: row.failedWal === null ? null : plain(row.failedWal, 64),
  archivedAgoMs: ago(row.archivedAgoMs),
  archivedWal: row.archivedWal === null ? null : plain(row.archivedWal, 64),
});

/** A row that does not name its server tells nobody's clock. */
function beatOf(xml: string | null): SeenBeat | null {
  const row = BEAT.safeParse(xml === null ? null : beatJson(xml));
  if (!row.success || row.data.by === null) return null;
  return {
    by: plain(row.data.by, 64),
    atMs: Math.round(row.data.atMs),
    agoMs: Math.max(0, Math.round(row.data.agoMs)),
  };
}

function statusOf(document: Document): SqlStatus {
  const { receiver, connections, currentLsn } = document;
  const blockers = document.blockers.map((row) => blockerOf(row, document));
  return {
    inRecovery: document.recovery,
    serverVersion: document.version,
    systemIdentifier: document.systemIdentifier,
    ownName: document.ownName ?? null,
    startedAtMs: document.startedAtMs == null ? null : Math.floor(document.startedAtMs),
    timeline: document.timeline,
    currentLsn,
    receiveLsn: document.recovery ? document.receiveLsn : null,
    replayLsn: document.replayLsn,
    replayLagSeconds: document.replayLagSeconds === null ? null : Math.max(0, document.replayLagSeconds),
    replayPaused: document.replayPaused,
    walReceiver:
      receiver === null
        ? null
        : {
            status: receiver.status ?? 'unknown',
            senderHost: receiver.senderHost,
            senderPort: receiver.senderPort ?? null,
            receivedTimeline: receiver.timeline,
            latestEndLsn: receiver.latestEndLsn,
            latestEndAgeMs: receiver.ageMs === null ? null : Math.max(0, Math.round(receiver.ageMs)),
          },
    replicas: document.replicas.map((row) => ({
      applicationName: row.application ?? '',
      state: row.state ?? 'unknown',
      syncState: row.syncState ?? 'unknown',
      sentLsn: row.sentLsn,
      replayLsn: row.replayLsn,
      lagBytes: currentLsn === null || row.replayLsn === null ? null : bytesBetween(currentLsn, row.replayLsn),
    })),
    blockers: [...blockers.filter((one) => one.confirmed), ...blockers.filter((one) => !one.confirmed)],
    slots: document.slots.map((slot) => ({
      name: slot.name,
      active: slot.active,
      retainedBytes: slot.retained === null ? null : Math.max(0, slot.retained),
      walStatus: slot.walStatus,
      kind: slot.kind === 'physical' || slot.kind === 'logical' ? slot.kind : null,
      safeBytes: slot.safe ?? null,
      restartLsn: slot.restart ?? null,
    })),
    connections: {
      max: connections.max,
      total: connections.byDatabase.reduce((sum, row) => sum + row.total, 0),
      byDatabase: connections.byDatabase.map(({ idle_in_transaction: idleInTransaction, ...row }) => ({
        ...row,
        idleInTransaction,
      })),
    },
    checksumFailures: document.checksumFailures,
    baseBackups: document.baseBackups,
    ...(document.backups == null
      ? {}
      : { backups: document.backups.map((row) => ({ ...row, forMs: ago(row.forMs) })) }),
    ...(document.syncWaits == null ? {} : { syncWaits: syncWaitsOf(document.syncWaits) }),
    ...(document.readOnly == null ? {} : { readOnly: readOnlyOf(document.readOnly) }),
    ...(document.walSenders === undefined ? {} : { walSenders: document.walSenders }),
    archiver: document.archiver == null ? null : archiverOf(document.archiver),
    applyDelayMs: Math.max(0, document.applyDelayMs ?? 0),
    recoveryTarget: document.recoveryTarget == null ? null : plain(document.recoveryTarget, 200),
    ...(document.standbySettings == null ? {} : { standbySettings: document.standbySettings }),
    ...(document.beat === undefined ? {} : { beat: beatOf(document.beat) }),
    rewinds: document.rewinds ?? [],
  };
}

/** The JSON text of `statusSql` as `SqlStatus`. Confirmed blockers come first, then the oldest snapshots. */
export function parseStatus(text: unknown): ParsedStatus {
  if (typeof text !== 'string') return { ok: false, why: 'the statement returned no document' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, why: 'the statement returned no JSON' };
  }
  const document = DOCUMENT.safeParse(value);
  if (!document.success) {
    const issue = document.error.issues[0];
    return { ok: false, why: `unexpected document at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? ''}` };
  }
  return { ok: true, status: statusOf(document.data) };
}
