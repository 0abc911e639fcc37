import { dayText } from './moments.js';
import type { CaseEvidence, MemberTrace } from '../model/evidence.js';

/** What was known around a fence or of a dead leader, in one sentence; `ekimi journal show` has the log whole. */
export function evidenceText(evidence: CaseEvidence): string {
  const { plan, moment, members, log } = evidence;
  const traces = [...members].sort((a, b) => Number(b.member === plan.target) - Number(a.member === plan.target));
  const parts = [keyText(evidence), ...traces.map(traceText), logText(plan.target, log)];
  return `evidence ${moment} ${plan.action} ${plan.target}: ${parts.join('; ')}`;
}

function keyText({ leaderKey }: CaseEvidence): string {
  if (leaderKey === null) return 'the leader key could not be read';
  const { holder, leaseTtlMs, modRevision } = leaderKey;
  if (holder === null) return 'nobody holds the leader key';
  const left = leaseTtlMs === null ? '' : `, ${Math.round(leaseTtlMs / 1000)} s of its lease left`;
  return `${holder} holds the leader key at revision ${modRevision ?? 'unknown'}${left}`;
}

function traceText({ member, role, position, host }: MemberTrace): string {
  const where = position === null ? 'position unknown' : `at ${position.lsn} on timeline ${position.timeline}`;
  return `${member} ${role ?? 'silent'} ${where}, ${hostText(host)}`;
}

function hostText(host: MemberTrace['host']): string {
  if (host.kind === 'unknown') return host.fault === 'not-configured' ? 'no host driver' : 'its host does not say';
  const { state, exitCode, oomKilled, finishedAtMs } = host.value;
  if (state !== 'stopped') return state;
  const code = exitCode === null ? '' : ` with exit code ${exitCode}`;
  const since = finishedAtMs === null ? '' : ` since ${dayText(finishedAtMs)}`;
  return `stopped${code}${oomKilled ? ' (out of memory)' : ''}${since}`;
}

function logText(target: string, log: CaseEvidence['log']): string {
  if (log.kind === 'unknown') return log.reason;
  const last = log.value.findLast((line) => line.trim() !== '');
  return `log of ${target}: ${last === undefined ? 'empty' : `${log.value.length} lines, the last: ${last}`}`;
}
