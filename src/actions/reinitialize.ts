import { z } from 'zod';
import { copyFaultOf } from '../assess/copy-fault.js';
import { leadershipOf, replicasOf } from '../assess/leader.js';
import { failedCopy } from '../assess/copies.js';
import { copyNeedsText } from '../assess/copy-needs.js';
import { whyNoCopy, whyUnsureOfRoom } from '../assess/copy-proof.js';
import { isStreaming } from '../assess/replica.js';
import { freshValue, isSilent } from '../model/reading.js';
import type { MemberName } from '../model/names.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { action, actionPolicy, bound, violated, type ActionInput, type Sight } from './action.js';
import { mayBePrimary, serves } from './member-actions.js';
import { dcsAnswerMs } from './waits.js';

/** Wipes the copy and makes a new one from the leader. [Runbook: Scenario 1; patroni.md section 4.3] */
export const reinitializeReplica = action({
  name: 'reinitialize-replica',
  params: z.object({}),
  class: 'rebuild',
  runbook: 'Recovery Procedures > Scenario 1: Failed Replica Recovery',
  summary: "destroy a replica's copy and make a new one from the leader",
  inverse: null,
  inverseNote: 'none: the old copy is gone',
  refusals:
    'the target holds the leader key, or is primary by its API or its SQL; there is no proven leader that accepts writes; its Patroni is silent; its copy is being made; it runs and streams; another member is being rebuilt; by itself: no sign that the copy is at fault (lost slot, WAL removed, parted history, checksum failure, or its log: damaged directory, PANIC, failed rewind), or its log names a full disk, a setting, a permission or the machine; a copy could not succeed: its log names the way to the leader, fewer than two WAL senders are free there, its volume is full or too small for the leader and a tenth, the volume of the leader has less than a tenth free, or a copy of this chain failed',
  needs: () => [],
  disruptsTarget: true,
  destroysCopy: true,
  keepsPatroni: true,
  // A person who starts it has looked; a ladder needs a sign that it is the copy that is at fault.
  bind: (input, target, problem) => {
    const member = memberOf(input.view, target);
    if (problem === null || member === null) return bound({});
    const fault = copyFaultOf(input, member);
    return fault.kind === 'sign' ? bound({}) : { kind: 'nothing', stuck: true, why: fault.text };
  },
  doubt: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    return member === null ? null : whyUnsureOfRoom(input, member);
  },
  grounds: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return null;
    return [copyFaultOf(input, member).text, copyNeedsText(input, member)].filter((text) => text !== null).join('; ');
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    return member !== null && freshValue(member.api)?.state === 'creating-replica';
  },
  refuse: (input, plan) => {
    const no = mayBePrimary(input, plan.target);
    if (no !== null) return no;
    const leadership = leadershipOf(input.view);
    if (leadership.kind !== 'proven') return 'there is no proven leader to copy from';
    if (leadership.member.sql.kind !== 'unknown' && freshValue(leadership.member.sql)?.inRecovery !== false)
      return 'the leader is not proven to accept writes';
    const member = memberOf(input.view, plan.target);
    const api = member === null ? null : freshValue(member.api);
    if (api === null) return `Patroni on ${plan.target} does not answer`;
    // A second request starts the base backup from zero. [patroni.md section 1.4]
    if (api.state === 'creating-replica') return `${plan.target} is already creating its copy`;
    if (api.state === 'running' && member !== null && isStreaming(input.view, member) && !isSilent(member.sql))
      return `${plan.target} runs and streams: there is nothing to rebuild`;
    const fault = member === null || plan.because.code === 'operator' ? null : copyFaultOf(input, member);
    if (fault !== null && fault.kind !== 'sign') return fault.text;
    const rebuilding = replicasOf(input.view).find(
      (other) => other.name !== plan.target && freshValue(other.api)?.state === 'creating-replica',
    );
    if (rebuilding !== undefined) return `${rebuilding.name} is being rebuilt: one at a time`;
    return failedBefore(input, plan.target) ?? (member === null ? null : whyNoCopy(input, member));
  },
  steps: ({ policy, waits }, plan) => [
    {
      // Without `force`: that only cancels a task under way, which is the very thing not to do twice.
      step: {
        port: 'patroni',
        member: plan.target,
        method: 'POST',
        path: '/reinitialize',
        body: {},
        timeoutMs: dcsAnswerMs(waits),
      },
      withinMs: actionPolicy(policy, 'reinitialize-replica').timeoutMs,
      expect: ({ view }) => copied(view, plan.target),
    },
  ],
});

/** A copy that failed once is not watched for hours: what it failed of is there, and Patroni tries again without us. */
function copied(view: ClusterView, target: MemberName): Sight {
  const member = memberOf(view, target);
  const failure = member === null ? null : failedCopy(view, member);
  return failure === null ? serves(view, target) : violated(failure, 'copy-failed');
}

/** Never repeated within a chain: a person removes the cause first. Null: none of ours failed so. */
function failedBefore({ ledger, policy, view }: ActionInput, target: string): string | null {
  const failed = ledger.remediations.find(
    (row) =>
      row.plan.action === 'reinitialize-replica' &&
      row.plan.target === target &&
      row.phase === 'ineffective' &&
      row.ending === 'copy-failed' &&
      row.endedAtMs !== null &&
      view.atMs - row.endedAtMs < policy.chainMs,
  );
  return failed === undefined ? null : `${failed.detail}: another copy would fail of the same`;
}
