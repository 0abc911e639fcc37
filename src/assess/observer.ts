import type { Evidence } from '../model/channel.js';
import { runOf } from '../model/power.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { blindWhileRenewedMs } from './sight.js';
import { says, seen, type Assess } from './finding.js';
import { isRetired } from './intended.js';
import { cutOffSite } from './sites.js';
import { isUnreached, isWayLost, NO_ADDRESS_ANSWERS } from './unreachable.js';

/** A wall clock that moved this far against the monotonic one means that we slept or were set: nothing we remember has its age. */
export const CLOCK_JUMP_MS = 5_000;

/** No grace tells the difference, and every clock is set right by milliseconds all the time. */
const UNNOTICED_MS = 1_000;

/** By how much our wall clock was set since the last pass, or the machine slept, beyond the time that we lived; 0: not worth a word. */
export const clockSetMs = ({ observer: { clockJumpMs } }: ClusterView): number =>
  Math.abs(clockJumpMs) < UNNOTICED_MS ? 0 : Math.round(clockJumpMs);

/** When most looks dead, suspect the observer. [peers.md: Kubernetes node lifecycle] */
export const assessObserver: Assess = ({ view }) => {
  const unreached = isUnreached(view);
  const evidence: Evidence[] = unreached ? [says('self', NO_ADDRESS_ANSWERS, view.atMs)] : [];
  const members = view.members.filter((member) => !isRetired(view, member));
  const answering = members.filter((member) => freshValue(member.api) !== null).length;
  const etcd = freshValue(view.dcs.keys) !== null;
  const hosts = members.filter((member) => freshValue(runOf(member)) !== null);
  const provenStopped = hosts.filter((member) => freshValue(runOf(member))?.state !== 'running').length;
  if (!unreached && answering * 2 <= members.length && !etcd && provenStopped * 2 <= members.length)
    evidence.push(
      says(
        'self',
        `${answering} of ${members.length} members and no etcd answer us: we may be the one that is cut off`,
        view.atMs,
      ),
    );
  const cutOff = cutOffSite(view);
  if (cutOff !== null) evidence.push(says('self', cutOff.text, view.atMs));
  const renewedMs = blindWhileRenewedMs(view);
  if (renewedMs !== null)
    evidence.push(
      says(
        'dcs',
        `no member answers us, and the leader renewed its lease ${Math.round(renewedMs / 1000)} s ago: it is we who do not see`,
        view.atMs,
      ),
    );
  // Nonsense, or a revision lower than one that it had: restored, or another etcd at the same address.
  if (view.dcs.keys.kind === 'unknown' && view.dcs.keys.fault === 'bad-reply')
    evidence.push(says('dcs', view.dcs.keys.reason, view.atMs));
  if (Math.abs(view.observer.clockJumpMs) > CLOCK_JUMP_MS)
    evidence.push(says('self', `our clock jumped by ${Math.round(view.observer.clockJumpMs)} ms`, view.atMs));
  const facts = {
    ...(cutOff === null ? {} : { site: cutOff.site, names: cutOff.names.join(',') }),
    ...(isWayLost(view) ? { unreached } : {}),
  };
  return evidence.length === 0 ? [] : [seen('observer-impaired', view.scope, evidence, facts)];
};
