import type { Finding } from '../model/problem.js';
import { assessAllReplicas } from './all-replicas.js';
import { assessCapacity } from './capacity.js';
import { assessAsides } from './asides.js';
import { assessCertificates } from './certificates.js';
import { assessChannels } from './channel-faults.js';
import { assessContradictions } from './contradiction.js';
import { assessCorruption } from './corruption.js';
import { assessDataChecks } from './data-checks.js';
import { assessDcs } from './dcs.js';
import { assessCopies } from './copies.js';
import { assessDisks } from './disks.js';
import { cannotTell, type Assess, type Assessment } from './finding.js';
import { assessHeartbeat } from './heartbeat.js';
import { assessLag } from './lag.js';
import { assessLeaderWrites } from './leader-writes.js';
import { assessLeadership } from './leadership.js';
import { assessLeftovers } from './leftovers.js';
import { assessMembers } from './members.js';
import { assessNotifications } from './notifications.js';
import { assessObserver } from './observer.js';
import { assessFences } from './fences.js';
import { assessPlaces } from './places.js';
import { assessPlatform } from './platform.js';
import { assessPoolers } from './poolers.js';
import { assessProcedure } from './procedure.js';
import { assessNewLeaderInProxy, assessProxy } from './proxy.js';
import { assessRefusals } from './refusals.js';
import { assessReplication } from './replication.js';
import { blindWhileRenewedMs } from './sight.js';
import { assessRewinds } from './rewinding.js';
import { assessStaleSessions } from './stale-sessions.js';
import { assessStanding } from './standing.js';

const ASSESSMENTS: readonly Assess[] = [
  assessObserver,
  assessDcs,
  assessLeadership,
  assessLeaderWrites,
  assessRefusals,
  assessMembers,
  assessReplication,
  assessLag,
  assessNewLeaderInProxy,
  assessFences,
  assessPoolers,
  assessProcedure,
  assessProxy,
  assessStaleSessions,
  assessCapacity,
  assessCorruption,
  assessAsides,
  assessStanding,
  assessPlaces,
  assessLeftovers,
  assessRewinds,
  assessContradictions,
  assessChannels,
  assessDisks,
  assessCopies,
  assessPlatform,
  assessHeartbeat,
  assessCertificates,
  assessNotifications,
  assessDataChecks,
];

/** What these conclude does not rest on whether members answer us. */
const NEEDS_NO_SIGHT: readonly Assess[] = [
  assessObserver,
  assessDcs,
  assessProxy,
  assessNewLeaderInProxy,
  assessPoolers,
  assessProcedure,
  assessCertificates,
  assessNotifications,
  assessDataChecks,
];

/** Of a cluster that we alone do not see nothing is concluded: what was known of it stands, and nothing new is found. */
function withoutSight(findings: readonly Finding[], { view }: Assessment): readonly Finding[] {
  const why = 'no member answers us, although the leader renews its lease';
  return findings.map((finding) =>
    finding.verdict === 'seen' ? cannotTell(finding.code, finding.subject, why, view.atMs) : finding,
  );
}

/** Everything that this pass says of every problem of the catalogue. What no finding names was looked for and is not there. */
export const findingsIn = (input: Assessment): readonly Finding[] => {
  const isBlind = blindWhileRenewedMs(input.view) !== null;
  const findings = ASSESSMENTS.flatMap((assess) => {
    const found = assess(input);
    return isBlind && !NEEDS_NO_SIGHT.includes(assess) ? withoutSight(found, input) : found;
  });
  return [...findings, ...assessAllReplicas(input, findings)];
};
