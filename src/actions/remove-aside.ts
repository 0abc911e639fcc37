import { z } from 'zod';
import { asidesOf } from '../model/aside.js';
import { openRun } from '../model/procedure-run.js';
import { action, actionPolicy, bound, met, pending } from './action.js';
import { serves } from './member-actions.js';

/** Deletes an old data directory. No ladder has it: a person names the directory, and their start is the approval. */
export const removeAside = action({
  name: 'remove-aside',
  params: z.object({ directory: z.string() }),
  class: 'rebuild',
  runbook: 'Emergency Procedures > Data Corruption Recovery',
  summary: 'delete an old data directory of a member that lies aside',
  inverse: null,
  inverseNote: 'what is deleted is gone: copy it elsewhere first if anybody may want to read it',
  refusals:
    'no directory of that name lies aside of the member, or what lies there cannot be listed; the member does not run and stream, so that the old directory may be its last copy; a procedure works on the member',
  needs: () => ['host'],
  disruptsTarget: false,
  destroysCopy: false,
  keepsPatroni: true,
  countsSuccess: false,
  leavesEvidence: true,
  bind: ({ view }, target, _problem, wish) => {
    const directory = wish?.parameters?.['directory'];
    const listed = asidesOf(view, target);
    if (listed === null)
      return { kind: 'nothing', stuck: true, why: `what lies aside of ${target} cannot be listed by its host driver` };
    const names = listed.map(({ name }) => name).join(', ') || 'nothing';
    if (typeof directory !== 'string')
      return { kind: 'nothing', why: `remove-aside needs --set directory=NAME; aside of ${target} lies ${names}` };
    return listed.some(({ name }) => name === directory)
      ? bound({ directory })
      : { kind: 'nothing', why: `${directory} does not lie aside of ${target}; there lies ${names}` };
  },
  alreadyTrue: () => false,
  refuse: ({ view, ledger }, { target }) => {
    const run = openRun(ledger.procedures);
    if (run !== null && run.goal['member'] === target) return `${run.name} (${run.id}) works on ${target}`;
    const sight = serves(view, target);
    return sight.kind === 'met' ? null : `${sight.text}: its old directory may be its last copy`;
  },
  steps: ({ policy }, { target, params: { directory } }) => [
    {
      step: { port: 'aside', call: 'remove', member: target, directory },
      withinMs: actionPolicy(policy, 'remove-aside').timeoutMs,
      expect: ({ view }) => {
        const listed = asidesOf(view, target);
        if (listed === null) return pending(`what lies aside of ${target} was not listed yet`);
        return listed.some(({ name }) => name === directory)
          ? pending(`${directory} is still listed`)
          : met(`${directory} of ${target} is gone`);
      },
    },
  ],
});
