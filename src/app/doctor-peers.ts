import { ACTIONS } from '../actions/index.js';
import { ACTION_NAMES } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import type { ClusterConfig } from '../model/config.js';
import type { HostTarget, PeerSeen, PeerTold } from '../model/host.js';
import { freshValue } from '../model/reading.js';
import { closePorts, type Ports } from '../observe/ports.js';
import type { LoadedFiles } from './files.js';
import { REMEDY, remedyFor } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';
import { portsOf } from './wiring.js';

/** From here on a peer refuses what we ask it to do: it is the limit of the listener, and a second less is worth a word. */
const CLOCKS_APART_MS = 5_000;
const CLOCKS_WARN_MS = 1_000;
const CERTIFICATE_WARN_MS = 21 * 86_400_000;

/** Asks each instance that lends us its host driver who it is. Changes nothing; none where no other instance is configured. */
export async function askPeers(
  files: Extract<LoadedFiles, { ok: true }>,
  open: (cluster: ClusterConfig) => Ports = portsOf,
): Promise<readonly (readonly PeerSeen[])[]> {
  return Promise.all(
    files.config.clusters.map(async (cluster) => {
      if (cluster.hosts?.driver !== 'peers') return [];
      const ports = open(cluster);
      try {
        return (await ports.host?.peers?.()) ?? [];
      } finally {
        await closePorts(ports);
      }
    }),
  );
}

/** What is wrong with a peer, and what to do about it. */
interface Wrong {
  readonly detail: string;
  readonly remedy: string;
}

/** A row a peer: does it answer as who it should be, and what is lost where it does not. */
export const peerRows = (peers: readonly PeerSeen[], policy: Policy, nowMs: number): readonly DoctorFinding[] =>
  peers.map((peer) => {
    const { url, targets, told } = peer;
    const check = `peer ${url}`;
    const disables = targets.flatMap((target) => lostOf(target, policy));
    if (told.kind === 'unknown')
      return { check, verdict: 'fail', detail: told.reason, disables, remedy: remedyFor('peer', told.fault) };
    const wrong = othersIn(peer, peers) ?? faultOf(told.value, targets);
    if (wrong !== null) return { check, verdict: 'fail', disables, ...wrong };
    const words = concernsOf(told.value, nowMs);
    const detail = [aboutOf(told.value), ...words.map((one) => one.detail)].join('; ');
    const [remedy] = words.map((one) => one.remedy);
    if (remedy === undefined) return { check, verdict: 'ok', detail, disables: [] };
    return { check, verdict: 'warn', detail, disables: [], remedy };
  });

/** Nothing proves that a member is stopped, and nobody starts or stops it, but what stands beside it. */
function lostOf({ kind, name }: HostTarget, policy: Policy): readonly string[] {
  if (kind === 'proxy') return [];
  return ACTION_NAMES.filter((action) => {
    const record = ACTIONS[action];
    return record.needs(policy).includes('host') && (record.class === 'store') === (kind === 'store');
  }).map((action) => `${action} on ${name}`);
}

const sameAs =
  (one: HostTarget) =>
  (other: HostTarget): boolean =>
    one.kind === other.kind && one.name === other.name;

/** What it would stop in place of another: the same instance at another address is none. */
function othersIn({ url, told }: PeerSeen, peers: readonly PeerSeen[]): Wrong | null {
  const here = freshValue(told);
  const others = peers.filter((other) => other.url !== url && freshValue(other.told)?.instance !== here?.instance);
  for (const target of here?.lends ?? []) {
    const other = others.find(({ targets }) => targets.some(sameAs(target)));
    if (other !== undefined)
      return {
        detail: `it lends ${target.name}, which by hosts.peers ${other.url} lends`,
        remedy: REMEDY['lends-ours'],
      };
  }
  return null;
}

function faultOf({ lends, blind, clockAheadMs }: PeerTold, targets: readonly HostTarget[]): Wrong | null {
  const missing = targets.filter((target) => !lends.some(sameAs(target))).map(({ name }) => name);
  if (missing.length > 0)
    return { detail: `it lends no driver for ${missing.join(', ')}`, remedy: REMEDY['lends-nothing'] };
  if (blind !== null)
    return {
      detail: `it cannot read in etcd who holds tenure, and so does nothing for anybody: ${blind}`,
      remedy: REMEDY.blind,
    };
  if (Math.abs(clockAheadMs) > CLOCKS_APART_MS)
    return { detail: `${clockText(clockAheadMs)}: beyond 5 s it refuses every request`, remedy: REMEDY.clock };
  return null;
}

const clockText = (aheadMs: number): string =>
  `its clock is ${Math.abs(aheadMs)} ms ${aheadMs < 0 ? 'behind' : 'ahead of'} ours`;

const aboutOf = ({ instance, driver, lends, clockAheadMs }: PeerTold): string =>
  `${instance} lends ${driver} for ${lends.map(({ name }) => name).join(', ')}; ${clockText(clockAheadMs)}`;

function concernsOf({ clockAheadMs, certificateEndsAtMs: endsAtMs }: PeerTold, nowMs: number): readonly Wrong[] {
  return [
    ...(Math.abs(clockAheadMs) > CLOCKS_WARN_MS
      ? [{ detail: 'beyond 5 s it refuses every request', remedy: REMEDY.clock }]
      : []),
    ...(endsAtMs === null || endsAtMs - nowMs > CERTIFICATE_WARN_MS
      ? []
      : [{ detail: `its certificate ends at ${new Date(endsAtMs).toISOString()}`, remedy: REMEDY.certificate }]),
  ];
}
