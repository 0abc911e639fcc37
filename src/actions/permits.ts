import { sentFor } from '../model/ledger.js';
import type { ActionName } from '../model/plan.js';
import type { Permit } from './action.js';

/** What undoes our own work may begin in a freeze: whoever froze the cluster wants it as it was. */
export const WE_FENCED: Permit = {
  when: 'we fenced the member',
  holds: ({ ledger }, { target }) => ledger.fences.some((fence) => fence.member === target),
};

/** A run that stopped a member starts it again: a freeze that begins in between would leave it down until its end. */
export const RUN_STOPPED: Permit = {
  when: 'the same run of a procedure stopped it',
  holds: ({ ledger }, { target, because }) =>
    sentFor(ledger, because.run).some(({ plan }) => STOPS.includes(plan.action) && plan.target === target),
};

const STOPS: readonly ActionName[] = ['stop-member', 'stop-without-etcd'];

/** A run that has stopped Patroni everywhere brings a leader back: a freeze that begins in between would leave all of it down until its end. */
export const RUN_STOPPED_PATRONI: Permit = {
  when: 'the same run of a procedure has stopped Patroni without etcd',
  holds: ({ ledger }, { because }) =>
    sentFor(ledger, because.run).some(({ plan }) => plan.action === 'stop-without-etcd'),
};

/** Of the start of a member. */
export const WE_STOPPED: Permit = {
  when: `${WE_FENCED.when}, or ${RUN_STOPPED.when}`,
  holds: (...asked) => WE_FENCED.holds(...asked) || RUN_STOPPED.holds(...asked),
};

/** For the gate `observer-health`: a proof that needs no tenure still needs eyes. */
export const whereNothingBlinds = (permit: Permit): Permit => ({
  when: 'the same, and nothing else says that it is we who do not see',
  holds: (input, ...asked) =>
    permit.holds(input, ...asked) && !input.states.problems.some(({ code }) => code === 'observer-impaired'),
});
