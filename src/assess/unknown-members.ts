import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';
import { strangersIn } from './strangers.js';

/** Members that Patroni has and our configuration lacks. Where one leads we see nothing of the leader. */
export function strangers({ view, memory }: Assessment): readonly Finding[] {
  const names = strangersIn(view);
  if (names === null)
    return (memory.leadership?.strangers ?? []).map((name) =>
      cannotTell('member-not-configured', name, 'etcd does not say which members there are', view.atMs),
    );
  const holder = freshValue(view.dcs.keys)?.leader.holder ?? null;
  return names.map((name) => {
    const leads = name === holder;
    const text = leads
      ? `${name} holds the leader key, and the configuration has no member of that name: we see nothing of the leader`
      : `etcd has a member ${name}, and the configuration has none of that name: we see nothing of it, and Patroni may elect it`;
    return seen('member-not-configured', name, [says('dcs', text, view.atMs)], { leads });
  });
}
