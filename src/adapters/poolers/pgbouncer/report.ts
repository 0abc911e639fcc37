import type { PoolerDatabase, PoolerWaits } from '../../../model/pooler.js';
import { CONSOLE_DATABASE, type ConsoleRow } from './console.js';

/** `PgBouncer 1.18.0`; null: something else answered. */
export const versionIn = (rows: readonly ConsoleRow[]): string | null =>
  /^PgBouncer (\d+\.\d+(?:\.\d+)?)/.exec(text(rows[0]?.['version']))?.[1] ?? null;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** Counters come as numbers or, where they are long, as text. */
const count = (value: unknown): number => Number(value ?? 0);
/** 0 and 1 until 1.23, and whatever a later version makes of it. */
const isOn = (value: unknown): boolean => value === true || ['1', 't', 'true', 'yes'].includes(String(value));

/** Every connection to a server, whatever it does: one that is being cancelled or tested keeps a pause from being complete, too. */
const serversOf = (row: ConsoleRow): number =>
  Object.keys(row)
    .filter((key) => key.startsWith('sv_'))
    .reduce((sum, key) => sum + count(row[key]), 0);

/**
 * `SHOW DATABASES` and `SHOW POOLS` as one. The pools of a database are one for each user. `wanted`: those of the configuration; empty: all but
 * the console itself and what is disabled.
 */
export function databasesFrom(
  databases: readonly ConsoleRow[],
  pools: readonly ConsoleRow[],
  wanted: readonly string[],
): readonly PoolerDatabase[] {
  return databases
    .filter((row) => {
      const name = text(row['name']);
      if (name === '' || name === CONSOLE_DATABASE) return false;
      return wanted.length > 0 ? wanted.includes(name) : !isOn(row['disabled']);
    })
    .map((row) => {
      const own = pools.filter((pool) => pool['database'] === row['name']);
      const waits = own.map((pool) => count(pool['maxwait']) * 1_000 + Math.round(count(pool['maxwait_us']) / 1_000));
      return {
        name: text(row['name']),
        paused: isOn(row['paused']),
        servers: own.reduce((sum, pool) => sum + serversOf(pool), 0),
        waiting: own.reduce((sum, pool) => sum + count(pool['cl_waiting']), 0),
        maxWaitMs: Math.max(0, ...waits),
      };
    });
}

/** `SHOW STATE` of 1.19 and newer: rows of key and value, `active`, `paused` and `suspended`. */
export const isAllPaused = (rows: readonly ConsoleRow[]): boolean =>
  rows.some((row) => ['paused', 'suspended'].includes(text(row['key'])) && isOn(row['value']));

/** Of `SHOW CONFIG`, whose times are seconds; null: it lacks one of them. */
export function waitsFrom(rows: readonly ConsoleRow[]): PoolerWaits | null {
  const msOf = (key: string): number =>
    Number.parseFloat(text(rows.find((row) => row['key'] === key)?.['value'])) * 1_000;
  const clientMs = msOf('query_wait_timeout');
  const loginRetryMs = msOf('server_login_retry');
  if (Number.isNaN(clientMs) || Number.isNaN(loginRetryMs)) return null;
  return { clientMs: clientMs === 0 ? null : clientMs, loginRetryMs };
}
