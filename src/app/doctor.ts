import { ACTIONS } from '../actions/index.js';
import { strangersAt } from '../assess/address.js';
import { CATALOGUE } from '../assess/catalogue.js';
import { WITHOUT_POWER } from '../assess/machine-faults.js';
import { hasNoKeys } from '../assess/strangers.js';
import { isUnreached, NO_ADDRESS_ANSWERS } from '../assess/unreachable.js';
import { checkAgainstCluster } from '../config/cluster-rules.js';
import { errorText, type Locator } from '../config/config-error.js';
import { ACTION_NAMES, type ActionName } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { REMEDY } from '../words/doctor-remedy.js';
import { asideRows } from './doctor-asides.js';
import { addressRow } from './doctor-addresses.js';
import { beforeStopRows } from './doctor-before-stop.js';
import { diskRows } from './doctor-disks.js';
import type { DoctorFinding } from './doctor-finding.js';
import { poolerRows } from './doctor-poolers.js';
import { proxyRows } from './doctor-proxies.js';
import { lostWithout } from './doctor-rights.js';
import { row } from './doctor-row.js';
import { sessionRows } from './doctor-sessions.js';
import type { ClusterSnapshot } from '../model/snapshot.js';

/** Everything that a look at one cluster tells about our own means. */
export function doctorFindings(snapshot: ClusterSnapshot, policy: Policy, locator?: Locator): readonly DoctorFinding[] {
  const { view, scope } = snapshot;
  if (view === null)
    return [
      {
        check: scope,
        verdict: 'fail',
        detail: 'no pass was possible',
        disables: [...ACTION_NAMES],
        remedy: REMEDY['no-pass'],
      },
    ];
  if (isUnreached(view)) return [UNREACHED];
  return [
    ...memberRows(view, policy),
    ...dcsRows(view),
    identityRow(view),
    addressRow(view),
    ...proxyRows(view, policy),
    ...poolerRows(view, policy),
    ...beforeStopRows(view, policy),
    ...sessionRows(view),
    ...asideRows(view),
    ...diskRows(view),
    ...actuatorRows(view, policy),
    ...ladderRows(view, policy),
    ...clusterRows(view, policy, locator),
    RUNBOOK_PATCH,
  ];
}

/** One cause, said once: thirty rows of it would hide it. */
const UNREACHED: DoctorFinding = {
  check: 'reach',
  verdict: 'fail',
  detail: NO_ADDRESS_ANSWERS,
  disables: ['every action'],
  remedy: REMEDY.reach,
};

function memberRows(view: ClusterView, policy: Policy): readonly DoctorFinding[] {
  const lost = (right: 'sql-login' | 'docker-inspect', name: string): readonly string[] =>
    lostWithout(right, policy).map((action) => `${action} on ${name}`);
  return view.members.flatMap((member) => [
    row(
      `${member.name} api`,
      member.api,
      `Patroni of ${member.name}`,
      [`restart-member on ${member.name}`, `reinitialize-replica on ${member.name}`],
      'fail',
      'api',
    ),
    row(
      `${member.name} sql`,
      member.sql,
      `PostgreSQL of ${member.name}`,
      lost('sql-login', member.name),
      'warn',
      'sql',
    ),
    row(
      `${member.name} host`,
      member.host,
      `the host driver for ${member.name}`,
      lost('docker-inspect', member.name),
      'warn',
      'hosts',
    ),
    ...(member.power === undefined
      ? []
      : [
          row(
            `${member.name} power`,
            member.power,
            `what cuts the power of ${member.name}`,
            [`${WITHOUT_POWER}, on ${member.name}`],
            'warn',
            'power',
          ),
        ]),
    row(
      `${member.name} tags`,
      member.fileTag,
      `the patroni.yml of ${member.name}`,
      [`drain by tag on ${member.name}`],
      'warn',
      'tags',
    ),
  ]);
}

const NO_KEYS: DoctorFinding = {
  check: 'dcs read',
  verdict: 'fail',
  detail: 'etcd has no key of this scope, though members of it run',
  disables: ['every action'],
  remedy: REMEDY['no-keys'],
};

function dcsRows(view: ClusterView): readonly DoctorFinding[] {
  const { keys } = view.dcs;
  if (hasNoKeys(view)) return [NO_KEYS];
  const linearizable: DoctorFinding =
    keys.kind === 'unknown'
      ? row('dcs read', keys, 'linearizable read', ['every action'], 'fail', 'etcd')
      : {
          check: 'dcs read',
          verdict: 'ok',
          detail: `linearizable read at revision ${keys.value.revision}`,
          disables: [],
        };
  const endpoints = view.dcs.endpoints.map(endpointRow);
  return [linearizable, ...endpoints, ...alarmRows(view)];
}

function endpointRow({ name, status }: ClusterView['dcs']['endpoints'][number]): DoctorFinding {
  const told = freshValue(status);
  if (told?.dbSizeBytes !== null) return row(`dcs ${name}`, status, `etcd ${name}`, [], 'warn', 'etcd');
  return {
    check: `dcs ${name}`,
    verdict: 'warn',
    detail: `etcd ${name} answers, and tells its size to the role root alone: that it fills up is not seen beforehand`,
    disables: ['defragment-dcs'],
    remedy: REMEDY['etcd-size'],
  };
}

function alarmRows({ dcs: { alarms } }: ClusterView): readonly DoctorFinding[] {
  if (alarms.kind === 'unknown') return [row('dcs alarms', alarms, 'the list of alarms', [], 'warn', 'alarms')];
  return alarms.value.map(({ memberId, alarm }) => ({
    check: `dcs alarm ${alarm}`,
    verdict: 'fail',
    detail: `etcd member ${memberId} raised ${alarm}: ${alarm === 'NOSPACE' ? 'no write is accepted' : 'its data cannot be trusted'}`,
    disables: ['every action'],
    remedy: alarm === 'NOSPACE' ? REMEDY.nospace : REMEDY.corrupt,
  }));
}

/** Two clusters may share scope and member names; the identifier that PostgreSQL got when it was made tells them apart. */
function identityRow(view: ClusterView): DoctorFinding {
  const check = 'system identifier';
  const ours = freshValue(view.dcs.keys)?.systemIdentifier ?? null;
  if (ours === null) {
    const detail = 'etcd tells none (/initialize): another cluster under the same names would not be recognised';
    return { check, verdict: 'warn', detail, disables: [], remedy: REMEDY['no-identifier'] };
  }
  const strangers = view.members.flatMap(strangersAt);
  if (strangers.length > 0)
    return {
      check,
      verdict: 'fail',
      detail: strangers.map(({ reason }) => reason).join('; '),
      disables: ['every action'],
      remedy: REMEDY.stranger,
    };
  const untold = view.members.flatMap((member) =>
    (['api', 'sql'] as const)
      .filter((channel) => freshValue<{ systemIdentifier: string | null }>(member[channel])?.systemIdentifier !== ours)
      .map((channel) => `${member.name} ${channel}`),
  );
  const rest = untold.length === 0 ? 'and the same by API and SQL of every member' : `not told by ${untold.join(', ')}`;
  return { check, verdict: 'ok', detail: `${ours} in etcd, ${rest}`, disables: [] };
}

/** What each action works through, by the policy as it stands. */
function actuatorRows(view: ClusterView, policy: Policy): readonly DoctorFinding[] {
  return ACTION_NAMES.flatMap((name: ActionName) => {
    const missing = ACTIONS[name].needs(policy).filter((part) => !view.actuators[part]);
    if (missing.length === 0) return [];
    return [
      {
        check: `action ${name}`,
        verdict: 'off' as const,
        detail: `needs ${missing.join(', ')}, which is not configured`,
        disables: [name],
        remedy: REMEDY.action,
      },
    ];
  });
}

const SOURCE_OF: Readonly<Record<string, (view: ClusterView) => boolean>> = {
  sql: (view) => view.actuators.sql,
  host: (view) => view.actuators.host,
  proxy: (view) => view.actuators.proxy,
};

/** Rungs that can never have the channels that they ask for, because a channel is not configured. */
function ladderRows(view: ClusterView, policy: Policy): readonly DoctorFinding[] {
  return CATALOGUE.flatMap((problem) =>
    problem.ladder
      .filter(
        (rung) =>
          policy.actions[rung.action].mode !== 'off' &&
          !rung.oneOf.some((channel) => SOURCE_OF[channel]?.(view) ?? true),
      )
      .map((rung) => ({
        check: `ladder ${problem.code}`,
        verdict: 'off' as const,
        detail: `${rung.action} needs one of ${rung.oneOf.join(', ')}, none of which is configured`,
        disables: [`${rung.action} for ${problem.code}`],
        remedy: REMEDY.ladder,
      })),
  );
}

function clusterRows(view: ClusterView, policy: Policy, locator?: Locator): readonly DoctorFinding[] {
  if (view.config.kind === 'unknown') return [row('cluster config', view.config, 'GET /config', [], 'warn', 'config')];
  const { value } = view.config;
  const rows: DoctorFinding[] = checkAgainstCluster(policy, value, locator).map((error) => ({
    check: 'policy and cluster',
    verdict: error.severity === 'error' ? 'fail' : 'warn',
    detail: errorText(error),
    disables: error.severity === 'error' ? ['every action'] : [],
    remedy: REMEDY.policy,
  }));
  rows.push({
    check: 'cluster waits',
    verdict: 'ok',
    detail: `ttl ${value.ttlMs / 1000} s, loop_wait ${value.loopWaitMs / 1000} s: what Patroni heals by itself gets ${(value.ttlMs + value.loopWaitMs) / 1000} s`,
    disables: [],
  });
  if (!value.usePgRewind)
    rows.push({
      check: 'pg_rewind',
      verdict: 'warn',
      detail: 'use_pg_rewind is off: a former leader cannot rejoin without a rebuild',
      disables: [],
      remedy: REMEDY.rewind,
    });
  return rows;
}

/** Said once and for all, because the runbook says otherwise and the cluster answers 200. */
const RUNBOOK_PATCH: DoctorFinding = {
  check: 'runbook: tags by PATCH /config',
  verdict: 'ok',
  detail:
    "not used: Patroni answers 200, stores the key and changes nothing, because tags are read from each member's own file only. Draining works by the proxy or by that file and POST /reload",
  disables: [],
};
