import { aged, freshValue, lastValue, notConfigured, unknown, type Reading, type Unknown } from '../model/reading.js';
import type { HostStatus } from '../model/host.js';
import type { MemberName } from '../model/names.js';
import type { PoolerSeen } from '../model/pooler.js';
import type { ProxySeen } from '../model/proxy.js';
import type { PatroniStatus } from '../model/patroni.js';
import type { ClusterView, DcsView, MemberView, ObserverView } from '../model/view.js';
import { checkAddresses } from './addresses.js';
import { observeConfig, observeHistory } from './documents.js';
import { observeAsides, observeStoreAsides } from './asides.js';
import { observeControl } from './control.js';
import { observeEtcd } from './etcd.js';
import { observeHeartbeat } from './heartbeat.js';
import { withoutMisplaced } from './misplaced.js';
import { observeNames } from './names.js';
import { withoutOtherSystems } from './other-system.js';
import { orNone, read, type ObserveOptions, type ObserveTarget, type Pass, type ProxyTarget } from './pass.js';
import type { Ports } from './ports.js';
import { observeStoreData } from './store-data.js';
import { observeSurplus } from './surplus.js';
import {
  CLUSTER_SOURCES,
  ENDPOINT_HOST,
  MEMBER_SOURCES,
  POOLER,
  PROXY,
  type ClusterReadings,
  type ClusterSource,
  type MemberSource,
} from './sources.js';
import { withMembers } from './proxy-members.js';
import { observeWriteAccess } from './write-access.js';

/**
 * Asks all ports at once, row by row of the tables in `sources.ts`, and fills one view. Never throws: every port answers with readings, and
 * what is not configured says so.
 */
export async function observe(ports: Ports, target: ObserveTarget, options: ObserveOptions): Promise<ClusterView> {
  const nowMs = ports.clock.now();
  const beganMs = ports.clock.monotonic();
  const pass: Pass = { ...options, ports, target, nowMs };
  const [answers, { keys, certificates, pemFiles, notifications, ...etcd }, hosts, asked, surplus, asides, poolers] =
    await Promise.all([
      Promise.all(target.members.map((name) => observeMember(pass, name))),
      observeCluster(pass),
      Promise.all(target.dcsNames.map((name) => observeEndpointHost(pass, name))),
      Promise.all(target.proxies.map((proxy) => observeProxy(pass, proxy))),
      observeSurplus(pass),
      observeAsides(pass),
      Promise.all((target.poolers ?? []).map((name) => observePooler(pass, name))),
    ]);
  const dcs: DcsView = {
    keys: notFromThePast(keys, pass),
    endpoints: endpointsOf(pass, etcd.endpoints, hosts),
    membership: etcd.membership,
    alarms: etcd.alarms,
  };
  const names = await observeNames(pass, dcs);
  const knownNames = (names === null ? null : lastValue(names)) ?? {};
  const rows = freshValue(dcs.keys)?.members ?? null;
  const addresses = checkAddresses(target.members, rows, target.addresses ?? {}, knownNames);
  const members = withoutMisplaced(withoutOtherSystems(answers, dcs.keys), addresses);
  const answering = members.find((member) => member.api.kind === 'fresh')?.name ?? null;
  const [config, history, heartbeat, writeAccess, control, storeData, storeAsides] = await Promise.all([
    observeConfig(pass, dcs, answering),
    observeHistory(pass, answering),
    observeHeartbeat(pass, dcs, members),
    observeWriteAccess(pass, members),
    observeControl(pass, members),
    observeStoreData(pass, dcs),
    observeStoreAsides(pass, dcs),
  ]);
  return {
    scope: target.scope,
    tick: options.tick,
    atMs: nowMs,
    members,
    config,
    history,
    dcs,
    proxies: withMembers(asked, {
      target,
      rows,
      names: knownNames,
      checks: addresses,
      leader: settledLeader(pass, dcs.keys, members),
      before: pass.previous?.proxies ?? [],
    }),
    ...(poolers.length === 0 ? {} : { poolers }),
    ...(target.intentions === undefined || Object.keys(target.intentions).length === 0
      ? {}
      : { intentions: target.intentions }),
    ...(target.sites === undefined || Object.keys(target.sites).length === 0 ? {} : { sites: target.sites }),
    ...(target.sharesPower === undefined ? {} : { sharesPower: target.sharesPower }),
    ...(isConfigured(certificates) ? { certificates } : {}),
    ...(isConfigured(pemFiles) ? { pemFiles } : {}),
    ...(isConfigured(notifications) ? { notifications } : {}),
    ...(heartbeat === null ? {} : { heartbeat }),
    ...(surplus === null ? {} : { surplus }),
    ...(asides === null ? {} : { asides }),
    ...(storeAsides === null ? {} : { storeAsides }),
    ...(control === null ? {} : { control }),
    ...(storeData === null ? {} : { storeData }),
    ...(ports.host?.needsTenure === true ? { hostNeedsTenure: true as const } : {}),
    ...(writeAccess === null ? {} : { writeAccess }),
    ...(names === null ? {} : { names }),
    ...(addresses.length === 0 ? {} : { addresses }),
    actuators: actuatorsOf(ports),
    observer: observerOf(pass, beganMs),
  };
}

/** By the key, its own word and nothing against it, in this pass, as in those before. A standby cluster has none. */
function settledLeader(
  { settledLeader: before }: Pass,
  keys: DcsView['keys'],
  members: readonly MemberView[],
): MemberName | null {
  const holder = freshValue(keys)?.leader.holder ?? null;
  if (holder === null || holder !== before) return null;
  const member = members.find(({ name }) => name === holder);
  const api = member === undefined ? null : freshValue(member.api);
  const isPrimary = api?.role === 'primary' && api.state === 'running';
  return isPrimary && freshValue(member?.sql ?? UNASKED)?.inRecovery !== true ? holder : null;
}

const UNASKED = unknown('not-read-yet', 'not asked', 0, '');

const isConfigured = (reading: Reading<unknown>): boolean =>
  reading.kind !== 'unknown' || reading.fault !== 'not-configured';

const actuatorsOf = (ports: Ports): ClusterView['actuators'] => ({
  proxy: Object.values(ports.proxies).some(({ canSend }) => canSend),
  tags: ports.tags !== null,
  sql: ports.postgres !== null,
  host: ports.host !== null,
});

async function observeMember(pass: Pass, name: MemberName): Promise<MemberView> {
  const last = pass.previous?.members.find((member) => member.name === name) ?? null;
  const ask = (field: MemberField, isUnheard = false): Promise<Reading<unknown>> =>
    ofMember(pass, name, MEMBER_SOURCES[field], { field, last: last?.[field] ?? null, isUnheard });
  const api = ask('api');
  const others = MEMBER_FIELDS.filter((field) => field !== 'api' && isThere(pass, field)).map(async (field) => {
    const { afterApi, unless } = MEMBER_SOURCES[field] as MemberSource<unknown>;
    const first = afterApi === true || unless !== undefined ? await api : null;
    if (afterApi === true && first !== null && first.kind !== 'fresh')
      return [field, notAsked(first, pass.nowMs, name)];
    const isSpared =
      first?.kind === 'fresh' &&
      unless?.holds(first.value as PatroniStatus) === true &&
      (unless.inSuspicion !== true || pass.suspect || pass.beforeRequest !== null) &&
      !pass.closely.has(name);
    return [
      field,
      isSpared ? unknown('not-read-yet', unless.why, pass.nowMs, name) : await ask(field, first?.kind === 'unknown'),
    ];
  });
  return { name, api: await api, ...Object.fromEntries(await Promise.all(others)) } as MemberView;
}

type MemberField = keyof typeof MEMBER_SOURCES;
const isThere = ({ ports, settings = [] }: Pass, field: MemberField): boolean =>
  (MEMBER_SOURCES[field] as MemberSource<unknown>).isThere?.(ports, settings) !== false;

const MEMBER_FIELDS = Object.keys(MEMBER_SOURCES) as readonly MemberField[];

const notAsked = (api: Reading<unknown>, nowMs: number, name: MemberName): Unknown =>
  unknown('not-read-yet', `not asked: ${api.kind === 'unknown' ? api.reason : 'no status'}`, nowMs, name);

function ofMember(
  pass: Pass,
  name: MemberName,
  row: MemberSource<unknown>,
  {
    field,
    last,
    isUnheard,
  }: { readonly field: MemberField; readonly last: Reading<unknown> | null; readonly isUnheard: boolean },
): Promise<Reading<unknown>> {
  const { ports, nowMs } = pass;
  if (typeof row.closely === 'string' && !pass.closely.has(name))
    return Promise.resolve(unknown('not-read-yet', row.closely, nowMs, name));
  const ask = () => orNone(row.ask(ports, name, pass.settings ?? []), notConfigured(row.part, nowMs));
  return read(pass, row, { key: `${name} ${field}`, last, member: name, isUnheard, ask });
}

async function observeCluster(pass: Pass): Promise<ClusterReadings> {
  const { ports, previous, nowMs, suspect } = pass;
  const { dcs } = previous ?? { dcs: null };
  const last: { readonly [K in keyof ClusterReadings]: Reading<unknown> | null } = {
    keys: dcs?.keys ?? null,
    membership: dcs?.membership ?? null,
    alarms: dcs?.alarms ?? null,
    endpoints: listOf(dcs),
    certificates: previous?.certificates ?? null,
    pemFiles: previous?.pemFiles ?? null,
    notifications: previous?.notifications ?? null,
  };
  const readOne = (
    field: keyof ClusterReadings,
    row: ClusterSource<unknown>,
    known: Reading<unknown> | null = last[field],
  ): Promise<Reading<unknown>> => {
    const ask = () => orNone(row.ask(ports, { suspect }), notConfigured(row.part, nowMs));
    return read(pass, row, { key: field, last: known, member: null, ask });
  };
  const etcd = observeEtcd(pass, {
    keys: readOne('keys', CLUSTER_SOURCES.keys) as Promise<ClusterReadings['keys']>,
    endpoints: (row, known) => readOne('endpoints', row, known) as Promise<ClusterReadings['endpoints']>,
  });
  const readings = await Promise.all(
    CLUSTER_FIELDS.map(async (field) => {
      if (field === 'keys' || field === 'endpoints') return [field, (await etcd)[field]];
      return [field, await readOne(field, CLUSTER_SOURCES[field])];
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
  return read(pass, ENDPOINT_HOST, { key: `host of ${name}`, last, member: name, ask });
}

async function observeProxy(pass: Pass, { name, pools }: ProxyTarget): Promise<ProxySeen> {
  const last = pass.previous?.proxies.find((row) => row.name === name)?.seen ?? null;
  const ask = () => orNone(PROXY.ask(pass.ports, name), notConfigured(PROXY.part, pass.nowMs));
  const seen = await read(pass, PROXY, { key: `proxy ${name}`, last, member: null, ask });
  return { name, pools, seen, ...(pass.ports.proxies[name]?.canSend === false ? { mute: true } : {}) };
}

async function observePooler(pass: Pass, name: string): Promise<PoolerSeen> {
  const last = pass.previous?.poolers?.find((row) => row.name === name)?.seen ?? null;
  const ask = () => orNone(POOLER.ask(pass.ports, name), notConfigured(POOLER.part, pass.nowMs));
  return { name, seen: await read(pass, POOLER, { key: `pooler ${name}`, last, member: null, ask }) };
}

function observerOf(pass: Pass, beganMs: number): ObserverView {
  const passTookMs = pass.ports.clock.monotonic() - beganMs;
  if (pass.lastPass === null) return { clockJumpMs: 0, sinceLastPassMs: null, passTookMs };
  const sinceLastPassMs = beganMs - pass.lastPass.monotonicMs;
  return { clockJumpMs: pass.nowMs - pass.lastPass.wallMs - sinceLastPassMs, sinceLastPassMs, passTookMs };
}
