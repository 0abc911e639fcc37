import type { ClusterRow, PostgresState, Role, Tags } from '../../model/patroni.js';

/** Maps and not records: a word of the other end may be `constructor`. */
const ROLES: ReadonlyMap<string, Role> = new Map(
  Object.entries({
    primary: 'primary',
    master: 'primary', // Patroni before 4.0
    replica: 'replica',
    standby_leader: 'standby-leader',
    demoted: 'demoted',
    promoted: 'promoted',
    uninitialized: 'uninitialized',
  } as const),
);

export const roleFrom = (word: string): Role => ROLES.get(word) ?? 'other';

const ROW_ROLES: ReadonlyMap<string, ClusterRow['role']> = new Map(
  Object.entries({
    leader: 'leader',
    standby_leader: 'standby-leader',
    sync_standby: 'sync-standby',
    quorum_standby: 'quorum-standby',
    replica: 'replica',
  } as const),
);

export const rowRoleFrom = (word: string): ClusterRow['role'] => ROW_ROLES.get(word) ?? 'other';

/**
 * Patroni's states by prefix, longest first where one begins another: `running custom bootstrap script` is not `running`.
 * Composites of 4.0 and older, `restart failed (start failed)`, go by their first half. [patroni.md section 2.3]
 */
const STATES: readonly (readonly [prefix: string, state: PostgresState])[] = [
  ['running custom bootstrap', 'custom-bootstrap'],
  ['running', 'running'],
  ['streaming', 'streaming'],
  ['in archive recovery', 'in-archive-recovery'],
  ['starting', 'starting'],
  ['start failed', 'start-failed'],
  ['restarting', 'restarting'],
  ['restart failed', 'restart-failed'],
  ['stopping', 'stopping'],
  ['stopped', 'stopped'],
  ['stop failed', 'stop-failed'],
  ['crashed', 'crashed'],
  ['creating replica', 'creating-replica'],
  ['initializing', 'initializing'],
  ['initdb failed', 'initdb-failed'],
  ['custom bootstrap failed', 'custom-bootstrap-failed'],
  ['unknown', 'unknown'],
];

export const stateFrom = (words: string): PostgresState =>
  STATES.find(([prefix]) => words.startsWith(prefix))?.[1] ?? 'other';

/** Patroni takes tags by Python's truth: the quoted text "false" is true. */
export const isTrue = (value: unknown): boolean =>
  !(value === undefined || value === null || value === false || value === 0 || value === '');

/** `failover_priority: 0` means nofailover and `sync_priority: 0` nosync, unless the older tag is written as well. */
const priorityForbids = (own: unknown, priority: unknown): boolean => {
  if (own !== undefined && own !== null) return isTrue(own);
  const number = typeof priority === 'string' && priority.trim() !== '' ? Number(priority) : priority;
  return typeof number === 'number' && number <= 0;
};

export const tagsFrom = (raw: Readonly<Record<string, unknown>>): Tags => ({
  noloadbalance: isTrue(raw['noloadbalance']),
  nofailover: priorityForbids(raw['nofailover'], raw['failover_priority']),
  nosync: priorityForbids(raw['nosync'], raw['sync_priority']),
  clonefrom: isTrue(raw['clonefrom']),
  raw,
});

/** Patroni's own reading of a yes or no in the dynamic configuration; null when it is neither. */
export function booleanFrom(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'number' || typeof value === 'string' ? String(value).toLowerCase() : '';
  if (['on', 'true', 'yes', '1'].includes(word)) return true;
  if (['off', 'false', 'no', '0'].includes(word)) return false;
  return null;
}
