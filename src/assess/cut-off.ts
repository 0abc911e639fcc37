import type { Evidence } from '../model/channel.js';
import { matterOf, type LogSignName } from '../model/log-sign.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { signsOf } from './copy-fault.js';
import { says } from './finding.js';

const WORDS: Readonly<Partial<Record<LogSignName, string>>> = {
  'no-connection': 'it cannot connect',
  'not-let-in': 'it is not let in (pg_hba.conf, password, certificate)',
  'no-sender': 'no WAL sender is free (max_wal_senders)',
};

/**
 * Why a replica that runs does not get to the leader, by the last word of its own log; empty: nothing is known. A copy that the log found
 * wanting since is another matter.
 */
export function cutOffBy(view: ClusterView, member: MemberView): readonly Evidence[] {
  const last = signsOf(view, member)?.find((row) => ['copy', 'link'].includes(matterOf(row)));
  const words = last === undefined ? undefined : WORDS[last.sign];
  return last === undefined || words === undefined
    ? []
    : [says('host', `${member.name} does not get to the leader, ${words}: ${last.text}`, view.atMs)];
}
