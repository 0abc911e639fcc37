import { refusesWrites } from '../assess/dcs.js';
import { pauseOf } from '../assess/leader.js';
import { membersTouched, type Plan } from '../model/plan.js';
import type { RunbookAction } from '../actions/action.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { permitOf } from '../actions/index.js';
import { isUnderWay } from './candidate.js';
import { no, type Gate, type No } from './gate.js';
import type { Situation } from '../model/situation.js';

/** Are we allowed to act at all? */
const ROWS: readonly Gate[] = [
  {
    name: 'tenure',
    doc: 'One instance acts at a time: it holds tenure, an etcd lease of its own. Dry-run and observe take none.',
    check: ({ tenure, view }) => {
      if (tenure.state === 'held' || tenure.state === 'not-needed') return null;
      if (tenure.state === 'other')
        return no(`${tenure.owner ?? 'another instance'} holds tenure`, 'stop that instance, or let it act');
      const full = refusesWrites(view);
      return full === null
        ? no('etcd does not confirm our tenure', 'bring etcd back: a majority of its members must answer')
        : no(full, 'compact and defragment etcd, then etcdctl alarm disarm');
    },
  },
  {
    name: 'policy',
    doc: 'Policy, ledger and journal must be readable and writable. What we cannot record we do not do.',
    asksPermit: true,
    check: (input, candidate) => {
      const passes = permitOf(candidate.plan, 'policy')?.holds(input, candidate.plan, isUnderWay(candidate)) === true;
      const reasons = passes ? input.impaired.filter((reason) => reason !== input.unshared) : input.impaired;
      const first = reasons[0];
      return first === undefined ? null : no(reasons.join('; '), `repair it: ${first}`);
    },
  },
  {
    name: 'kill-switch',
    doc: 'A person switched us off: globally, for the cluster, for a member or for an action; or took the member out (evacuate-member).',
    check: (input, { plan, action }) => {
      const members = membersTouched(plan).map((name) => `member:${name}`);
      return switchedOff(input, [...members, `action:${plan.action}`]) ?? takenOut(input, action, plan);
    },
  },
  {
    name: 'mode',
    doc: 'The policy must allow the action: mode above observe, the action not off or observe.',
    check: ({ policy }, { plan }) => {
      if (policy.mode === 'observe') return no('the policy says mode: observe', 'set mode: dry-run or enforce');
      const { mode } = policy.actions[plan.action];
      if (mode === 'off' || mode === 'observe')
        return no(`the policy says actions.${plan.action}: ${mode}`, `set actions.${plan.action} to approve or auto`);
      return null;
    },
  },
  {
    name: 'patroni-pause',
    asksPermit: true,
    doc: 'A paused cluster, or one of which etcd does not tell whether it is, belongs to a person; a fence may run there by approval, and what a person began without etcd.',
    check: (input, candidate) => {
      const pause = pauseOf(input.view);
      if (pause.kind === 'not-paused') return null;
      const [because, unblock] =
        pause.kind === 'paused'
          ? ['Patroni is paused', 'un-pause the cluster']
          : [
              `nobody can tell whether Patroni is paused: ${pause.why}`,
              "wait for the leader's next loop, which writes it anew, or PUT /config",
            ];
      // Where a person's approval is the way through, that is said.
      const permit = permitOf(candidate.plan, 'patroni-pause');
      if (permit?.holds(input, candidate.plan, isUnderWay(candidate)) === true) return null;
      return no(because, permit?.byApproval === true ? `ekimi approve, or ${unblock}` : unblock);
    },
  },
  {
    name: 'failsafe',
    doc: 'In failsafe mode the leader lives on the answers of all members: touching any of them may demote it.',
    check: ({ view }) =>
      view.members.some((member) => freshValue(member.api)?.failsafeActive === true)
        ? no('failsafe mode is active: etcd is lost and the leader lives on its members', 'bring etcd back')
        : null,
  },
  {
    name: 'observer-health',
    doc: 'We must see: a linearizable etcd read in this pass, and no sign that it is we who are cut off.',
    check: (input) => {
      const { keys } = input.view.dcs;
      if (keys.kind === 'unknown' && keys.fault === 'bad-reply')
        return no(keys.reason, 'look at etcd; if it was restored from a backup, restart ekimi');
      if (freshValue(keys) === null)
        return no(
          'etcd gave no linearizable answer in this pass',
          'bring etcd back: a majority of its members must answer',
        );
      const impaired = input.states.problems.find((problem) => problem.code === 'observer-impaired');
      return impaired === undefined
        ? null
        : no(impaired.evidence.map((item) => item.text).join('; '), 'wait for clean passes, once that is mended');
    },
  },
  {
    name: 'start-grace',
    doc: 'After a start, a takeover, a clock jump, a pause or blindness: first several clean passes.',
    check: startGrace,
  },
];

export const AUTHORITY_GATES: readonly Gate[] = ROWS.map((gate) => ({ ...gate, isOfAuthority: true }));

/** A switch is taken back in etcd, for all instances: without etcd it cannot be. */
const resumeText = ({ dcs }: ClusterView, subject: string): string => {
  const resume = `ekimi resume --subject ${subject}`;
  return dcs.keys.kind === 'unknown'
    ? `bring etcd back: ekimi run-procedure recover-dcs, or by hand where the switch holds that too; then ${resume}`
    : resume;
};

/** These subjects, or all of us. */
function switchedOff({ ledger, nowMs, view }: Situation, of: readonly string[]): No | null {
  const subjects = ['global', 'cluster', ...of];
  const thrown = ledger.switches.find(
    (row) => subjects.includes(row.subject) && (row.expiresAtMs === null || row.expiresAtMs > nowMs),
  );
  return thrown === undefined
    ? null
    : no(
        `${thrown.owner} switched off ${thrown.subject}: ${thrown.reason}`,
        resumeText(view, thrown.subject),
        thrown.expiresAtMs,
      );
}

/** What holds us whatever would be sent: for what begins by itself and has no plan to put to the gates yet. `of`: subjects of switches. */
export const heldWithoutPlan = (input: Situation, of: readonly string[]): boolean =>
  switchedOff(input, of) !== null || pauseOf(input.view).kind !== 'not-paused' || startGrace(input) !== null;

/**
 * A member that a person took out is theirs until it is given back. A change of leader is held only where it would make it leader: who leads after all
 * and dies, or is a second primary, is answered as anybody else.
 */
function takenOut({ ledger }: Situation, { class: of }: RunbookAction, plan: Plan): No | null {
  const moves = of === 'leadership' || of === 'fencing';
  const { candidate } = plan.params;
  const row = (ledger.evacuations ?? []).find(
    ({ member, run }) => run !== plan.because.run && member === (moves ? candidate : plan.target),
  );
  if (row === undefined) return null;
  return no(
    `${row.by} took ${row.member} out: ${row.reason}`,
    `ekimi run-procedure give-back ${row.member} --reason "..."`,
  );
}

function startGrace(input: Situation): No | null {
  const { cleanPasses, cleanSinceMs, graceReason } = input.states.memory;
  const { passes, forMs } = input.policy.startGrace;
  const readyAtMs = (cleanSinceMs ?? input.nowMs) + forMs;
  if (cleanPasses >= passes && input.nowMs >= readyAtMs) return null;
  const short =
    cleanPasses < passes || cleanSinceMs === null
      ? `${cleanPasses} of ${passes} clean passes`
      : `clean for ${Math.floor((input.nowMs - cleanSinceMs) / 1000)} s of ${forMs / 1000} s`;
  return no(
    `${graceReason}: ${short}`,
    `wait for ${passes} clean passes over ${forMs / 1000} s`,
    cleanSinceMs === null ? null : readyAtMs,
  );
}
