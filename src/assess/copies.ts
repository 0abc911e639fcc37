import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { signsOf } from './copy-fault.js';
import { cannotTell, says, seen, type Assess } from './finding.js';
import { replicasOf } from './leader.js';

/** A copy that failed at least once; Patroni begins it anew for ever. [patroni.md section 4.3: failure loop] */
export const assessCopies: Assess = ({ view }) =>
  replicasOf(view).flatMap((member): readonly Finding[] => {
    const failure = failedCopy(view, member);
    if (failure !== null) return [seen('copy-fails', member.name, [says('host', failure, view.atMs)])];
    const isCopying = freshValue(member.api)?.state === 'creating-replica';
    return isCopying && signsOf(view, member) === null
      ? [cannotTell('copy-fails', member.name, `the log of ${member.name} cannot be read`, view.atMs)]
      : [];
  });

/** What its log says of the copy that is being made, or was to be made, for it; null: it runs, or the log says nothing of a failure. */
export function failedCopy(view: ClusterView, member: MemberView): string | null {
  const api = freshValue(member.api);
  if (api === null || api.state === 'running' || api.state === 'starting') return null;
  const signs = signsOf(view, member) ?? [];
  const failed = signs.find((row) => row.sign === 'copy-failed');
  if (failed === undefined) return null;
  const cause = signs.find((row) => row.text.includes('pg_basebackup') && row !== failed) ?? failed;
  return `the copy of ${member.name} failed: ${cause.text}`;
}
