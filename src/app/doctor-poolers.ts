import { poolerPolicy } from '../assess/poolers.js';
import type { Policy } from '../model/policy.js';
import { isPaused, pausedIn, type PoolerSeen } from '../model/pooler.js';
import { lastValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { spanText } from '../words/amounts.js';
import { REMEDY, waitLonger } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';
import { row } from './doctor-row.js';

const DISABLES = ['clients that wait around a switchover'];

/**
 * A row a pooler: does its console answer, which version is it, and which of its databases would be held. And one where it
 * disconnects clients sooner than a planned switchover may take. None where none is configured.
 */
export function poolerRows({ poolers = [] }: ClusterView, policy: Policy): readonly DoctorFinding[] {
  return poolers.flatMap(({ name, seen }) => [poolerRow(name, seen), ...waitRows(name, seen, policy)]);
}

function poolerRow(name: string, seen: PoolerSeen['seen']): DoctorFinding {
  const check = `pooler ${name}`;
  const report = lastValue(seen);
  if (report === null) return row(check, seen, `console of ${name}`, DISABLES, 'warn', 'pooler');
  const names = report.databases.map((database) => database.name).join(', ');
  if (names === '')
    return {
      check,
      verdict: 'warn',
      detail: `PgBouncer ${report.version} has no database of poolers.${name}.databases`,
      disables: DISABLES,
      remedy: REMEDY['pooler-databases'],
    };
  if (isPaused(report))
    return {
      check,
      verdict: 'warn',
      detail: `PgBouncer ${report.version} is paused (${pausedIn(report).join(', ') || 'all of it'})`,
      disables: DISABLES,
      remedy: REMEDY['pooler-paused'],
    };
  return {
    check,
    verdict: 'ok',
    detail: `PgBouncer ${report.version} answers; held would be: ${names}`,
    disables: [],
  };
}

/**
 * Who waits longer than `query_wait_timeout` is disconnected: behind a pause of ours, and after it until a server that was not there at the first
 * try is asked again.
 */
function waitRows(name: string, seen: PoolerSeen['seen'], policy: Policy): readonly DoctorFinding[] {
  const waits = lastValue(seen)?.waits;
  if (waits === undefined || waits.clientMs === null) return [];
  const { maxPauseMs } = poolerPolicy(policy);
  const longestMs = maxPauseMs + waits.loginRetryMs;
  if (waits.clientMs >= longestMs) return [];
  return [
    {
      check: `pooler ${name} waits`,
      verdict: 'warn',
      detail: `query_wait_timeout is ${spanText(waits.clientMs)}: a planned switchover may take ${spanText(longestMs)} (pooler.maxPause ${spanText(maxPauseMs)} and server_login_retry ${spanText(waits.loginRetryMs)}), and who waits longer is disconnected`,
      disables: DISABLES,
      remedy: waitLonger(Math.ceil(longestMs / 1_000)),
    },
  ];
}
