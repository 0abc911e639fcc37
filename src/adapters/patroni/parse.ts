import { z } from 'zod';
import { lsnFromNumber, memberName, type Lsn } from '../../model/names.js';
import type { ClusterReport, ClusterRow, DynamicConfig, HistoryRow, PatroniStatus, Xlog } from '../../model/patroni.js';
import { booleanFrom, isTrue, roleFrom, rowRoleFrom, stateFrom, tagsFrom } from './words.js';

/**
 * Patroni's documents, 3.0 to 4.1, as its source and the recorded answers show them. What identifies a document is demanded, the
 * rest is taken as it comes: a field of a type that we do not know reads as absent, and absent is null, never a default. What is read in every
 * pass is compiled: the same answers, for a third of the time.
 */
const maybe = <T extends z.ZodType>(type: T) => type.nullish().catch(null);
const integerText = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,20}$/)]);

/** Positions are 64 bits wide: what is larger is no position, and would be furthest of all. */
const MAX_LSN = 2n ** 64n - 1n;
const anything = z.unknown().optional();
const anyRecord = z.record(z.string(), z.unknown());

const statusDocument = z.compile(
  z.object({
    state: z.string(),
    role: z.string(),
    patroni: z.object({ scope: z.string(), version: maybe(z.string()), name: maybe(z.string()) }),
    timeline: maybe(z.int()),
    server_version: maybe(z.int()),
    xlog: maybe(anyRecord),
    wal: maybe(anyRecord),
    replication: maybe(z.array(anyRecord)),
    replication_state: maybe(z.string()),
    pause: anything,
    cluster_unlocked: anything,
    failsafe_mode_is_active: anything,
    pending_restart: anything,
    pending_restart_reason: anything,
    sync_standby: anything,
    quorum_standby: anything,
    tags: maybe(anyRecord),
    database_system_identifier: maybe(z.union([z.string(), z.int()])),
    dcs_last_seen: maybe(z.number()),
    postmaster_start_time: maybe(z.string()),
    watchdog_failed: anything,
    scheduled_restart: maybe(z.object({ schedule: z.string() })),
  }),
);

const clusterDocument = z.compile(
  z.object({
    members: z.array(
      z.object({
        name: z.string(),
        role: z.string(),
        state: maybe(z.string()),
        timeline: maybe(z.int()),
        lag: anything,
        tags: maybe(anyRecord),
        pending_restart: anything,
      }),
    ),
    pause: anything,
    scope: maybe(z.string()),
    scheduled_switchover: maybe(z.object({ at: z.string(), from: maybe(z.string()), to: maybe(z.string()) })),
  }),
);

const historyDocument = z.array(
  z
    .tuple([
      z.int(),
      integerText,
      maybe(z.string()).optional(),
      maybe(z.string()).optional(),
      maybe(z.string()).optional(),
    ])
    .rest(z.unknown()),
);

/** Timeline 0 is what Patroni says when it does not know. */
const timelineFrom = (value: number | null | undefined): number | null =>
  value !== undefined && value !== null && value > 0 ? value : null;

/** 0 is PostgreSQL's "no position". */
function lsnFrom(value: unknown): Lsn | null {
  const isInteger = Number.isSafeInteger(value) || (typeof value === 'string' && /^\d{1,20}$/.test(value));
  // An absent one is the usual case, and to be told by a parser why it is no position costs more than all the rest of a document.
  const position = isInteger ? BigInt(value as number | string) : 0n;
  return position <= 0n || position > MAX_LSN ? null : lsnFromNumber(position);
}

/** `2026-11-22 17:52:50.741656+00:00`, with a space; a time without a zone is not a moment. */
function momentFrom(value: unknown): number | null {
  if (typeof value !== 'string' || !/(Z|[+-]\d\d:?\d\d)$/.test(value)) return null;
  const atMs = Date.parse(value.replace(' ', 'T'));
  return Number.isNaN(atMs) ? null : atMs;
}

const xlogFrom = (raw: Readonly<Record<string, unknown>> | null | undefined): Xlog | null =>
  raw === null || raw === undefined
    ? null
    : {
        location: lsnFrom(raw['location']),
        receivedLocation: lsnFrom(raw['received_location']),
        replayedLocation: lsnFrom(raw['replayed_location']),
        replayedAtMs: momentFrom(raw['replayed_timestamp']),
        replayPaused: isTrue(raw['paused']),
      };

const wordFrom = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `{"max_connections": {"old_value": "60", "new_value": "70"}}`; nothing before 3.3.0. */
function pendingFor(value: unknown): Pick<PatroniStatus, 'pendingRestartFor'> {
  if (typeof value !== 'object' || value === null) return {};
  const names = Object.keys(value).map((name) => name.toLowerCase());
  return { pendingRestartFor: names.sort() };
}

/** `GET /patroni`, also the body of every health check. Throws ZodError where state, role or scope are missing. */
export function statusFrom(json: unknown): PatroniStatus {
  const raw = statusDocument.parse(json);
  return {
    state: stateFrom(raw.state),
    stateText: raw.state,
    role: roleFrom(raw.role),
    timeline: timelineFrom(raw.timeline),
    xlog: xlogFrom(raw.xlog ?? raw.wal),
    replication: (raw.replication ?? []).map((row) => ({
      applicationName: wordFrom(row['application_name']),
      state: wordFrom(row['state']),
      syncState: wordFrom(row['sync_state']),
    })),
    replicationState: raw.replication_state ?? null,
    paused: isTrue(raw.pause),
    clusterUnlocked: isTrue(raw.cluster_unlocked),
    failsafeActive: isTrue(raw.failsafe_mode_is_active),
    pendingRestart: isTrue(raw.pending_restart),
    ...pendingFor(raw.pending_restart_reason),
    syncStandby: isTrue(raw.sync_standby) || isTrue(raw.quorum_standby),
    tags: tagsFrom(raw.tags ?? {}),
    systemIdentifier: identifierFrom(raw.database_system_identifier),
    watchdogFailed: isTrue(raw.watchdog_failed),
    scheduledRestart: raw.scheduled_restart == null ? null : { at: raw.scheduled_restart.schedule },
    scope: raw.patroni.scope,
    version: raw.patroni.version ?? '',
    name: raw.patroni.name ?? null,
    serverVersion: raw.server_version ?? null,
    postmasterStartedAtMs: momentFrom(raw.postmaster_start_time),
    dcsLastSeenMs:
      typeof raw.dcs_last_seen === 'number' && raw.dcs_last_seen > 0 && raw.dcs_last_seen < MAX_SETTING
        ? Math.round(raw.dcs_last_seen * 1000)
        : null,
  };
}

const identifierFrom = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined || value === '' ? null : String(value);

/** `GET /cluster` and, on 3.2 and newer, the scope that it names. Throws ZodError for anything without members. */
export function clusterFrom(json: unknown): { readonly report: ClusterReport; readonly scope: string | null } {
  const raw = clusterDocument.parse(json);
  const planned = raw.scheduled_switchover;
  return {
    scope: raw.scope ?? null,
    report: {
      rows: raw.members.map(rowFrom),
      paused: isTrue(raw.pause),
      scheduledSwitchover:
        planned === null || planned === undefined
          ? null
          : { at: planned.at, from: planned.from ?? null, to: planned.to ?? null },
    },
  };
}

function bytesFrom(value: unknown): number | null {
  const integer = integerText.safeParse(value);
  const bytes = integer.success ? Number(integer.data) : NaN;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const rowFrom = (raw: z.infer<typeof clusterDocument>['members'][number]): ClusterRow => ({
  name: memberName(raw.name),
  role: rowRoleFrom(raw.role),
  state: stateFrom(raw.state ?? ''),
  stateText: raw.state ?? '',
  timeline: timelineFrom(raw.timeline),
  // "unknown" and an absent lag are not zero bytes.
  lagBytes: bytesFrom(raw.lag),
  tags: tagsFrom(raw.tags ?? {}),
  pendingRestart: isTrue(raw.pending_restart),
});

/** `GET /history`: rows of two to five elements, `[]` on timeline 1. Throws ZodError when a row is something else. */
export const historyFrom = (json: unknown): readonly HistoryRow[] =>
  historyDocument.parse(json).map(([timeline, lsn, reason, at, newLeader]) => ({
    timeline,
    lsn: lsnFromNumber(BigInt(lsn) > MAX_LSN ? MAX_LSN : BigInt(lsn)),
    reason: reason ?? '',
    at: at ?? null,
    newLeader: newLeader ?? null,
  }));

const configDocument = anyRecord;

/** Patroni's own defaults, where the cluster's configuration has no such key or one that Patroni itself would not take. */
const DEFAULT_SECONDS = { ttl: 30, loopWait: 10, retryTimeout: 10, primaryStartTimeout: 300 } as const;
const DEFAULT_MAXIMUM_LAG_BYTES = 1_048_576;

/** A setting beyond this (1e400 reads as Infinity) is none that Patroni would take. */
const MAX_SETTING = 1e15;

function numberFrom(...values: readonly unknown[]): number | null {
  for (const value of values) {
    const number = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && number >= 0 && number <= MAX_SETTING) return number;
  }
  return null;
}

const secondsMs = (fallback: number, ...values: readonly unknown[]): number =>
  (numberFrom(...values) ?? fallback) * 1000;

/** `GET /config`. Throws ZodError when it is not an object; `{}` is what 3.x says when the key is missing. */
export function configFrom(json: unknown): DynamicConfig {
  const raw = configDocument.parse(json);
  const postgresql = anyRecord.safeParse(raw['postgresql']);
  return {
    ttlMs: secondsMs(DEFAULT_SECONDS.ttl, raw['ttl']),
    loopWaitMs: secondsMs(DEFAULT_SECONDS.loopWait, raw['loop_wait']),
    retryTimeoutMs: secondsMs(DEFAULT_SECONDS.retryTimeout, raw['retry_timeout']),
    maximumLagOnFailoverBytes: numberFrom(raw['maximum_lag_on_failover']) ?? DEFAULT_MAXIMUM_LAG_BYTES,
    // Renamed in 3.0; the old name counts up to 4.1.
    primaryStartTimeoutMs: secondsMs(
      DEFAULT_SECONDS.primaryStartTimeout,
      raw['primary_start_timeout'],
      raw['master_start_timeout'],
    ),
    synchronousMode: synchronousModeFrom(raw['synchronous_mode']),
    synchronousModeStrict: booleanFrom(raw['synchronous_mode_strict']) ?? false,
    // Patroni takes less than one for one. [global_config.py]
    synchronousNodeCount: Math.max(1, Math.trunc(numberFrom(raw['synchronous_node_count']) ?? 1)),
    failsafeMode: booleanFrom(raw['failsafe_mode']) ?? false,
    paused: booleanFrom(raw['pause']) ?? false,
    checkTimeline: booleanFrom(raw['check_timeline']) ?? false,
    standbyCluster: isStandbyCluster(raw['standby_cluster']),
    beforeStop: postgresql.success && isTrue(postgresql.data['before_stop']),
    usePgRewind: postgresql.success ? (booleanFrom(postgresql.data['use_pg_rewind']) ?? false) : false,
  };
}

/** As Patroni judges it: a section that says whom to follow, or where to restore from. [global_config.py] */
function isStandbyCluster(section: unknown): boolean {
  const { success, data } = anyRecord.safeParse(section);
  return success && ['host', 'port', 'restore_command'].some((key) => isTrue(data[key]));
}

const synchronousModeFrom = (value: unknown): DynamicConfig['synchronousMode'] => {
  if (typeof value === 'string' && value.toLowerCase() === 'quorum') return 'quorum';
  return booleanFrom(value) === true ? 'on' : 'off';
};
