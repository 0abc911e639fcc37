import { redactorOf } from '../config/redactor.js';
import type { RunbookAction } from '../actions/action.js';
import { ACTIONS } from '../actions/index.js';
import type { ClusterConfig } from '../model/config.js';
import type { MemberName } from '../model/names.js';
import { ACTION_NAMES, type ActionName } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { isSilent, notConfigured, type Reading } from '../model/reading.js';
import type { SqlRights } from '../model/sql.js';
import type { Ports } from '../observe/ports.js';
import type { LoadedFiles } from './files.js';
import type { DoctorFinding } from './doctor-finding.js';
import { portsOf, systemClock } from './wiring.js';
import { closePorts } from '../observe/ports.js';

/** What one member lets us do, asked without doing it. */
export interface MemberRights {
  readonly member: MemberName;
  readonly patroni: Reading<'granted'>;
  readonly sql: Reading<SqlRights>;
  /** Absent where no heartbeat is configured. */
  readonly heartbeat?: Reading<'ready'>;
}

export interface ClusterRights {
  /** A password for Patroni is configured. */
  readonly hasLogin: boolean;
  readonly members: readonly MemberRights[];
}

/** Asks every member of every cluster at once, whether or not it is configured that a password is needed. Changes nothing. */
export async function askRights(
  files: Extract<LoadedFiles, { ok: true }>,
  open: (cluster: ClusterConfig) => Ports = portsOf,
): Promise<readonly ClusterRights[]> {
  const redact = redactorOf(files.config);
  return Promise.all(
    files.config.clusters.map(async (cluster) => {
      const ports = open(cluster);
      try {
        const members = redact.value(await rightsIn(ports, cluster.members));
        return { hasLogin: cluster.patroni.auth !== null, members };
      } finally {
        await closePorts(ports);
      }
    }),
  );
}

function rightsIn(ports: Ports, members: readonly MemberName[]): Promise<readonly MemberRights[]> {
  const none = notConfigured('rights', systemClock.now());
  return Promise.all(
    members.map(async (member) => {
      const [patroni, sql, heartbeat] = await Promise.all([
        ports.patroni.mayWrite?.(member) ?? none,
        ports.postgres?.rights?.(member) ?? none,
        ports.postgres?.beatReady?.(member) ?? null,
      ]);
      return { member, patroni, sql, ...(heartbeat === null ? {} : { heartbeat }) };
    }),
  );
}

/** A row a member for Patroni and one for PostgreSQL. Who does not answer at all has a row of its own among the channels. */
export function rightsFindings({ hasLogin, members }: ClusterRights, policy: Policy): readonly DoctorFinding[] {
  return members.flatMap(({ member, patroni, sql, heartbeat }) => [
    ...patroniRow(member, patroni, hasLogin),
    ...sqlRow(member, sql, policy),
    ...heartbeatRow(member, heartbeat),
  ]);
}

const LOGIN_REMEDY = {
  given: 'correct patroni.auth in ekimi.yaml: it must be restapi.authentication of the member',
  none: 'none is configured: name it in patroni.auth of ekimi.yaml (restapi.authentication of the member)',
  place: 'add this host to restapi.allowlist of the member, or give our certificate in patroni.tls',
} as const;

function patroniRow(member: MemberName, reading: Reading<'granted'>, hasLogin: boolean): readonly DoctorFinding[] {
  const check = `${member} may change`;
  if (reading.kind !== 'unknown') {
    const detail = `Patroni of ${member} ${hasLogin ? 'accepts our password' : 'asks for no password'}`;
    return [{ check, verdict: 'ok', detail, disables: [] }];
  }
  if (reading.fault === 'not-configured' || isSilent(reading)) return [];
  if (reading.fault !== 'denied') {
    const detail = `whether Patroni of ${member} lets us change anything is unknown: ${reading.reason}`;
    return [{ check, verdict: 'warn', detail, disables: [] }];
  }
  const remedy = reading.status === 403 ? LOGIN_REMEDY.place : LOGIN_REMEDY[hasLogin ? 'given' : 'none'];
  return [
    {
      check,
      verdict: 'fail',
      detail: `Patroni of ${member} refuses us (${reading.reason}); ${remedy}`,
      disables: [`restart-member, reinitialize-replica, drain by tag, failover and switchover through ${member}`],
    },
  ];
}

interface Grant {
  readonly what: string;
  readonly why: string;
  /** A role is granted with others in one statement. */
  readonly isRole: boolean;
}

const GRANTS = {
  monitor: {
    what: 'pg_monitor',
    why: 'the sessions and positions of others are hidden without it',
    isRole: true,
  },
  signal: { what: 'pg_signal_backend', why: 'no query can be cancelled without it', isRole: true },
  resume: {
    what: 'EXECUTE ON FUNCTION pg_wal_replay_resume()',
    why: 'replay that is paused cannot be resumed without it; in the database of postgres.database',
    isRole: false,
  },
} as const satisfies Record<string, Grant>;

function grantText(missing: readonly Grant[], user: string): string {
  const roles = missing.filter(({ isRole }) => isRole).map(({ what }) => what);
  const others = missing.filter(({ isRole }) => !isRole).map(({ what }) => what);
  return [...(roles.length === 0 ? [] : [roles.join(', ')]), ...others]
    .map((what) => `GRANT ${what} TO ${user}`)
    .join('; ');
}

function sqlRow(member: MemberName, reading: Reading<SqlRights>, policy: Policy): readonly DoctorFinding[] {
  const check = `${member} grants`;
  if (reading.kind === 'unknown') return [];
  const { user, monitor, signalBackend, resumeReplay } = reading.value;
  /** What is on and needs this right. */
  const needing = (right: RunbookAction['right']): readonly ActionName[] =>
    ACTION_NAMES.filter((name) => ACTIONS[name].right === right && policy.actions[name].mode !== 'off');
  const wanted = needing('signalBackend');
  const resuming = needing('resumeReplay');
  const missing = [
    ...(monitor ? [] : [GRANTS.monitor]),
    ...(signalBackend || wanted.length === 0 ? [] : [GRANTS.signal]),
    ...(resumeReplay || resuming.length === 0 ? [] : [GRANTS.resume]),
  ];
  if (missing.length === 0) {
    const roles = signalBackend ? 'pg_monitor and pg_signal_backend' : 'pg_monitor; cancelling queries is off';
    const resume = resumeReplay ? 'may resume replay' : 'resuming replay is off';
    return [{ check, verdict: 'ok', detail: `SQL user ${user} has ${roles}; ${resume}`, disables: [] }];
  }
  const disables = [...(monitor && signalBackend ? [] : wanted), ...(resumeReplay ? [] : resuming)];
  const lacks = missing.map(({ what, why }) => `${what} (${why})`).join(' and ');
  const detail = `SQL user ${user} lacks ${lacks}: ${grantText(missing, `"${user.replaceAll('"', '""')}"`)}`;
  return [{ check, verdict: 'warn', detail, disables: disables.map((action) => `${action} on ${member}`) }];
}

function heartbeatRow(member: MemberName, reading: MemberRights['heartbeat']): readonly DoctorFinding[] {
  if (reading === undefined || isSilent(reading)) return [];
  const check = `${member} heartbeat`;
  if (reading.kind === 'unknown') return [{ check, verdict: 'warn', detail: reading.reason, disables: ['heartbeat'] }];
  return [{ check, verdict: 'ok', detail: 'the table is there and our user may write it', disables: [] }];
}
