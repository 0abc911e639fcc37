import type { CertificateEnd, PemState } from '../model/certificate.js';
import type { DcsAlarm, DcsEndpoint, DcsKeys, DcsMembership } from '../model/dcs.js';
import { memberHost, storeHost, type HostStatus } from '../model/host.js';
import type { MemberName } from '../model/names.js';
import type { FailingChannel } from '../model/notify-health.js';
import type { DynamicConfig, HistoryRow, PatroniStatus } from '../model/patroni.js';
import type { PoolerReport } from '../model/pooler.js';
import type { ProxyView } from '../model/proxy.js';
import { fresh, type Reading } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { askDamage, askLog, saysAllIsWell } from './member-log.js';
import type { Ports } from './ports.js';

/**
 * One thing that can be asked. `calm` and `suspect`: how often, in milliseconds, in a healthy cluster and while anything is under suspicion
 * or in flight; 0 is every pass. `patienceMs`: how long a pass waits for the answer; null: as long as the call itself does.
 */
export interface SourceRow {
  readonly calm: number;
  readonly suspect: number;
  readonly patienceMs: number | null;
  /**
   * `authorises`: actions depend on it, so an answer that does not come in time is unknown. `explains`: the last one is handed on with its age.
   */
  readonly for: 'authorises' | 'explains';
  /**
   * The look just before a request. `always`: asked anew and waited for; `touched`: so of the members that the plan touches and of the leader,
   * while the others are hardly waited for; `no`: what the pass read is handed on, and so is what only explains if the request ends an outage.
   */
  readonly beforeRequest: 'always' | 'touched' | 'no';
  /** How long it is waited for before a request where it was silent a moment ago and clients wait for the look. Absent: as ever. */
  readonly silentMs?: number;
  /**
   * How long it is waited for while the leader's API, or the member's own, gave no answer: clients may wait for what this look decides, an engine that takes
   * the network of a dead container apart lets nobody look into it meanwhile, and a `df` in another takes a while. Absent: as ever.
   */
  readonly unheardMs?: number;
  /** Proves a death: also read in a look that somebody waits for, of members that may be dead, or that are watched closely. */
  readonly provesDeath?: true;
  /** Asked at once where the API gave no answer, or none that can be read, in the last look: what hangs with its machine needs its whole deadline to say so. */
  readonly ofUnheard?: true;
  /** Read in every look at a member for whose slow facts a remediation waits; a text: of no other, and why. */
  readonly closely?: true | string;
}

/** Asked of a member. `ask` returns null where its port is not configured (`part` of the configuration). */
export interface MemberSource<T> extends SourceRow {
  readonly part: string;
  /** Only of a member whose status was read in this pass, so that a silent API costs one call and not four. */
  readonly afterApi?: true;
  /** Not asked, and why, of a member that says this of itself in this pass; a silent one is asked, and so is one that is watched closely. */
  readonly unless?: {
    readonly holds: (api: PatroniStatus) => boolean;
    readonly why: string;
    /** Only while anything is suspected: in a calm time it is asked of all. */
    readonly inSuspicion?: true;
  };
  /** Not in the view where this does not hold. */
  readonly isThere?: (ports: Ports, wanted: readonly string[]) => boolean;
  /** `wanted`: names of parameters that a procedure under way is about. */
  readonly ask: (ports: Ports, member: MemberName, wanted: readonly string[]) => Promise<Reading<T>> | null;
}

/** Asked once for the cluster. */
export interface ClusterSource<T> extends SourceRow {
  readonly part: string;
  readonly ask: (ports: Ports, at: { readonly suspect: boolean }) => Promise<Reading<T>> | null;
}

/** A document of the DCS that members hand on: asked of one whose own status was read in this pass. */
export interface SharedSource<T> extends SourceRow {
  readonly ask: (ports: Ports, member: MemberName) => Promise<Reading<T>>;
}

/** Asked of one etcd endpoint, or one proxy, by the name that the configuration gives it. */
interface EndpointSource<T> extends SourceRow {
  readonly part: string;
  readonly ask: (ports: Ports, name: string) => Promise<Reading<T>> | null;
}

/** What a look can do without for a moment, but not without an answer: a clear one comes well within this. */
const PROMPT_MS = 700;
/**
 * A member that is cut off from etcd answers some of these after retry_timeout (10 s), and a pass as long as that outlives our tenure and
 * what is left of a frozen leader's lease.
 */
const EXPLAIN_MS = 1_000;
/** What is read of what is stopped: nothing runs there that would have to be watched meanwhile. */
const STOPPED_MS = 4_000;

const every = { calm: 0, suspect: 0, patienceMs: PROMPT_MS, for: 'authorises' } as const;
const slow = { patienceMs: EXPLAIN_MS, for: 'explains', beforeRequest: 'no' } as const;
/** What the host driver reads within a member. */
const within = { ...slow, unheardMs: 50 } as const;

type ValueOf<R> = R extends { readonly kind: 'fresh'; readonly value: infer T } ? T : never;
type MemberReadings = Omit<MemberView, 'name'>;

/** A field of `MemberView` is a row: what has none does not compile. */
export const MEMBER_SOURCES: { readonly [K in keyof MemberReadings]-?: MemberSource<ValueOf<MemberReadings[K]>> } = {
  api: {
    ...every,
    part: 'patroni',
    // What is alive and idle answers in a few milliseconds, and a call that is still open ends what its answer forbids.
    silentMs: 300,
    beforeRequest: 'touched',
    ask: ({ patroni }, name) => patroni.status(name),
  },
  sql: {
    ...every,
    part: 'postgres',
    beforeRequest: 'touched',
    ask: ({ postgres }, name) => postgres?.status(name) ?? null,
  },
  host: {
    ...every,
    calm: 10_000,
    part: 'hosts',
    provesDeath: true,
    ofUnheard: true,
    beforeRequest: 'touched',
    ask: ({ host }, name) => host?.status(memberHost(name)) ?? null,
  },
  // What switches power is slow and easily overrun, so that in trouble it is asked about those alone who do not answer.
  power: {
    ...every,
    calm: 60_000,
    part: 'power',
    provesDeath: true,
    isThere: ({ power }) => power != null,
    unless: { holds: () => true, why: 'the power of a member whose API answers is not asked for', inSuspicion: true },
    beforeRequest: 'touched',
    ask: ({ power }, name) => power?.status(name) ?? null,
  },
  cluster: {
    ...slow,
    calm: 10_000,
    suspect: 1_000,
    part: 'patroni',
    afterApi: true,
    ask: ({ patroni }, name) => patroni.cluster(name),
  },
  metrics: {
    ...slow,
    calm: 60_000,
    suspect: 30_000,
    part: 'patroni',
    afterApi: true,
    ask: ({ patroni }, name) => patroni.metrics(name),
  },
  replicaCheck: {
    ...every,
    part: 'patroni',
    afterApi: true,
    closely: 'GET /replica is asked only while a drain is under way',
    beforeRequest: 'no',
    ask: ({ patroni }, name) => patroni.replicaCheck(name),
  },
  fileTag: {
    ...every,
    calm: 60_000,
    suspect: 30_000,
    part: 'tags',
    closely: true,
    beforeRequest: 'no',
    ask: ({ tags }, name) => tags?.read(name) ?? null,
  },
  log: {
    ...within,
    calm: 10_000,
    suspect: 3_000,
    part: 'hosts.commands.logs',
    // By the host's driver, not by the API: a member that starts in vain answers every few passes, and its log explains why.
    unless: { holds: saysAllIsWell, why: 'the log of a replica that streams is not read' },
    beforeRequest: 'touched',
    ask: askLog,
  },
  // Of all members, also of a replica that streams: a page that cannot be read stops neither. Seldom, since the lines stay for a while.
  damage: {
    ...within,
    calm: 60_000,
    suspect: 60_000,
    part: 'hosts.commands.logs',
    ask: askDamage,
  },
  /** From our own memory. */
  check: {
    ...slow,
    calm: 1_000,
    suspect: 1_000,
    part: 'postgres.check',
    isThere: ({ checks }) => checks != null && Object.keys(checks.checks()).length > 0,
    ask: ({ checks, clock }, name) => {
      const check = checks?.checks()[name];
      return check === undefined ? null : Promise.resolve(fresh(check, clock.now(), `check of ${name}`));
    },
  },
  sizes: {
    ...slow,
    calm: 300_000,
    suspect: 60_000,
    part: 'postgres',
    ask: ({ postgres }, name) => postgres?.sizes?.(name) ?? null,
  },
  settings: {
    ...every,
    part: 'postgres',
    isThere: ({ postgres }, wanted) => postgres?.settings !== undefined && wanted.length > 0,
    beforeRequest: 'touched',
    ask: ({ postgres }, name, wanted) => postgres?.settings?.(name, wanted) ?? null,
  },
  disk: {
    ...within,
    calm: 15_000,
    suspect: 5_000,
    part: 'hosts.commands.disk',
    beforeRequest: 'touched',
    ask: ({ host }, name) => host?.disk?.(memberHost(name)) ?? null,
  },
};

export interface ClusterReadings {
  readonly keys: Reading<DcsKeys>;
  readonly membership: Reading<DcsMembership>;
  readonly alarms: Reading<readonly DcsAlarm[]>;
  readonly endpoints: Reading<readonly { readonly name: string; readonly status: Reading<DcsEndpoint> }[]>;
  readonly certificates: Reading<readonly CertificateEnd[]>;
  readonly pemFiles: Reading<readonly PemState[]>;
  readonly notifications: Reading<readonly FailingChannel[]>;
}

export const CLUSTER_SOURCES: { readonly [K in keyof ClusterReadings]: ClusterSource<ValueOf<ClusterReadings[K]>> } = {
  // Nothing is done without these: there is nothing to go on with earlier. The adapter leaves a hanging endpoint behind.
  keys: {
    ...every,
    patienceMs: null,
    part: 'dcs',
    beforeRequest: 'always',
    ask: ({ dcs }, { suspect }) => dcs.keys(suspect),
  },
  membership: { ...slow, calm: 60_000, suspect: 30_000, part: 'dcs', ask: ({ dcs }) => dcs.membership() },
  alarms: { ...slow, calm: 30_000, suspect: 10_000, part: 'dcs', ask: ({ dcs }) => dcs.alarms() },
  endpoints: {
    ...slow,
    calm: 3_000,
    suspect: 1_000,
    part: 'dcs',
    ask: async ({ dcs, clock }) => fresh(await dcs.endpoints(), clock.now(), 'etcd endpoints'),
  },
  /** Seldom while all is well: they change by the hand of a person. */
  certificates: {
    ...slow,
    calm: 3_600_000,
    suspect: 300_000,
    part: 'tls',
    ask: ({ certificates }) => certificates?.ends() ?? null,
  },
  /** Our own: a renewed one is in use from then on. Some small files of this host. */
  pemFiles: {
    ...slow,
    calm: 30_000,
    suspect: 30_000,
    part: 'tls',
    ask: ({ certificates }) => certificates?.reread?.() ?? null,
  },
  /** From our own memory. */
  notifications: {
    ...slow,
    calm: 5_000,
    suspect: 5_000,
    part: 'notifications',
    ask: ({ notifications, clock }) =>
      notifications === undefined
        ? null
        : Promise.resolve(fresh(notifications.failing(), clock.now(), 'our channels to persons')),
  },
};

/** Each proxy by itself, so that one that hangs keeps nobody waiting for another. */
export const PROXY: EndpointSource<ProxyView> = {
  ...every,
  part: 'proxies',
  beforeRequest: 'always',
  ask: ({ proxies }, name) => proxies[name]?.view() ?? null,
};

/** Each pooler by itself: some short commands at a console that stays open. */
export const POOLER: EndpointSource<PoolerReport> = {
  ...every,
  part: 'poolers',
  beforeRequest: 'always',
  ask: ({ poolers }, name) => poolers?.[name]?.status() ?? null,
};

interface SharedReadings {
  readonly config: Reading<DynamicConfig>;
  readonly history: Reading<readonly HistoryRow[]>;
}

export const SHARED_SOURCES: { readonly [K in keyof SharedReadings]: SharedSource<ValueOf<SharedReadings[K]>> } = {
  /** Only where etcd does not tell it. */
  config: { ...slow, calm: 15_000, suspect: 5_000, ask: ({ patroni }, name) => patroni.config(name) },
  history: { ...slow, calm: 30_000, suspect: 2_000, ask: ({ patroni }, name) => patroni.history(name) },
};

export const ENDPOINT_HOST: EndpointSource<HostStatus> = {
  ...slow,
  calm: 10_000,
  suspect: 1_000,
  closely: true,
  beforeRequest: 'touched',
  part: 'hosts',
  ask: ({ host }, name) => host?.status(storeHost(name)) ?? null,
};

/** What the names of addresses resolve to: asked once etcd has told its own, and never in the look before a request. */
export const NAMES: SourceRow = { ...slow, calm: 60_000, suspect: 30_000, patienceMs: 300 };

/**
 * Whether Patroni takes our password, by a request that is refused for want of a body whatever the password is: one member at a time, and
 * seldom, since somebody may read its log.
 */
export const WRITE_ACCESS: SourceRow & { readonly part: string } = {
  ...slow,
  calm: 600_000,
  suspect: 60_000,
  patienceMs: 300,
  part: 'patroni.auth',
};

/**
 * The one source that writes. Asked only by who may, of a leader that is proven in this very look, and never in the look before a request. Its
 * patience is short, since the pass waits for it alone; what comes late is the next pass's.
 */
export const HEARTBEAT: SourceRow & { readonly part: string } = {
  ...slow,
  calm: 1_000,
  suspect: 1_000,
  patienceMs: 300,
  part: 'postgres.heartbeat',
};

/**
 * pg_waldump on a former leader, which reads its WAL from disk: seldom, and anew before a request that would destroy it. What does not come in
 * time proves nothing.
 */
export const SURPLUS: SourceRow & { readonly part: string } = {
  calm: 30_000,
  suspect: 30_000,
  patienceMs: EXPLAIN_MS,
  for: 'authorises',
  beforeRequest: 'touched',
  part: 'hosts.commands.waldump',
};

/**
 * What lies aside of a data directory: a second container where the member's own is stopped, and a count of files. Seldom, since it changes by our
 * own hand alone.
 */
export const ASIDES: SourceRow & { readonly part: string } = {
  ...slow,
  calm: 3_600_000,
  suspect: 3_600_000,
  part: 'hosts',
};

/** The same while a request of ours moves or removes one. */
export const ASIDES_AWAITED: SourceRow = { ...ASIDES, calm: 1_000, suspect: 1_000 };

/**
 * Control files: while nothing of the cluster runs, and anew before a request. All have to be read in one look, and an engine at work takes more than
 * a second for one: where a look went on without it each was late in turn, and nobody was ever started.
 */
export const CONTROL: SourceRow & { readonly part: string } = {
  calm: 0,
  suspect: 0,
  patienceMs: STOPPED_MS,
  for: 'authorises',
  beforeRequest: 'always',
  part: 'hosts.commands.controldata',
};

/** Data directories of etcd: while most of its members are stopped, and anew before a request. */
export const STORE_DATA: SourceRow & { readonly part: string } = { ...CONTROL, part: 'hosts.dcsData' };

/** An unknown reading is asked for again so soon: a source that is not there must not cost its patience in every pass of a fast period, nor be forgotten. */
const AGAIN_MS = 1_000;
/** One that only explains, while all is well: an engine that shows no disks and no logs would be asked for them in every pass. */
const AGAIN_CALM_MS = 5_000;

/** Is it time to ask again? */
export function isDue(
  reading: Reading<unknown> | null,
  row: SourceRow,
  { suspect, nowMs }: { readonly suspect: boolean; readonly nowMs: number },
): boolean {
  if (reading === null) return true;
  const everyMs = suspect ? row.suspect : row.calm;
  if (everyMs === 0) return true;
  const ageMs = nowMs - reading.atMs;
  // Our clock went back: nobody knows how old it is.
  if (ageMs < 0) return true;
  const againMs = row.for === 'explains' && !suspect ? AGAIN_CALM_MS : AGAIN_MS;
  return ageMs >= (reading.kind === 'unknown' ? Math.min(everyMs, againMs) : everyMs);
}
