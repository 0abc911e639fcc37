import { poolerPolicy } from '../assess/poolers.js';
import type { MemberName } from '../model/names.js';
import type { ActionName } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { isSilent, type Reading } from '../model/reading.js';
import { RIGHTS, type RightName, type RightRow, type RightSeen } from '../model/rights.js';
import type { SqlRights } from '../model/sql.js';
import type { CheckProbe } from '../ports/check.js';
import type { DoctorFinding } from './doctor-finding.js';

/** What one part says of our rights there, by the name that the doctor has for it. */
export interface PartRights {
  readonly part: string;
  readonly rights: readonly RightSeen[];
}

const EVERY = 'every action';

/** The actions that are on and cannot be done without this right; a drain that has another way loses this one alone. */
export function lostWithout(right: RightName, policy: Policy): readonly string[] {
  const { actions, ways }: RightRow = RIGHTS[right];
  if (actions === 'every') return [EVERY];
  const { actuators } = policy.drain;
  const isOn = (name: ActionName): boolean => policy.actions[name].mode !== 'off';
  const others = actions.filter(isOn);
  if (ways === undefined || !actuators.includes(ways.by)) return others;
  const suffix = actuators.length > 1 ? ` by ${ways.by}` : '';
  return [...ways.actions.filter(isOn).map((name) => `${name}${suffix}`), ...others];
}

const REMEDY: Readonly<Record<RightRow['system'], string>> = {
  etcd: 'give it with config/rights/etcd.sh',
  PostgreSQL: 'give it with config/rights/postgres.sql',
  Patroni: 'see config/rights/patroni.yml',
  HAProxy: 'name a socket of that level in proxies.NAME.runtime, see config/rights/haproxy.cfg',
  PgBouncer: 'name our user in admin_users of pgbouncer.ini, see config/rights/pgbouncer.ini',
  Docker: 'let it through to the engine, see config/rights/docker-proxy.cfg',
};

/** What a part beside the members has not given us, right by right, and which actions that takes away. One that is silent has a row among the channels. */
export function partRows({ part, rights }: PartRights, policy: Policy): readonly DoctorFinding[] {
  const check = `${part} grants`;
  const denied = rights.filter(({ seen }) => seen.kind === 'unknown' && seen.fault === 'denied');
  const untold = rights.filter(({ seen }) => seen.kind === 'unknown' && seen.fault !== 'denied' && !isSilent(seen));
  if (!rights.some(({ seen }) => seen.kind !== 'unknown') && denied.length === 0 && untold.length === 0) return [];
  if (denied.length === 0 && untold.length === 0)
    return [{ check, verdict: 'ok', detail: `given: ${rights.map(rightText).join('; ')}`, disables: [] }];
  const lost = [...new Set(denied.flatMap(({ right }) => lostWithout(right, policy)))];
  const disables = lost.includes(EVERY) ? [EVERY] : lost;
  const system = denied[0]?.right;
  const lacks = denied.map((one) => `${rightText(one)}${elseText(one.right)} (${reasonOf(one)})`);
  const unclear = untold.map((one) => `whether we have ${rightText(one)} is unknown: ${reasonOf(one)}`);
  const remedy = system === undefined ? AGAIN : REMEDY[RIGHTS[system].system];
  const detail = [...(lacks.length === 0 ? [] : [`not given: ${lacks.join('; ')}`]), ...unclear].join('; ');
  return [{ check, verdict: disables.length > 0 ? 'fail' : 'warn', detail, disables, remedy }];
}

const rightText = ({ right }: { readonly right: RightName }): string => RIGHTS[right].right;
const reasonOf = ({ seen }: PartRights['rights'][number]): string => (seen.kind === 'unknown' ? seen.reason : '');
const elseText = (right: RightName): string =>
  RIGHTS[right].else === '' ? '' : `, without which ${RIGHTS[right].else}`;

/** Nobody said no: the next answer may tell. */
const AGAIN = 'ask again: ekimi doctor';

const LOGIN_REMEDY = {
  given: 'correct patroni.auth in ekimi.yaml: it must be restapi.authentication of the member',
  none: 'name our login in patroni.auth of ekimi.yaml (restapi.authentication of the member)',
  place: 'add this machine to restapi.allowlist of the member, or give our certificate in patroni.tls',
} as const;

/** Whether the member's Patroni lets us change anything: it has one right for all of it. */
export function patroniRow(
  member: MemberName,
  reading: Reading<'granted'>,
  { hasLogin, policy }: { readonly hasLogin: boolean; readonly policy: Policy },
): readonly DoctorFinding[] {
  const check = `${member} may change`;
  if (reading.kind !== 'unknown') {
    const detail = `Patroni of ${member} ${hasLogin ? 'accepts our password' : 'asks for no password'}`;
    return [{ check, verdict: 'ok', detail, disables: [] }];
  }
  if (reading.fault === 'not-configured' || isSilent(reading)) return [];
  if (reading.fault !== 'denied') {
    const detail = `whether Patroni of ${member} lets us change anything is unknown: ${reading.reason}`;
    return [{ check, verdict: 'warn', detail, disables: [], remedy: AGAIN }];
  }
  const remedy = reading.status === 403 ? LOGIN_REMEDY.place : LOGIN_REMEDY[hasLogin ? 'given' : 'none'];
  return [
    {
      check,
      verdict: 'fail',
      detail: `Patroni of ${member} refuses us (${reading.reason})`,
      remedy,
      disables: lostWithout('patroni-unsafe', policy).map((action) => `${action} through ${member}`),
    },
  ];
}

interface Grant {
  readonly what: string;
  readonly why: string;
  /** A role is granted with others in one statement. */
  readonly isRole: boolean;
  /** No grant but an attribute of the role. */
  readonly isAttribute?: true;
}

const GRANTS = {
  monitor: {
    what: 'pg_monitor',
    why: 'the sessions and positions of others are hidden without it',
    isRole: true,
  },
  signal: { what: 'pg_signal_backend', why: 'no query can be cancelled without it', isRole: true },
  checkpoint: {
    what: 'pg_checkpoint',
    why: "clients of a pooler wait for the leader's checkpoint in a switchover without it",
    isRole: true,
  },
  resume: {
    what: 'EXECUTE ON FUNCTION pg_wal_replay_resume()',
    why: 'replay that is paused cannot be resumed without it; in the database of postgres.database',
    isRole: false,
  },
  slots: {
    what: 'REPLICATION',
    why: 'no slot can be dropped without it; it may also copy the whole cluster',
    isRole: false,
    isAttribute: true,
  },
} as const satisfies Record<string, Grant>;

function grantText(missing: readonly Grant[], user: string): string {
  const roles = missing.filter(({ isRole }) => isRole).map(({ what }) => what);
  const others = missing.filter(({ isRole, isAttribute }) => !isRole && isAttribute !== true).map(({ what }) => what);
  const attributes = missing.filter(({ isAttribute }) => isAttribute === true).map(({ what }) => what);
  return [
    ...[...(roles.length === 0 ? [] : [roles.join(', ')]), ...others].map((what) => `GRANT ${what} TO ${user}`),
    ...attributes.map((what) => `ALTER ROLE ${user} ${what}`),
  ].join('; ');
}

/** What the member's PostgreSQL has granted our user, of what is used by the policy as it stands. */
export function sqlRow(
  member: MemberName,
  reading: Reading<SqlRights>,
  { policy, hasPoolers }: { readonly policy: Policy; readonly hasPoolers: boolean },
): readonly DoctorFinding[] {
  const check = `${member} grants`;
  if (reading.kind === 'unknown') return [];
  const { user, monitor, signalBackend, resumeReplay, dropSlots, checkpoint } = reading.value;
  const wanted = lostWithout('sql-signal', policy);
  const resuming = lostWithout('sql-resume', policy);
  const dropping = dropSlots === false ? lostWithout('sql-slots', policy) : [];
  const missing = [
    ...(monitor ? [] : [GRANTS.monitor]),
    ...(signalBackend || wanted.length === 0 ? [] : [GRANTS.signal]),
    ...(checkpoint === false && hasPoolers && poolerPolicy(policy).around.length > 0 ? [GRANTS.checkpoint] : []),
    ...(resumeReplay || resuming.length === 0 ? [] : [GRANTS.resume]),
    ...(dropping.length === 0 ? [] : [GRANTS.slots]),
  ];
  if (missing.length === 0) {
    const roles = signalBackend ? 'pg_monitor and pg_signal_backend' : 'pg_monitor; cancelling queries is off';
    const resume = resumeReplay ? 'may resume replay' : 'resuming replay is off';
    return [{ check, verdict: 'ok', detail: `SQL user ${user} has ${roles}; ${resume}`, disables: [] }];
  }
  const disables = [...(monitor && signalBackend ? [] : wanted), ...(resumeReplay ? [] : resuming), ...dropping];
  const lacks = missing.map(({ what, why }) => `${what} (${why})`).join(' and ');
  const detail = `SQL user ${user} lacks ${lacks}`;
  const remedy = grantText(missing, `"${user.replaceAll('"', '""')}"`);
  return [{ check, verdict: 'warn', detail, disables: disables.map((action) => `${action} on ${member}`), remedy }];
}

/** Whether a heartbeat could be written; nothing where none is configured. */
export function heartbeatRow(member: MemberName, reading: Reading<'ready'> | undefined): readonly DoctorFinding[] {
  if (reading === undefined || isSilent(reading)) return [];
  const check = `${member} heartbeat`;
  if (reading.kind === 'unknown')
    return [
      {
        check,
        verdict: 'warn',
        detail: reading.reason,
        disables: ['heartbeat'],
        remedy: 'make the table, or grant it, as clusters[].postgres.heartbeat in docs/generated/configuration.md says',
      },
    ];
  return [{ check, verdict: 'ok', detail: 'the table is there and our user may write it', disables: [] }];
}

/** Whether its data could be checked, in the one database that we see. */
export function checkRow(member: MemberName, reading: Reading<SqlRights>): readonly DoctorFinding[] {
  if (reading.kind === 'unknown' || reading.value.checkData === undefined) return [];
  const check = `${member} check-data`;
  const { checkData, user } = reading.value;
  if (checkData === true)
    return [{ check, verdict: 'ok', detail: `SQL user ${user} may run what pg_amcheck calls`, disables: [] }];
  const [detail, remedy] =
    checkData === null
      ? ['the database has no amcheck', 'CREATE EXTENSION amcheck on the leader, in each database']
      : [
          `SQL user ${user} may not run the functions of amcheck`,
          'run the end of config/rights/postgres.sql in each database',
        ];
  return [{ check, verdict: 'warn', detail, disables: [`check-data on ${member}`], remedy }];
}

/** Whether the program that checks the data can be run where we run. */
export function programRow(probe: CheckProbe): DoctorFinding {
  const check = 'check-data program';
  if (probe.ok) return { check, verdict: 'ok', detail: `${probe.version} can be run here`, disables: [] };
  const { why: detail, remedy } = probe;
  return { check, verdict: 'warn', detail, disables: ['check-data on every member'], remedy };
}
