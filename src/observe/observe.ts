import {
  aged,
  fresh,
  freshValue,
  lastValue,
  notConfigured,
  unknown,
  type Reading,
  type Unknown,
} from '../model/reading.js';
import type { HostStatus } from '../model/host.js';
import type { MemberName } from '../model/names.js';
import type { PatroniStatus } from '../model/patroni.js';
import type { ClusterView, DcsView, MemberView, ObserverView } from '../model/view.js';
import { checkAddresses, namesToResolve, type Addresses } from './addresses.js';
import { withoutMisplaced } from './misplaced.js';
import { withoutOtherSystems } from './other-system.js';
import type { Asker } from './patience.js';
import type { Ports } from './ports.js';
import {
  CLUSTER_SOURCES,
  ENDPOINT_HOST,
  HEARTBEAT,
  isDue,
  MEMBER_SOURCES,
  NAMES,
  SHARED_SOURCES,
  type ClusterReadings,
  type ClusterSource,
  type MemberSource,
  type SharedSource,
  type SourceRow,
} from './sources.js';

/** What must be known of the cluster to observe it: our own inventory and how the proxy's pools are called. */
export interface ObserveTarget {
  readonly scope: string;
  readonly members: readonly MemberName[];
  readonly dcsNames: readonly string[];
  readonly pools: ClusterView['pools'];
  /** What the operator declares of members. */
  readonly intentions?: ClusterView['intentions'];
  /** Where we ask each member. Absent: not known, and not held against what etcd says. */
  readonly addresses?: Addresses;
  readonly sites?: ClusterView['sites'];
}

export interface ObserveOptions {
  readonly previous: ClusterView | null;
  readonly tick: number;
  /** Something is suspected or in flight: ask everything that may matter now. */
  readonly suspect: boolean;
  /** Members whose slow facts (file tag, `/replica`) are awaited by a remediation. */
  readonly closely: ReadonlySet<string>;
  /** The look just before a request: the members that it touches, and who leads. Null: an ordinary pass. */
  readonly beforeRequest: ReadonlySet<string> | null;
  /** The highest etcd revision that was ever read: a lower one is an answer from the past. Null: none was. */
  readonly notBefore: string | null;
  /** Remembers from look to look which sources hang. */
  readonly asker: Asker;
  /** Who writes the heartbeat: the holder of tenure in mode enforce, by its name. Absent: nothing is written. */
  readonly beatAs?: string;
  /** Monotonic and wall clock when the previous pass began. */
  readonly lastPass: { readonly monotonicMs: number; readonly wallMs: number } | null;
}

interface Pass extends ObserveOptions {
  readonly ports: Ports;
  readonly target: ObserveTarget;
  readonly nowMs: number;
}

/** In the look before a request, whoever it does not touch is not waited for longer than this, unless it is known to be slow. */
const BYSTANDER_PATIENCE_MS = 300;

/**
 * Asks all ports at once, row by row of the tables in `sources.ts`, and fills one view. Never throws: every port answers with readings, and
 * what is not configured says so.
 */
export async function observe(ports: Ports, target: ObserveTarget, options: ObserveOptions): Promise<ClusterView> {
  const nowMs = ports.clock.now();
  const beganMs = ports.clock.monotonic();
  const pass: Pass = { ...options, ports, target, nowMs };
  const [answers, { keys, proxy, certificates, pemFiles, ...etcd }, hosts] = await Promise.all([
    Promise.all(target.members.map((name) => observeMember(pass, name))),
    observeCluster(pass),
    Promise.all(target.dcsNames.map((name) => observeEndpointHost(pass, name))),
  ]);
  const dcs: DcsView = {
    keys: notFromThePast(keys, pass),
    endpoints: endpointsOf(pass, etcd.endpoints, hosts),
    membership: etcd.membership,
    alarms: etcd.alarms,
  };
  const names = await observeNames(pass, dcs);
  const rows = freshValue(dcs.keys)?.members ?? null;
  const addresses = checkAddresses(
    target.members,
    rows,
    target.addresses ?? {},
    names === null ? {} : (lastValue(names) ?? {}),
  );
  const members = withoutMisplaced(withoutOtherSystems(answers, dcs.keys), addresses);
  const answering = members.find((member) => member.api.kind === 'fresh')?.name ?? null;
  const [config, history, heartbeat] = await Promise.all([
    observeConfig(pass, dcs, answering),
    shared(pass, answering, { field: 'history', row: SHARED_SOURCES.history, last: pass.previous?.history ?? null }),
    observeHeartbeat(pass, dcs, members),
  ]);
  return {
    scope: target.scope,
    tick: options.tick,
    atMs: nowMs,
    members,
    config,
    history,
    dcs,
    proxy,
    pools: target.pools,
    ...(target.intentions === undefined || Object.keys(target.intentions).length === 0
      ? {}
      : { intentions: target.intentions }),
    ...(target.sites === undefined || Object.keys(target.sites).length === 0 ? {} : { sites: target.sites }),
    ...(isConfigured(certificates) ? { certificates } : {}),
    ...(isConfigured(pemFiles) ? { pemFiles } : {}),
    ...(heartbeat === null ? {} : { heartbeat }),
    ...(names === null ? {} : { names }),
    ...(addresses.length === 0 ? {} : { addresses }),
    actuators: actuatorsOf(ports),
    observer: observerOf(pass, beganMs),
  };
}

const isConfigured = (reading: Reading<unknown>): boolean =>
  reading.kind !== 'unknown' || reading.fault !== 'not-configured';

const actuatorsOf = (ports: Ports): ClusterView['actuators'] => ({
  proxy: ports.proxy?.canSend === true,
  tags: ports.tags !== null,
  sql: ports.postgres !== null,
  host: ports.host !== null,
});

interface Asking<T> {
  readonly key: string;
  readonly last: Reading<T> | null;
  /** The member that is asked; null: it is about the cluster. */
  readonly member: string | null;
  readonly ask: () => Promise<Reading<T>>;
}

/** Asks a source if its row says that it is time, for as long as its row says; else hands on its last reading with its age. */
function read<T>(pass: Pass, row: SourceRow, { key, last, member, ask }: Asking<T>): Promise<Reading<T>> {
  const isClose = row.closely !== undefined && member !== null && pass.closely.has(member);
  const isNeeded = isNeededBeforeRequest(pass, row, member);
  const isAsked = pass.beforeRequest === null ? isDue(last, row, pass) : row.beforeRequest !== 'no';
  if (last !== null && !isAsked && !isClose) return Promise.resolve(aged(last, pass.nowMs));
  const patienceMs = patienceOf(pass, row, isNeeded || isClose);
  return pass.asker({
    key,
    last,
    nowMs: pass.nowMs,
    patienceMs,
    explains: row.for === 'explains',
    anew: isNeeded,
    ask,
  });
}

const isNeededBeforeRequest = ({ beforeRequest: touched }: Pass, row: SourceRow, member: string | null): boolean =>
  touched !== null &&
  (row.beforeRequest === 'always' || (row.beforeRequest === 'touched' && member !== null && touched.has(member)));

/** A first look has nothing to fall back on, and may be the only one: what authorises has until the call itself gives up. */
function patienceOf(pass: Pass, row: SourceRow, isNeeded: boolean): number {
  if (row.patienceMs === null || (pass.previous === null && row.for === 'authorises')) return Infinity;
  return pass.beforeRequest === null || isNeeded ? row.patienceMs : Math.min(row.patienceMs, BYSTANDER_PATIENCE_MS);
}

/** `none`: why there is no answer where nobody can be asked. */
const orNone = <T>(call: Promise<Reading<T>> | null, none: Unknown): Promise<Reading<T>> =>
  call ?? Promise.resolve(none);

async function observeMember(pass: Pass, name: MemberName): Promise<MemberView> {
  const last = pass.previous?.members.find((member) => member.name === name) ?? null;
  const ask = (field: MemberField): Promise<Reading<unknown>> =>
    ofMember(pass, name, MEMBER_SOURCES[field], { field, last: last?.[field] ?? null });
  const api = ask('api');
  const others = MEMBER_FIELDS.filter((field) => field !== 'api').map(async (field) => {
    const { afterApi, unless } = MEMBER_SOURCES[field] as MemberSource<unknown>;
    const first = afterApi === true || unless !== undefined ? await api : null;
    if (afterApi === true && first !== null && first.kind !== 'fresh')
      return [field, notAsked(first, pass.nowMs, name)];
    const isSpared =
      first?.kind === 'fresh' && unless?.holds(first.value as PatroniStatus) === true && !pass.closely.has(name);
    return [field, isSpared ? unknown('not-read-yet', unless.why, pass.nowMs, name) : await ask(field)];
  });
  return { name, api: await api, ...Object.fromEntries(await Promise.all(others)) } as MemberView;
}

type MemberField = keyof typeof MEMBER_SOURCES;
const MEMBER_FIELDS = Object.keys(MEMBER_SOURCES) as readonly MemberField[];

const notAsked = (api: Reading<unknown>, nowMs: number, name: MemberName): Unknown =>
  unknown('not-read-yet', `not asked: ${api.kind === 'unknown' ? api.reason : 'no status'}`, nowMs, name);

function ofMember(
  pass: Pass,
  name: MemberName,
  row: MemberSource<unknown>,
  { field, last }: { readonly field: MemberField; readonly last: Reading<unknown> | null },
): Promise<Reading<unknown>> {
  const { ports, nowMs } = pass;
  if (typeof row.closely === 'string' && !pass.closely.has(name))
    return Promise.resolve(unknown('not-read-yet', row.closely, nowMs, name));
  const ask = () => orNone(row.ask(ports, name), notConfigured(row.part, nowMs));
  return read(pass, row, { key: `${name} ${field}`, last, member: name, ask });
}

async function observeCluster(pass: Pass): Promise<ClusterReadings> {
  const { ports, previous, nowMs, suspect } = pass;
  const { dcs, proxy } = previous ?? { dcs: null, proxy: null };
  const last: { readonly [K in keyof ClusterReadings]: Reading<unknown> | null } = {
    keys: dcs?.keys ?? null,
    proxy,
    membership: dcs?.membership ?? null,
    alarms: dcs?.alarms ?? null,
    endpoints: listOf(dcs),
    certificates: previous?.certificates ?? null,
    pemFiles: previous?.pemFiles ?? null,
  };
  const readings = await Promise.all(
    CLUSTER_FIELDS.map(async (field) => {
      const row: ClusterSource<unknown> = CLUSTER_SOURCES[field];
      const ask = () => orNone(row.ask(ports, { suspect }), notConfigured(row.part, nowMs));
      return [field, await read(pass, row, { key: field, last: last[field], member: null, ask })];
    }),
  );
  return Object.fromEntries(readings) as ClusterReadings;
}

const CLUSTER_FIELDS = Object.keys(CLUSTER_SOURCES) as readonly (keyof ClusterReadings)[];

/** etcd's revision never falls; where it does, etcd was restored or is another one, and its leader key authorises nothing. */
function notFromThePast(keys: DcsView['keys'], { notBefore, nowMs }: Pass): DcsView['keys'] {
  if (keys.kind !== 'fresh' || notBefore === null || BigInt(keys.value.revision) >= BigInt(notBefore)) return keys;
  const { revision } = keys.value;
  const reason = `etcd answered from the past: revision ${revision} after ${notBefore}`;
  return unknown('bad-reply', reason, nowMs, keys.source);
}

/** The endpoints of the last view as the one list that they were read as. */
function listOf(dcs: DcsView | null): ClusterReadings['endpoints'] | null {
  const first = dcs?.endpoints[0]?.status;
  if (dcs === null || first === undefined) return null;
  const rows = dcs.endpoints.map(({ name, status }) => ({ name, status }));
  return { kind: 'fresh', value: rows, atMs: first.atMs, source: 'etcd endpoints' };
}

function endpointsOf(
  { target, nowMs }: Pass,
  list: ClusterReadings['endpoints'],
  hosts: readonly Reading<HostStatus>[],
): DcsView['endpoints'] {
  const hostOf = (name: string) => hosts[target.dcsNames.indexOf(name)] ?? notConfigured('hosts', nowMs);
  if (list.kind === 'unknown') return target.dcsNames.map((name) => ({ name, status: list, host: hostOf(name) }));
  const rows = list.value.map(({ name, status }) => ({ name, status, host: hostOf(name) }));
  return list.kind === 'fresh' ? rows : rows.map((row) => ({ ...row, status: aged(row.status, nowMs) }));
}

function observeEndpointHost(pass: Pass, name: string): Promise<Reading<HostStatus>> {
  const last = pass.previous?.dcs.endpoints.find((row) => row.name === name)?.host ?? null;
  const ask = () => orNone(ENDPOINT_HOST.ask(pass.ports, name), notConfigured(ENDPOINT_HOST.part, pass.nowMs));
  return read(pass, ENDPOINT_HOST, { key: `host of ${name}`, last, member: null, ask });
}

/**
 * The cluster's configuration decides who may be promoted and whether anybody may be at all: etcd's copy of this pass. A member answers
 * `GET /config` from its last loop, up to `loop_wait` old, and is asked only where etcd does not tell.
 */
function observeConfig(pass: Pass, dcs: DcsView, answering: MemberName | null): Promise<ClusterView['config']> {
  const original = freshValue(dcs.keys)?.config;
  if (original?.known === true) return Promise.resolve(fresh(original.value, pass.nowMs, 'etcd config'));
  return shared(pass, answering, { field: 'config', row: SHARED_SOURCES.config, last: pass.previous?.config ?? null });
}

/** Null: nothing is written by name. A name that etcd has only now is asked for at once. */
async function observeNames(pass: Pass, dcs: DcsView): Promise<NonNullable<ClusterView['names']> | null> {
  const { ports, target, previous } = pass;
  const port = ports.names ?? null;
  if (port === null || target.addresses === undefined) return null;
  const hosts = namesToResolve(freshValue(dcs.keys)?.members ?? [], target.addresses);
  if (hosts.length === 0) return null;
  const last = previous?.names ?? null;
  const isNew = previous?.dcs.keys.kind !== 'fresh' && dcs.keys.kind === 'fresh';
  return read(pass, NAMES, { key: 'names', last: isNew ? null : last, member: null, ask: () => port.resolve(hosts) });
}

/** Null where none is configured. Only who holds the key, says primary and is not in recovery, all in this look, is written to. */
async function observeHeartbeat(
  pass: Pass,
  dcs: DcsView,
  members: readonly MemberView[],
): Promise<NonNullable<ClusterView['heartbeat']> | null> {
  const { ports, beatAs, nowMs } = pass;
  const { postgres } = ports;
  if (postgres?.beat === undefined) return null;
  const none = (why: string) => unknown('not-read-yet', `no heartbeat: ${why}`, nowMs, HEARTBEAT.part);
  if (beatAs === undefined) return none('only the holder of tenure in mode enforce writes it');
  const holder = freshValue(dcs.keys)?.leader.holder;
  const leader = members.find((member) => member.name === holder);
  const isPrimary = freshValue(leader?.api ?? none(''))?.role === 'primary';
  if (leader === undefined || !isPrimary || freshValue(leader.sql)?.inRecovery !== false)
    return none('no leader is proven by etcd, its own word and its SQL');
  const last = pass.previous?.heartbeat ?? null;
  const isSame = last !== null && last.kind !== 'unknown' && last.value.member === leader.name;
  const row = { scope: pass.target.scope, instance: beatAs };
  return read(pass, HEARTBEAT, {
    key: `heartbeat ${leader.name}`,
    last: isSame ? last : null,
    member: null,
    ask: () => orNone(postgres.beat?.(leader.name, row) ?? null, notConfigured(HEARTBEAT.part, nowMs)),
  });
}

/** `/config` and `/history` are the DCS's documents: any member whose own status was right for our scope may be asked. */
function shared<T>(
  pass: Pass,
  answering: MemberName | null,
  { field, row, last }: { readonly field: string; readonly row: SharedSource<T>; readonly last: Reading<T> | null },
): Promise<Reading<T>> {
  if (answering !== null)
    return read(pass, row, {
      key: `${answering} /${field}`,
      last,
      member: answering,
      ask: () => row.ask(pass.ports, answering),
    });
  if (last !== null) return Promise.resolve(aged(last, pass.nowMs));
  return Promise.resolve(unknown('not-read-yet', `no member answers, so /${field} was not asked`, pass.nowMs, field));
}

function observerOf(pass: Pass, beganMs: number): ObserverView {
  const passTookMs = pass.ports.clock.monotonic() - beganMs;
  if (pass.lastPass === null) return { clockJumpMs: 0, sinceLastPassMs: null, passTookMs };
  const sinceLastPassMs = beganMs - pass.lastPass.monotonicMs;
  return { clockJumpMs: pass.nowMs - pass.lastPass.wallMs - sinceLastPassMs, sinceLastPassMs, passTookMs };
}
