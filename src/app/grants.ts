import { redactorOf } from '../config/redactor.js';
import type { ClusterConfig } from '../model/config.js';
import type { MemberName } from '../model/names.js';
import type { Policy } from '../model/policy.js';
import { ONLY_PROXY } from '../model/proxy.js';
import { notConfigured, type Reading } from '../model/reading.js';
import type { SqlRights } from '../model/sql.js';
import type { Ports } from '../observe/ports.js';
import type { LoadedFiles } from './files.js';
import type { DoctorFinding } from './doctor-finding.js';
import type { CheckProbe } from '../ports/check.js';
import { checkRow, heartbeatRow, partRows, patroniRow, programRow, sqlRow, type PartRights } from './doctor-rights.js';
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
  /** Clients of a pooler are held around a switchover. Absent: no pooler is configured. */
  readonly hasPoolers?: boolean;
  /** `postgres.check` is configured. Absent: it is not, and nobody is told what it would need. */
  readonly checks?: boolean;
  /** Whether its program can be run here. Absent: `postgres.check` is not configured. */
  readonly program?: CheckProbe;
  readonly members: readonly MemberRights[];
  /** etcd, proxies, host driver. */
  readonly parts: readonly PartRights[];
}

export const NO_RIGHTS: ClusterRights = { hasLogin: false, members: [], parts: [] };

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
        const checks = cluster.postgres?.check !== undefined;
        const [members, parts, program] = await Promise.all([
          rightsIn(ports, cluster.members),
          partsIn(ports),
          checks ? ports.checks?.probe() : undefined,
        ]);
        const hasPoolers = Object.keys(ports.poolers ?? {}).length > 0;
        const common = { hasLogin: cluster.patroni.auth !== null, ...(hasPoolers ? { hasPoolers } : {}), checks };
        return {
          ...common,
          ...(program && { program: redact.value(program) }),
          members: redact.value(members),
          parts: redact.value(parts),
        };
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

async function partsIn({ dcs, proxies, poolers = {}, host }: Ports): Promise<readonly PartRights[]> {
  const named = Object.entries(proxies).map(([name, port]) => ({
    part: name === ONLY_PROXY ? 'proxy' : `proxy ${name}`,
    port,
  }));
  const holding = Object.entries(poolers).map(([name, port]) => ({ part: `pooler ${name}`, port }));
  const parts = [
    { part: 'dcs', port: dcs },
    ...named,
    ...holding,
    ...(host === null ? [] : [{ part: 'host', port: host }]),
  ];
  return Promise.all(parts.map(async ({ part, port }) => ({ part, rights: (await port.rights?.()) ?? [] })));
}

/** A row a member for Patroni and one for PostgreSQL, a row for each part beside them. Who does not answer at all has a row of its own among the channels. */
export function rightsFindings(
  { hasLogin, hasPoolers = false, checks = false, program, members, parts }: ClusterRights,
  policy: Policy,
): readonly DoctorFinding[] {
  return [
    ...members.flatMap(({ member, patroni, sql, heartbeat }) => [
      ...patroniRow(member, patroni, { hasLogin, policy }),
      ...sqlRow(member, sql, { policy, hasPoolers }),
      ...(checks ? checkRow(member, sql) : []),
      ...heartbeatRow(member, heartbeat),
    ]),
    ...(program === undefined ? [] : [programRow(program)]),
    ...parts.flatMap((one) => partRows(one, policy)),
  ];
}
