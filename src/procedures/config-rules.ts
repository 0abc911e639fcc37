import { figureOf, whyNotValue } from '../assess/settings.js';
import { mayBeSecret, patched, valueAt } from '../model/config-patch.js';
import type { ConfigDocument, Json } from '../model/plan.js';
import { STANDBY_SETTINGS, type SettingRow, type StandbySetting } from '../model/sql.js';

/** One name and the value that it is to have; null: none. */
export interface Change {
  readonly name: string;
  readonly value: Json;
}

const PARAMETER = /^postgresql\.parameters\.([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)$/;

/** The parameter of PostgreSQL that a name means, as `pg_settings` spells it; null: it is a key of Patroni's own. */
export const parameterOf = (name: string): string | null => PARAMETER.exec(name)?.[1]?.toLowerCase() ?? null;

/** A value is JSON where it can be read as JSON, else text. */
export function valueOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** PostgreSQL takes its parameters in any case, and the document is to have each once: in lower case, however it was typed. */
const spelled = (name: string): string => {
  const parameter = parameterOf(name);
  return parameter === null ? name : `postgresql.parameters.${parameter}`;
};

export const changesOf = (parameters: Readonly<Record<string, string>>): readonly Change[] =>
  Object.entries(parameters).map(([name, text]) => ({ name: spelled(name), value: valueOf(text) }));

type Rule = { readonly kind: 'number'; readonly min: number } | { readonly kind: 'boolean' | 'sync' };

const atLeast = (min: number): Rule => ({ kind: 'number', min });
const SWITCH: Rule = { kind: 'boolean' };

/** Keys of Patroni's own, with what its validator takes. [patroni, validator.py] */
const KEYS: Readonly<Record<string, Rule>> = {
  ttl: atLeast(20),
  loop_wait: atLeast(1),
  retry_timeout: atLeast(3),
  maximum_lag_on_failover: atLeast(0),
  maximum_lag_on_syncnode: atLeast(-1),
  max_timelines_history: atLeast(0),
  primary_start_timeout: atLeast(0),
  primary_stop_timeout: atLeast(0),
  check_timeline: SWITCH,
  failsafe_mode: SWITCH,
  synchronous_mode: { kind: 'sync' },
  synchronous_mode_strict: SWITCH,
  synchronous_node_count: atLeast(1),
  'postgresql.use_pg_rewind': SWITCH,
  'postgresql.use_slots': SWITCH,
  'postgresql.remove_data_directory_on_rewind_failure': SWITCH,
  'postgresql.remove_data_directory_on_diverged_timelines': SWITCH,
};

/** Set by Patroni whatever the dynamic configuration says, or read from the member's own file alone. [patroni, config.py] */
const NOT_TAKEN = [
  'listen_addresses',
  'port',
  'cluster_name',
  'hot_standby',
  'data_directory',
  'config_file',
  'hba_file',
  'ident_file',
  'external_pid_file',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'synchronous_standby_names',
];

/** Below these Patroni silently takes its own default. [patroni, CMDLINE_OPTIONS] */
const LEAST: Readonly<Record<string, number>> = {
  max_connections: 25,
  max_wal_senders: 3,
  max_locks_per_transaction: 32,
  max_replication_slots: 4,
  max_worker_processes: 2,
};

/** What Patroni starts a server with where the configuration says nothing. */
const DEFAULTS: Readonly<Record<StandbySetting, number>> = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

const isStandbySetting = (name: string): name is StandbySetting => STANDBY_SETTINGS.some((one) => one === name);

/** The value that is to be in force: Patroni's own default where it is removed; null: nobody here knows. */
export const wantedOf = (parameter: string, value: Json): Json =>
  value === null && isStandbySetting(parameter) ? DEFAULTS[parameter] : value;

/** What a standby must have at least as high as its primary, and which way it goes; null: it is none, or stays. */
export function wayOf(parameter: string, row: SettingRow, value: Json): 'falls' | 'rises' | null {
  if (!isStandbySetting(parameter)) return null;
  const to = figureOf(row, wantedOf(parameter, value));
  const from = Number(row.setting);
  return to === null || to === from ? null : to < from ? 'falls' : 'rises';
}

function whyNotKey(name: string, value: Json): string | null {
  const rule = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
  if (name === 'pause') return 'pause is set by ekimi run-procedure pause-cluster and resume-cluster';
  if (rule === undefined)
    return `${name} is not changed here: what is, is postgresql.parameters.NAME and ${Object.keys(KEYS).join(', ')}; else patronictl edit-config`;
  if (value === null) return null;
  if (rule.kind === 'number')
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= rule.min
      ? null
      : `${name} is a whole number of at least ${rule.min}, not ${JSON.stringify(value)}`;
  const isWord = typeof value === 'boolean' || (rule.kind === 'sync' && value === 'quorum');
  return isWord
    ? null
    : `${name} is true or false${rule.kind === 'sync' ? ' or quorum' : ''}, not ${JSON.stringify(value)}`;
}

/** Beside the same name in another case, which of the two is in force is chance. */
function whyNotSpelled(name: string, document: ConfigDocument): string | null {
  const parameter = parameterOf(name);
  const section = parameter === null ? undefined : valueAt(document, 'postgresql.parameters');
  if (typeof section !== 'object' || section === null) return null;
  const other = Object.keys(section).find((key) => key !== parameter && key.toLowerCase() === parameter);
  return other === undefined
    ? null
    : `the dynamic configuration has ${parameter ?? name} under the name ${other}: write it in lower case there first, with patronictl edit-config`;
}

function whyNotParameter(parameter: string, value: Json, row: SettingRow | null | undefined): string | null {
  if (NOT_TAKEN.includes(parameter) || parameter.startsWith('recovery_target'))
    return `${parameter} in the dynamic configuration is not heeded: Patroni sets it itself, or reads it in the member's own file`;
  if (row === undefined)
    return `PostgreSQL of the leader does not tell its settings by SQL, so that nobody knows whether it would take ${parameter}`;
  // What an extension defines is known only where that is loaded.
  if (row === null) return parameter.includes('.') ? null : `PostgreSQL knows no parameter ${parameter}`;
  if (row.context === 'internal')
    return `${parameter} cannot be changed: it is fixed when PostgreSQL is built or its directory made`;
  if (value === null) return null;
  if (parameter === 'wal_level' && typeof value === 'string' && value.toLowerCase() === 'minimal')
    return 'wal_level minimal is not heeded by Patroni, which takes replica, logical and hot_standby alone';
  const least = LEAST[parameter];
  const figure = figureOf(row, value);
  if (least !== undefined && figure !== null && figure < least)
    return `${parameter} below ${least} is not heeded by Patroni, which then takes its default`;
  return whyNotValue(parameter, row, value);
}

/** `settings`: of the leader; absent: not read. */
function whyNotOne(
  { name, value }: Change,
  settings: Readonly<Record<string, SettingRow | null>> | null,
): string | null {
  if (mayBeSecret(name))
    return `${name} may hold a secret, and what is set here stands in journals and on screens: patronictl edit-config`;
  const parameter = parameterOf(name);
  if (parameter === null && name.startsWith('postgresql.parameters'))
    return `${name} names no parameter: write postgresql.parameters.NAME=VALUE`;
  return parameter === null ? whyNotKey(name, value) : whyNotParameter(parameter, value, settings?.[parameter]);
}

const secondsAt = (document: ConfigDocument, name: string, fallback: number): number => {
  const value = Number(valueAt(document, name) ?? fallback);
  return Number.isFinite(value) ? value : fallback;
};

/** A leader that tries etcd for `retry_timeout` twice, and sleeps a loop, must not outlive its lease. [patroni, validator] */
function whyNotTogether(before: ConfigDocument, patch: ConfigDocument): string | null {
  const after = patched(before, patch);
  const [ttl, loopWait, retry] = [
    secondsAt(after, 'ttl', 30),
    secondsAt(after, 'loop_wait', 10),
    secondsAt(after, 'retry_timeout', 10),
  ];
  const touches = ['ttl', 'loop_wait', 'retry_timeout'].some((name) => Object.hasOwn(patch, name));
  return !touches || ttl >= loopWait + 2 * retry
    ? null
    : `ttl ${ttl} would be less than loop_wait ${loopWait} + 2 x retry_timeout ${retry}: a leader would outlive its lease, or lose it in a hiccup of etcd`;
}

/** The first thing that PostgreSQL or Patroni would not take; null: nothing is known against it. */
export function whyNotTaken(
  changes: readonly Change[],
  {
    document,
    patch,
    settings,
  }: {
    readonly document: ConfigDocument;
    readonly patch: ConfigDocument;
    readonly settings: Readonly<Record<string, SettingRow | null>> | null;
  },
): string | null {
  if (changes.length === 0) return 'nothing is named that is to change: --set NAME=VALUE';
  for (const [at, change] of changes.entries()) {
    if (changes.findIndex(({ name }) => name === change.name) !== at) return `${change.name} is named twice`;
    const why = whyNotOne(change, settings) ?? whyNotSpelled(change.name, document);
    if (why !== null) return why;
  }
  return whyNotTogether(document, patch);
}
