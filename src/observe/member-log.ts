import { readDamage } from '../assess/damage-lines.js';
import { readLog } from '../assess/log-signs.js';
import type { DamageLog } from '../model/damage.js';
import { memberHost } from '../model/host.js';
import type { MemberLog } from '../model/log-sign.js';
import type { MemberName } from '../model/names.js';
import type { PatroniStatus } from '../model/patroni.js';
import type { Reading } from '../model/reading.js';
import type { Ports } from './ports.js';

/**
 * Enough for a try of Patroni's, which comes once a loop. Between two of them it writes a traceback of some 40 lines at every question to its
 * API, ours and the proxy's, while PostgreSQL does not answer: measured, 120 lines are no two seconds.
 */
const LINES = 5_000;
/** What is older is of an earlier trouble: Patroni tries once per loop, a WAL receiver to which nobody answers every 132 s. */
const SINCE_MS = 180_000;

/**
 * Does it say of itself that all is well? Then its log is not asked why not. A leader's is read all the same: it runs, leads and refuses
 * whatever makes a table larger, and only its log says that its disk is full. And a replica that streams and does not replay says there why.
 */
export const saysAllIsWell = (api: PatroniStatus): boolean =>
  api.state === 'running' && api.replicationState === 'streaming' && api.xlog?.replayPaused !== true;

/** The end of a member's log, read for signs; null: no driver shows it. */
export function askLog({ host }: Ports, name: MemberName): Promise<Reading<MemberLog>> | null {
  const lines = host?.logs?.(memberHost(name), LINES, SINCE_MS) ?? null;
  return lines?.then((read) => (read.kind === 'unknown' ? read : { ...read, value: readLog(read.value) })) ?? null;
}

/** Twice as far back as it is read, so that nothing falls between two readings of a member that writes little. */
const DAMAGE_SINCE_MS = 180_000;

/** The end of a member's log, read for pages that cannot be read; null: no driver shows it. */
export function askDamage({ host }: Ports, name: MemberName): Promise<Reading<DamageLog>> | null {
  const lines = host?.logs?.(memberHost(name), LINES, DAMAGE_SINCE_MS) ?? null;
  return lines?.then((read) => (read.kind === 'unknown' ? read : { ...read, value: readDamage(read.value) })) ?? null;
}
