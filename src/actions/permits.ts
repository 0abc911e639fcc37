import type { Permit } from './action.js';

/** What undoes our own work may begin in a freeze: whoever froze the cluster wants it as it was. */
export const WE_FENCED: Permit = {
  when: 'we fenced the member',
  holds: ({ ledger }, { target }) => ledger.fences.some((fence) => fence.member === target),
};
