import type { ActionName, Plan } from '../model/plan.js';
import type { Situation } from '../model/situation.js';

/** What lets an action begin in a freeze. */
interface Permit {
  /** In words, for the documentation. */
  readonly when: string;
  readonly holds: (input: Pick<Situation, 'ledger'>, plan: Plan) => boolean;
}

const WE_FENCED: Permit = {
  when: 'we fenced the member',
  holds: ({ ledger }, plan) => ledger.fences.some((fence) => fence.member === plan.target),
};

/**
 * A freeze lets nothing begin but the undoing of our own work: a replica that we drained, a member that we fenced; and a person may take an
 * appointment back. That an action costs little is no reason: whoever froze the cluster wants it as it is. A name without a row does not
 * compile.
 */
export const IN_FREEZE: Readonly<Record<ActionName, Permit | null>> = {
  'drain-replica': null,
  'undrain-replica': {
    when: 'we drained the replica',
    holds: ({ ledger }, plan) => ledger.drains.some((drain) => drain.member === plan.target),
  },
  'cancel-blocking-queries': null,
  'terminate-blocking-queries': null,
  'resume-replay': null,
  'restart-member': null,
  'start-member': WE_FENCED,
  'reinitialize-replica': null,
  // The proxy's own checks say the same within seconds.
  'proxy-nudge': null,
  'open-traffic': WE_FENCED,
  'expedite-failover': null,
  'fence-member': null,
  failover: null,
  switchover: null,
  'cancel-switchover': { when: 'always: it takes an appointment back', holds: () => true },
};

/** May this plan begin although a freeze is in force? */
export const passesFreeze = (input: Pick<Situation, 'ledger'>, plan: Plan): boolean =>
  IN_FREEZE[plan.action]?.holds(input, plan) ?? false;
