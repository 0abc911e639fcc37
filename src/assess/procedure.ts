import { openRun } from '../model/procedure-run.js';
import { says, seen, type Assess } from './finding.js';

/** What was begun and waits for a person is told to one: nobody looks at a command that has ended. */
export const assessProcedure: Assess = ({ view, ledger }) => {
  const run = openRun(ledger.procedures);
  return run?.phase === 'held'
    ? [
        seen('procedure-held', view.scope, [
          says('self', `${run.name} (${run.id}) of ${run.by}: ${run.detail}`, view.atMs),
        ]),
      ]
    : [];
};
