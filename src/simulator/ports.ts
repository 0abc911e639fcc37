import { settingRows } from './settings.js';
import type { Heartbeat } from '../model/heartbeat.js';
import type { Reply, Step } from '../model/plan.js';
import { formatLsn } from '../model/names.js';
import { fresh, unknown, type Reading } from '../model/reading.js';
import { STANDBY_SETTINGS } from '../model/sql.js';
import type { Clock } from '../ports/clock.js';
import type { DcsPort } from '../ports/dcs.js';
import type { HostPort } from '../ports/host.js';
import type { PatroniPort } from '../ports/patroni.js';
import type { PostgresPort } from '../ports/postgres.js';
import type { PoolerPort } from '../ports/pooler.js';
import { ONLY_PROXY } from '../model/proxy.js';
import type { PowerPort } from '../ports/power.js';
import type { ProxyPort } from '../ports/proxy.js';
import type { TagsPort } from '../ports/tags.js';
import { effectOf, isBusy } from '../adapters/patroni/effect.js';
import { dcsPort } from './dcs-port.js';
import { walBytes } from './disks.js';
import { read, send, type Fault } from './exchange.js';
import { proxyView, runtimeCommand } from './haproxy.js';
import { hostFault, hostPort } from './host-port.js';
import { powerPort } from './power-port.js';
import {
  clusterDocument,
  configDocument,
  historyDocument,
  metricsDocument,
  replicaStatus,
  statusDocument,
} from './patroni-documents.js';
import { handle } from './patroni-requests.js';
import { allEtcdDown } from './etcd.js';
import { opens, opensEtcd, PROXY } from './links.js';
import { poolerPort } from './pooler.js';
import { dropSlot } from './slots.js';
import { sqlStatus } from './sql-status.js';
import { wallMs } from './observer.js';
import type { Sight } from './wire.js';
import { memberAt, memberSim, note, type MemberSim, type World } from './state.js';

export interface SimulatedPorts {
  readonly patroni: PatroniPort;
  readonly dcs: DcsPort;
  readonly postgres: PostgresPort;
  readonly proxies: Readonly<Record<string, ProxyPort>>;
  /** Empty where the cluster has none. */
  readonly poolers: Readonly<Record<string, PoolerPort>>;
  readonly host: HostPort;
  readonly tags: TagsPort;
  readonly power: PowerPort;
  readonly clock: Clock;
}

/** Why this member's REST API gives no answer to us; null when it does. */
function apiFault({ world, observer }: Sight, member: MemberSim, deadlineMs: number): Fault | null {
  const url = `GET on ${member.name}`;
  const { patroni } = member;
  if (!opens(world, observer.name, member.name, 'api'))
    return { fault: 'timeout', reason: `${url}: no answer in time` };
  if (member.host.state === 'stopped' || (member.host.state === 'running' && patroni.process !== 'up'))
    return { fault: 'refused', reason: `${url}: connection refused` };
  if (member.host.state === 'paused' || patroni.frozen)
    return { fault: 'timeout', reason: `${url}: no answer in time` };
  if (deadlineMs > 0 && patroni.apiSlowMs >= deadlineMs)
    return { fault: 'timeout', reason: `${url}: no answer in time` };
  if (patroni.apiGarbage) return { fault: 'bad-reply', reason: `${url}: the answer is not JSON` };
  if (patroni.wrongScope)
    return { fault: 'wrong-scope', reason: `${url}: scope is another-cluster, expected ${world.options.scope}` };
  return null;
}

function sqlFault({ world, observer }: Sight, member: MemberSim): Fault | null {
  const where = `SQL on ${member.name}`;
  if (!opens(world, observer.name, member.name, 'sql'))
    return { fault: 'timeout', reason: `${where}: no answer in time` };
  if (member.host.state === 'stopped' || member.postgres.process === 'down')
    return { fault: 'refused', reason: `${where}: connection refused` };
  if (member.host.state === 'paused' || member.postgres.frozen)
    return { fault: 'timeout', reason: `${where}: no answer in time` };
  if (member.postgres.process === 'starting')
    return { fault: 'closed', reason: `${where}: the database system is starting up` };
  return null;
}

export function simulatedPorts(sight: Sight): SimulatedPorts {
  const { world, observer } = sight;
  return {
    clock: world.time.clock(() => observer.skewMs),
    patroni: patroniPort(sight),
    dcs: dcsPort(sight),
    postgres: {
      status: (name) =>
        read(sight, `sql ${name}`, memberAt(world, name), sqlFault, (member) => sqlStatus(world, member)),
      settings: (name, names) =>
        read(sight, `settings of ${name}`, memberAt(world, name), sqlFault, (member) => settingRows(member, names)),
      sizes: (name) =>
        read(sight, `sizes of ${name}`, memberAt(world, name), sqlFault, (member) => ({
          databaseBytes: world.databaseBytes,
          walBytes: walBytes(world, member),
        })),
      ...(world.options.heartbeat ? { beat: beatPort(sight) } : {}),
      send: (step) =>
        send(
          sight,
          step,
          () => sqlFault(sight, memberAt(world, step.member)),
          () => sqlVerb(world, step),
        ),
      close: () => Promise.resolve(),
    },
    proxies: {
      [ONLY_PROXY]: {
        canSend: true,
        view: async () => {
          if (opens(world, observer.name, PROXY)) return fresh(proxyView(world), wallMs(world, observer), 'haproxy');
          await world.time.block(() => false, world.options.deadlineMs);
          return unknown('timeout', 'HAProxy: no answer in time', wallMs(world, observer), 'haproxy');
        },
        send: (step) =>
          send(
            sight,
            step,
            () =>
              !opens(world, observer.name, PROXY) ? { fault: 'timeout', reason: 'HAProxy: no answer in time' } : null,
            () => {
              const text = runtimeCommand(world, step.command);
              return { effect: text === '' ? 'done' : 'none', status: null, text };
            },
          ),
        close: () => Promise.resolve(),
      },
    },
    poolers: Object.fromEntries(world.poolers.map((pooler) => [pooler.name, poolerPort(sight, pooler)])),
    host: hostPort(sight),
    power: powerPort(sight),
    tags: {
      read: (name) =>
        read(
          sight,
          `tags ${name}`,
          memberSim(world, name),
          () => hostFault(sight),
          (member) => member.patroni.fileTags.noloadbalance,
        ),
      write: (step) =>
        send(
          sight,
          step,
          () => hostFault(sight),
          () => {
            const { patroni } = memberSim(world, step.member);
            patroni.fileTags = { ...patroni.fileTags, [step.tag]: step.value };
            return { effect: 'done', status: null, text: 'written' };
          },
        ),
    },
  };
}

function patroniPort(sight: Sight): PatroniPort {
  const { world } = sight;
  const get = async <T>(
    name: string,
    path: string,
    value: (member: MemberSim) => T,
    needsDcs = false,
    atMostMs = world.options.deadlineMs,
  ): Promise<Reading<T>> => {
    const member = memberAt(world, name);
    const deadlineMs = Math.min(atMostMs, world.options.deadlineMs);
    const fault = (): Fault | null => {
      const api = apiFault(sight, member, deadlineMs);
      if (api !== null || !needsDcs || !(allEtcdDown(world.etcd) || !opensEtcd(world, member.name))) return api;
      return { fault: 'closed', reason: `GET ${path} on ${name}: connection closed without an answer` };
    };
    if (fault() === null && member.patroni.apiSlowMs > 0) await world.time.block(() => false, member.patroni.apiSlowMs);
    return read(sight, `${name} ${path}`, member, fault, value, deadlineMs);
  };
  return {
    status: (name, atMostMs) => get(name, '/patroni', (member) => statusDocument(world, member), false, atMostMs),
    cluster: (name) => get(name, '/cluster', () => clusterDocument(world), true),
    config: (name) => get(name, '/config', (member) => configDocument(world, member.patroni.config), true),
    history: (name) => get(name, '/history', () => historyDocument(world), true),
    metrics: (name) => get(name, '/metrics', (member) => metricsDocument(world, member)),
    mayWrite: async (name) => {
      const reading = await get(name, '/config', ({ patroni }) => !patroni.refusesUs);
      if (reading.kind === 'unknown') return reading;
      const source = `PATCH ${name} /config`;
      return reading.value
        ? fresh('granted', reading.atMs, source)
        : unknown('denied', `${source}: status 401 with "not authenticated"`, reading.atMs, source);
    },
    replicaCheck: (name) => get(name, '/replica', (member): number => replicaStatus(member)),
    send: (step) => {
      const member = memberAt(world, step.member);
      return send(
        sight,
        step,
        () => sendable(apiFault(sight, member, world.options.deadlineMs)),
        async () => {
          const answer = await handle(world, member, step);
          if (answer === null) return { effect: 'maybe', status: null, text: 'connection closed without an answer' };
          const { status, text } = answer;
          return { effect: effectOf(status, text), status, text, ...(isBusy(status, text) && { busy: true as const }) };
        },
      );
    },
    close: () => Promise.resolve(),
  };
}

/** WAL of one row and its commit. */
const BEAT_BYTES = 240;

/** One row of the heartbeat: a server that cannot write says so by the SQLSTATE of PostgreSQL. */
function beatPort(sight: Sight): NonNullable<PostgresPort['beat']> {
  const { world } = sight;
  return (name) =>
    read(sight, `heartbeat ${name}`, memberAt(world, name), sqlFault, ({ postgres }): Heartbeat => {
      const refused = (code: string, text: string): Heartbeat => ({ member: name, refused: { code, text } });
      if (postgres.inRecovery || postgres.readOnly === 'setting')
        return refused('25006', 'cannot execute INSERT in a read-only transaction');
      if (postgres.dataFull) return refused('53100', 'could not extend file: No space left on device');
      if (postgres.readOnly === 'file-system') return refused('58030', 'could not write block: Read-only file system');
      postgres.receiveLsn = postgres.replayLsn += BEAT_BYTES;
      world.beats.push({ atMs: world.time.nowMs, member: name, lsn: postgres.replayLsn, branch: postgres.branch });
      return { member: name, refused: null };
    });
}

/** A member that answers nonsense still executes what it is told: the request must count as arrived. */
const sendable = (fault: Fault | null): Fault | null =>
  fault !== null && (fault.fault === 'bad-reply' || fault.fault === 'wrong-scope') ? null : fault;

type SqlStep = Extract<Step, { port: 'sql' }>;
type ResumeStep = Extract<SqlStep, { statement: 'resume-replay' }>;
type EndStep = Extract<SqlStep, { pid: number }>;

function sqlVerb(world: World, step: SqlStep): Omit<Reply, 'tookMs'> {
  if (step.statement === 'resume-replay') return resumeReplay(world, step);
  if (step.statement === 'checkpoint') return { effect: 'done', status: null, text: 'checkpoint written' };
  return step.statement === 'drop-slot' ? dropSlot(world, step) : endBackend(world, step);
}

/** As the statement itself asks: the pause that was seen, and no setting below the leader's. */
function resumeReplay(world: World, step: ResumeStep): Omit<Reply, 'tookMs'> {
  const member = memberAt(world, step.member);
  const own = sqlStatus(world, member);
  const isSame = own.replayLsn !== null && formatLsn(own.replayLsn) === step.at;
  const lacks = STANDBY_SETTINGS.some((name) => (own.standbySettings?.[name] ?? 0) < step.atLeast[name]);
  if (!own.inRecovery || !own.replayPaused || !isSame || lacks)
    return { effect: 'none', status: null, text: 'replay is not paused there, or may not be resumed' };
  member.postgres.replayPaused = false;
  note(world, `replay is resumed on ${step.member}`);
  return { effect: 'done', status: null, text: 'resumed' };
}

function endBackend(world: World, step: EndStep): Omit<Reply, 'tookMs'> {
  const { postgres } = memberAt(world, step.member);
  const found = postgres.blockers.find(
    (blocker) => blocker.pid === step.pid && blocker.backendStart === step.backendStart,
  );
  if (found === undefined) return { effect: 'none', status: null, text: 'no such backend' };
  if (step.statement === 'terminate-backend' || !found.stubborn) {
    postgres.blockers = postgres.blockers.filter((blocker) => blocker !== found);
    note(world, `backend ${step.pid} on ${step.member} ended`);
  }
  return { effect: 'done', status: null, text: 'true' };
}
