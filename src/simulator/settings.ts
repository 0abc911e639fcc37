import { figureOf, isInForce } from '../assess/settings.js';
import { valueAt } from '../model/config-patch.js';
import type { Json } from '../model/plan.js';
import { STANDBY_SETTINGS, type SettingRow, type SqlSettings } from '../model/sql.js';
import { isUp } from './postgres-facts.js';
import type { MemberSim } from './state.js';

type Known = Omit<SettingRow, 'setting'> & { readonly byDefault: string };

const whole = (byDefault: string, min: string, max: string, more: Partial<Known> = {}): Known => ({
  byDefault,
  unit: null,
  type: 'integer',
  context: 'postmaster',
  min,
  max,
  values: null,
  ...more,
});

/** The parameters that this server knows, as `pg_settings` describes them. */
const PARAMETERS: Readonly<Record<string, Known>> = {
  max_connections: whole('200', '1', '262143'),
  max_worker_processes: whole('8', '0', '262143'),
  max_wal_senders: whole('10', '0', '262143'),
  max_prepared_transactions: whole('0', '0', '262143'),
  max_locks_per_transaction: whole('64', '10', '2147483647'),
  shared_buffers: whole('16384', '16', '1073741823', { unit: '8kB' }),
  work_mem: whole('4096', '64', '2147483647', { unit: 'kB', context: 'user' }),
  autovacuum: whole('on', '', '', { type: 'bool', context: 'sighup', min: null, max: null }),
  log_statement: whole('none', '', '', {
    type: 'enum',
    context: 'superuser',
    min: null,
    max: null,
    values: ['none', 'ddl', 'mod', 'all'],
  }),
  block_size: whole('8192', '8192', '8192', { context: 'internal' }),
};

export const NEW_SETTINGS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(PARAMETERS).map(([name, { byDefault }]) => [name, byDefault]),
);

const rowOf = (name: string, setting: string): SettingRow | null => {
  const known = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (known === undefined) return null;
  const { byDefault: _byDefault, ...row } = known;
  return { ...row, setting };
};

export const settingRows = ({ postgres }: MemberSim, names: readonly string[]): SqlSettings =>
  Object.fromEntries(names.map((name) => [name, rowOf(name, postgres.running[name] ?? '')]));

/** What the configuration that its Patroni has taken wants of each parameter that it names. */
function wantedOf({ patroni }: MemberSim): readonly (readonly [name: string, value: Json, row: SettingRow])[] {
  const parameters = valueAt(patroni.config.rest, 'postgresql.parameters');
  if (typeof parameters !== 'object' || parameters === null) return [];
  return Object.entries(parameters).flatMap(([name, value]) => {
    const row = rowOf(name.toLowerCase(), NEW_SETTINGS[name] ?? '');
    return row === null ? [] : [[name.toLowerCase(), value, row] as const];
  });
}

const inUnit = (row: SettingRow, value: Json): string =>
  String(figureOf(row, value) ?? JSON.stringify(value).replace(/^"|"$/g, ''));

/** Patroni has read its configuration: what needs no restart is in force, and it says whether anything waits for one. */
export function reloadSettings(member: MemberSim): void {
  const { postgres, patroni } = member;
  if (!isUp(member)) return;
  for (const [name, value, row] of wantedOf(member)) {
    const isSame = isInForce({ ...row, setting: postgres.running[name] ?? '' }, value);
    if (isSame) continue;
    if (row.context === 'postmaster') patroni.pendingRestart = true;
    else postgres.running = { ...postgres.running, [name]: inUnit(row, value) };
  }
}

/** It starts with the configuration, a standby with no less than its primary had when it last heard of it. [postgresql/config.py, effective_configuration] */
export function startWithSettings(member: MemberSim): void {
  const { postgres, patroni } = member;
  const running = { ...postgres.running };
  let isKept = false;
  for (const [name, value, row] of wantedOf(member)) {
    const own = inUnit(row, value);
    const primaries = Number(postgres.primarySettings[name] ?? 0);
    const isBound = postgres.inRecovery && STANDBY_SETTINGS.some((one) => one === name) && primaries > Number(own);
    running[name] = isBound ? String(primaries) : own;
    isKept ||= isBound;
  }
  postgres.running = running;
  patroni.pendingRestart = isKept;
}
