import { z } from 'zod';
import { action, bound } from '../../../src/actions/action.js';
import { usualPlaces } from '../../../src/actions/proxy-places.js';
import { proxySteps } from '../../../src/actions/rotation-steps.js';
import { ADDED } from './row.js';

/** All that an added action is: its record, in a file of its own. It takes a replica out of the read pool, in its own words. */
export const restReplica = action({
  name: ADDED,
  params: z.object({ why: z.literal('rest') }),
  class: 'traffic',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'let a replica rest from readers',
  inverse: 'undrain-replica',
  inverseNote: 'put back when it has caught up',
  refusals: 'the replica is called patroni2',
  needs: () => ['proxy'],
  disruptsTarget: false,
  destroysCopy: false,
  takesReader: true,
  countsSuccess: false,
  bind: () => bound({ why: 'rest' }),
  claims: (_input, { id, plan, createdAtMs, shadow }) => ({
    drain: { member: plan.target, actuators: ['proxy'], sinceMs: createdAtMs, remediationId: id, shadow },
  }),
  alreadyTrue: ({ ledger }, target) => ledger.drains.some((row) => row.member === target),
  refuse: (_input, { target }) => (target === 'patroni2' ? 'patroni2 never rests' : null),
  steps: ({ routing }, { target }) =>
    proxySteps(routing, usualPlaces(routing, 'reads', target), {
      member: target,
      drain: true,
      closeSessions: false,
      left: [],
    }),
});
