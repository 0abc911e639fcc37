import { sentFor } from '../model/ledger.js';
import { EKIMI } from '../model/names.js';
import { fingerprint, type Plan } from '../model/plan.js';
import { VETO_DEFAULTS } from '../model/policy.js';
import type { Situation } from '../model/situation.js';
import { preempts, type Candidate } from './candidate.js';
import { no, type Gate, type No } from './gate.js';

/** Does a program of the operator say no? */
export const VETO_GATES: readonly Gate[] = [
  {
    name: 'veto',
    asksLast: true,
    doc: 'A veto hook (`notifications.veto`) is asked before what answers a problem begins, once no other gate holds it: its no holds it, and so does its silence, unless the policy says veto.onSilence: go. What ends an outage does not wait for it, unless veto.emergencies says so. Of a procedure that the policy began it is asked once, before its first request. Not asked: about what a person started, and in dry-run.',
    check: vetoed,
  },
];

/**
 * An outage lasts while it waits: a dead, hung or second leader, nobody who leads, an etcd without a majority, and what is left to do after we changed who
 * leads, or closed whoever led. In all of these a hook that is silent would leave things worse than Patroni alone.
 */
const isEmergency = (input: Situation, candidate: Candidate): boolean => {
  const { action, plan } = candidate;
  return (
    preempts(candidate) ||
    plan.because.code === 'leaderless' ||
    action.settlesLeadership?.(plan) === true ||
    action.permits?.tenure !== undefined ||
    action.permits?.window?.holds(input, plan, false) === true
  );
};

/**
 * A person's word is theirs to give. A run that the policy began is asked about once, before its first request: the run is the thing, and half of one is
 * worse than none. Whoever continues it gives their word.
 */
function isPersons({ ledger }: Situation, { because: { code, run: id } }: Plan): boolean {
  if (code !== 'operator') return false;
  const run = ledger.procedures?.find((row) => row.id === id);
  return run?.by !== EKIMI || run.continuedAtMs > run.startedAtMs || sentFor(ledger, id).length > 0;
}

function vetoed(input: Situation, candidate: Candidate): No | null {
  const { veto, policy, nowMs } = input;
  const { plan } = candidate;
  if (veto === undefined || policy.mode !== 'enforce' || isPersons(input, plan)) return null;
  // It gives back what we ourselves hold (clients of a pooler), and is tried until it is: nothing may leave that standing.
  if (candidate.action.isTriedUntilDone === true) return null;
  const { onSilence, emergencies } = policy.veto ?? VETO_DEFAULTS;
  if (!emergencies && isEmergency(input, candidate)) return null;
  const wanted = fingerprint(plan);
  const row = veto.rows.findLast((one) => one.fingerprint === wanted);
  const asking = no('the veto hook is asked', 'wait for its answer');
  if (row === undefined) return asking;
  const isLate = row.untilMs <= nowMs;
  // A question whose deadline is over counts as silence, whatever became of whoever was to note that.
  const answer = row.answer === 'asked' && isLate ? 'silent' : row.answer;
  switch (answer) {
    case 'asked':
      return no('the veto hook is asked', 'wait for its answer', row.untilMs);
    case 'go':
      return isLate ? asking : null;
    case 'veto':
      return isLate ? asking : no(`the veto hook says no: ${row.because}`, 'let the hook say go', row.untilMs);
    case 'silent':
      // One silence is no go for ever: the hook may have a word about the next time.
      if (onSilence === 'go') return row.answer === 'silent' && isLate ? asking : null;
      return no(
        `the veto hook gave no answer: ${row.because}`,
        'repair the hook, or set veto.onSilence to go',
        row.answer === 'asked' || isLate ? null : row.untilMs,
      );
    default:
      return answer satisfies never;
  }
}
