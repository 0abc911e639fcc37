import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';
import { hasNoKeys, strangersIn } from './strangers.js';

/** Where etcd has no key at all it is not the members' names that are wrong. */
export function keysMissing({ view }: Assessment): readonly Finding[] {
  if (freshValue(view.dcs.keys) === null)
    return [cannotTell('keys-missing', view.scope, 'etcd gave no linearizable answer', view.atMs)];
  if (!hasNoKeys(view)) return [];
  const text = `etcd answers and has no key of ${view.scope} below the path that the configuration names (dcs.namespace, scope)`;
  const running = view.members.filter((member) => freshValue(member.api)?.state === 'running');
  const names = running.map((member) => member.name).join(', ');
  return [
    seen('keys-missing', view.scope, [
      says('dcs', text, view.atMs),
      says('api', `${names} run in this scope`, view.atMs),
    ]),
  ];
}

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
