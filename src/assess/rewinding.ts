import { spanText } from '../words/amounts.js';
import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';
import { followedIn, primaryChannels } from './leader.js';
import { isStreaming } from './replica.js';

type At = { readonly view: ClusterView; readonly memory: Memory };

/**
 * Being rewound from the leader now: the leader has a session that reads files as pg_rewind does, and this is the one member that can be the
 * reader: it led before and does not run as a replica, else it says that PostgreSQL does not run there (a replica that was ahead of the one that
 * leads now). Patroni says `stopped` or `start failed` all the while, and nothing may be sent over it.
 */
export function isBeingRewound({ view, memory }: At, member: MemberView): boolean {
  const leader = followedIn(view);
  const sessions = leader === null ? [] : (freshValue(leader.sql)?.rewinds ?? []);
  if (sessions.length === 0) return false;
  const waiting = view.members.filter((other) => mayBeRewound({ view, memory }, other));
  const led = waiting.filter(({ name }) => memory.lastPrimary?.[name] !== undefined || wasRewound(memory, name));
  const readers = led.length > 0 ? led : waiting.filter(saysStopped);
  return readers.length === 1 && readers[0] === member;
}

const wasRewound = ({ rewindingSinceMs }: Memory, name: string): boolean => rewindingSinceMs?.[name] !== undefined;

/** Patroni runs pg_rewind: of a member that was silent before anybody saw it rewind, and of a stopped host, the session is another's. */
function mayBeRewound({ view, memory }: At, member: MemberView): boolean {
  if (member === followedIn(view) || primaryChannels(member).length > 0 || isStreaming(view, member)) return false;
  if (freshValue(member.host)?.state === 'stopped') return false;
  return freshValue(member.api) !== null || wasRewound(memory, member.name);
}

const saysStopped = ({ api }: MemberView): boolean => {
  const state = freshValue(api)?.state;
  return state === 'stopped' || state === 'start-failed';
};

/**
 * Stopped in the middle of a rewind: it was seen being rewound, the session is gone, and it has not streamed since. PostgreSQL says of such a
 * directory that it is likely beyond recovery. [PostgreSQL: pg_rewind, Warning]
 */
export function isRewindInterrupted({ view, memory }: At, member: MemberView): boolean {
  if (!wasRewound(memory, member.name) || isBeingRewound({ view, memory }, member)) return false;
  const host = freshValue(member.host);
  return host !== null && host.state !== 'running' && freshValue(member.api) === null;
}

export const assessRewinds: Assess = ({ view, memory }) =>
  view.members.flatMap((member): readonly Finding[] => {
    const sinceMs = memory.rewindingSinceMs?.[member.name] ?? view.atMs;
    if (isBeingRewound({ view, memory }, member)) {
      const text = `${member.name} is being rewound from ${followedIn(view)?.name ?? 'the leader'} for ${spanText(view.atMs - sinceMs)}`;
      return [seen('member-rewinding', member.name, [says('sql', text, view.atMs)], { sinceMs })];
    }
    if (!isRewindInterrupted({ view, memory }, member)) return [];
    const text = `${member.name} was being rewound when it was stopped, and has not streamed since`;
    return [seen('rewind-interrupted', member.name, [says('host', text, view.atMs)], { sinceMs })];
  });
