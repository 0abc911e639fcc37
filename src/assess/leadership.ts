import type { Finding } from '../model/problem.js';
import { says, seen, type Assess, type Assessment } from './finding.js';
import { leaderFlaps } from './flapping.js';
import { leaderUnreachable } from './hung-leader.js';
import { leadershipOf } from './leader.js';
import { notServing } from './serving.js';
import { leaderSilent } from './silent-leader.js';
import { splitBrain } from './split-brain.js';
import { keysMissing, strangers } from './unknown-members.js';
import { leaderless, unprotected } from './succession.js';

/** Leaders that are dead, frozen, doubled or missing. Never from `/cluster`, which cannot show any of them. */
export const assessLeadership: Assess = (input) => [
  ...standbyCluster(input),
  ...leaderSilent(input),
  ...leaderUnreachable(input),
  ...notServing(input),
  ...leaderFlaps(input),
  ...strangers(input),
  ...keysMissing(input),
  ...leaderless(input),
  ...unprotected(input),
  ...splitBrain(input),
  ...flapping(input),
];

/** Named, so that nobody wonders why its leader accepts no writes, and why nothing of its leadership is ever a problem here. */
function standbyCluster({ view }: Assessment): readonly Finding[] {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'standby') return [];
  return [seen('standby-cluster', view.scope, [says('dcs', leadership.why, view.atMs)])];
}

const FLAP_WINDOW_MS = 60 * 60_000;
const FLAP_CHANGES = 3;

function flapping(input: Assessment): readonly Finding[] {
  const recent = input.ledger.leaderChanges.filter(
    (change) => input.view.atMs - change.atMs < FLAP_WINDOW_MS && change.to !== null,
  );
  if (recent.length < FLAP_CHANGES) return [];
  const text = `the leader changed ${recent.length} times within an hour, and no switchover or failover was asked for`;
  return [
    seen('failover-flapping', input.view.scope, [says('dcs', text, input.view.atMs)], { changes: recent.length }),
  ];
}
