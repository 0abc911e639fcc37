import { aged, lastValue, type Reading, type Unknown } from '../model/reading.js';
import type { MemberName } from '../model/names.js';
import type { ProxyPools } from '../model/proxy.js';
import type { WalSpan } from '../model/surplus.js';
import type { ClusterView } from '../model/view.js';
import type { Addresses } from './addresses.js';
import type { Asker } from './patience.js';
import type { Ports } from './ports.js';
import { isDue, type SourceRow } from './sources.js';

/** How a proxy's pools are called, and which server is which member where the operator says it. */
export interface ProxyTarget {
  readonly name: string;
  readonly pools: ProxyPools;
  /** It stands where we stand, so that its loopback is ours. Absent: it does not. */
  readonly isHere?: boolean;
  /** Absent: by name, and by address. */
  readonly servers?: Readonly<Record<string, MemberName | null>>;
}

/** What must be known of the cluster to observe it: our own inventory and how the proxies' pools are called. */
export interface ObserveTarget {
  readonly scope: string;
  readonly members: readonly MemberName[];
  readonly dcsNames: readonly string[];
  /** In the order of the configuration. */
  readonly proxies: readonly ProxyTarget[];
  /** Poolers by name, in the order of the configuration. Absent: none is configured. */
  readonly poolers?: readonly string[];
  /** What the operator declares of members. */
  readonly intentions?: ClusterView['intentions'];
  /** Where we ask each member. Absent: not known, and not held against what etcd says. */
  readonly addresses?: Addresses;
  readonly sites?: ClusterView['sites'];
  readonly sharesPower?: ClusterView['sharesPower'];
  /** A password for Patroni is configured, and whether members take it is asked now and then. */
  readonly hasLogin?: boolean;
}

export interface ObserveOptions {
  readonly previous: ClusterView | null;
  readonly tick: number;
  /** Something is suspected or in flight: ask everything that may matter now. */
  readonly suspect: boolean;
  /** Somebody waits for what this look sees: of what is not read in every calm pass the last reading is handed on with its age. Absent: no. */
  readonly hurried?: boolean;
  /** In a look that somebody waits for: members of whom it is still read whether they run. Absent: none. */
  readonly mayBeDead?: ReadonlySet<string>;
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
  /** Whether members may be asked if they take our password. Absent: they are not. */
  readonly triesLogin?: boolean;
  /** Parameters of PostgreSQL that a procedure under way is about. Absent: none. */
  readonly settings?: readonly string[];
  /** Former leaders whose WAL is in question, and from where on. Absent: none. */
  readonly spans?: Readonly<Record<string, WalSpan>>;
  /** Members of which a list of what lies aside is awaited. Absent: none. */
  readonly asidesOf?: ReadonlySet<string>;
  /** etcd members beside whose data older data may lie. Absent: none. */
  readonly storeAsidesOf?: ReadonlySet<string>;
  /** A procedure is open that may be at that very data: the last lists are handed on. Absent: none is. */
  readonly storesAtWork?: boolean;
  /** When the last one ended that moved such data: lists from before are made anew. Absent: none did. */
  readonly storesMovedAtMs?: number;
  /** It is the look before a request that ends an outage: what only explains is handed on. Absent: it is not. */
  readonly endsOutage?: true;
  /** Who led in the last pass, and for so long that every proxy has found it. Absent: nobody. */
  readonly settledLeader?: string | null;
  /** Monotonic and wall clock when the previous pass began. */
  readonly lastPass: { readonly monotonicMs: number; readonly wallMs: number } | null;
}

export interface Pass extends ObserveOptions {
  readonly ports: Ports;
  readonly target: ObserveTarget;
  readonly nowMs: number;
}

/** In the look before a request, whoever it does not touch is not waited for longer than this, unless it is known to be slow. */
const BYSTANDER_PATIENCE_MS = 300;

interface Asking<T> {
  readonly key: string;
  readonly last: Reading<T> | null;
  /** The member that is asked; null: it is about the cluster. */
  readonly member: string | null;
  /** Its API gave no answer in this look. Absent: it did, or nobody waited for it. */
  readonly isUnheard?: boolean;
  readonly ask: () => Promise<Reading<T>>;
}

/** Asks a source if its row says that it is time, for as long as its row says; else hands on its last reading with its age. */
export function read<T>(pass: Pass, row: SourceRow, asking: Asking<T>): Promise<Reading<T>> {
  const { key, last, member, ask } = asking;
  const isOneOf = (names?: ReadonlySet<string>): boolean => member !== null && names?.has(member) === true;
  const isWatched = isOneOf(pass.closely);
  const mayBeDead = row.provesDeath === true && (isWatched || isOneOf(pass.mayBeDead));
  const isBeside = pass.endsOutage === true && row.for === 'explains';
  const isSpared = isBeside || (pass.hurried === true && row.calm > 0 && !mayBeDead);
  const isClose = !isSpared && isWatched && row.closely !== undefined;
  const isNeeded = !isSpared && isNeededBeforeRequest(pass, row, member);
  // What only explains, of whom the request does not touch, is read again when it is due: an old answer does for it.
  const isForRequest = row.beforeRequest !== 'no' && (isNeeded || row.for === 'authorises' || isDue(last, row, pass));
  const isTime = isDue(last, row, pass) || (row.ofUnheard === true && wasUnheard(pass, member));
  const isAsked = !isSpared && (pass.beforeRequest === null ? isTime : isForRequest);
  if (last !== null && !isAsked && !isClose) return Promise.resolve(aged(last, pass.nowMs));
  const allMs = patienceOf(pass, row, isNeeded || isClose);
  const isShort =
    row.unheardMs !== undefined &&
    !isNeeded &&
    !isClose &&
    (asking.isUnheard === true || wasUnheard(pass, member) || wasLeaderUnheard(pass));
  const patienceMs = isShort ? Math.min(allMs, row.unheardMs) : allMs;
  return pass.asker({
    key,
    last,
    nowMs: pass.nowMs,
    patienceMs,
    explains: row.for === 'explains',
    anew: isNeeded,
    ...(pass.hurried === true && row.silentMs !== undefined ? { silentMs: row.silentMs } : {}),
    ask,
  });
}

const wasUnheard = ({ previous }: Pass, member: string | null): boolean =>
  previous?.members.some(({ name, api }) => name === member && api.kind === 'unknown') === true;

const wasLeaderUnheard = (pass: Pass): boolean =>
  pass.previous !== null && wasUnheard(pass, lastValue(pass.previous.dcs.keys)?.leader.holder ?? null);

const isNeededBeforeRequest = ({ beforeRequest: touched }: Pass, row: SourceRow, member: string | null): boolean =>
  touched !== null &&
  (row.beforeRequest === 'always' || (row.beforeRequest === 'touched' && member !== null && touched.has(member)));

/** A first look has nothing to fall back on, and may be the only one: what authorises has until the call itself gives up. */
function patienceOf(pass: Pass, row: SourceRow, isNeeded: boolean): number {
  if (row.patienceMs === null || (pass.previous === null && row.for === 'authorises')) return Infinity;
  return pass.beforeRequest === null || isNeeded ? row.patienceMs : Math.min(row.patienceMs, BYSTANDER_PATIENCE_MS);
}

/** `none`: why there is no answer where nobody can be asked. */
export const orNone = <T>(call: Promise<Reading<T>> | null, none: Unknown): Promise<Reading<T>> =>
  call ?? Promise.resolve(none);
