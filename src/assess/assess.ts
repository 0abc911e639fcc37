import type { Finding } from '../model/problem.js';
import { assessCapacity } from './capacity.js';
import { assessDcs } from './dcs.js';
import type { Assess, Assessment } from './finding.js';
import { assessLag } from './lag.js';
import { assessLeadership } from './leadership.js';
import { assessMembers } from './members.js';
import { assessObserver } from './observer.js';
import { assessFences } from './fences.js';
import { assessNewLeaderInProxy, assessProxy } from './proxy.js';
import { assessReplication } from './replication.js';

const ASSESSMENTS: readonly Assess[] = [
  assessObserver,
  assessDcs,
  assessLeadership,
  assessMembers,
  assessReplication,
  assessLag,
  assessNewLeaderInProxy,
  assessFences,
  assessProxy,
  assessCapacity,
];

/** Everything that this pass says of every problem of the catalogue. What no finding names was looked for and is not there. */
export const findingsIn = (input: Assessment): readonly Finding[] => ASSESSMENTS.flatMap((assess) => assess(input));
