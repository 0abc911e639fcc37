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
 * Those of whom one is being rewound from the leader now: the leader has a session that reads files as pg_rewind does. They led before and do not
 * run as replicas. Where none of them answers, also whoever says that PostgreSQL does not run there: a replica that was ahead of the one that
 * leads now.
 */
function readersIn({ view, memory }: At): readonly MemberView[] {
  const leader = followedIn(view);
  const sessions = leader === null ? [] : (freshValue(leader.sql)?.rewinds ?? []);
  if (sessions.length === 0) return [];
  const idle = view.members.filter((member) => !runs(view, member));
  const led = idle.filter(({ name }) => memory.lastPrimary?.[name] !== undefined || wasRewound(memory, name));
  const readers = led.filter(mayRead);
  if (readers.some(({ api }) => freshValue(api) !== null)) return readers;
  // The session of one that lost its power in the middle stays until its connection is given up: it is nobody else's.
  if (led.some((member) => !mayRead(member) && wasRewound(memory, member.name))) return readers;
  return [...readers, ...idle.filter((member) => !readers.includes(member) && saysStopped(member))];
}

const runs = (view: ClusterView, member: MemberView): boolean =>
  member === followedIn(view) || primaryChannels(member).length > 0 || isStreaming(view, member);

/** On a stopped host nothing reads. Its driver's word alone is not enough: it may look elsewhere. */
const mayRead = ({ host, api }: MemberView): boolean =>
  freshValue(host)?.state !== 'stopped' || freshValue(api) !== null;

const saysStopped = ({ api }: MemberView): boolean => {
  const state = freshValue(api)?.state;
  return state === 'stopped' || state === 'start-failed';
};

const wasRewound = ({ rewindingSinceMs }: Memory, name: string): boolean => rewindingSinceMs?.[name] !== undefined;

/**
 * Being rewound now, or perhaps: where several may be the reader, each is left alone until the session is over. Patroni says `stopped` or `start
 * failed` all the while, and nothing may be sent over it.
 */
export const isBeingRewound = (at: At, member: MemberView): boolean => readersIn(at).includes(member);

/**
 * Seen being rewound: nobody else can be the reader, it led before, and its Patroni answers. What this remembers lets nobody start it after an
 * interruption.
 */
export function isSeenRewound(at: At, member: MemberView): boolean {
  const readers = readersIn(at);
  const isTheOne = readers.length === 1 && readers[0] === member && freshValue(member.api) !== null;
  return isTheOne && at.memory.lastPrimary?.[member.name] !== undefined;
}

/**
 * Stopped in the middle of a rewind: it was seen being rewound, the session is gone, and it has not streamed since. PostgreSQL says of such a
 * directory that it is likely beyond recovery. [PostgreSQL: pg_rewind, Warning]
 */
export function isRewindInterrupted({ view, memory }: At, member: MemberView): boolean {
  if (!wasRewound(memory, member.name) || isBeingRewound({ view, memory }, member)) return false;
  const host = freshValue(member.host);
  return host !== null && host.state !== 'running' && freshValue(member.api) === null;
}

export const assessRewinds: Assess = ({ view, memory }) => {
  const readers = readersIn({ view, memory });
  return view.members.flatMap((member): readonly Finding[] => {
    const sinceMs = memory.rewindingSinceMs?.[member.name] ?? null;
    if (readers.includes(member)) {
      const who = readers.map(({ name }) => name).join(' or ');
      const span = sinceMs === null ? '' : ` for ${spanText(view.atMs - sinceMs)}`;
      const text = `${who} is being rewound from ${followedIn(view)?.name ?? 'the leader'}${span}`;
      return [seen('member-rewinding', member.name, [says('sql', text, view.atMs)], { sinceMs })];
    }
    if (!isRewindInterrupted({ view, memory }, member)) return [];
    const text = `${member.name} was being rewound when it was stopped, and has not streamed since`;
    return [seen('rewind-interrupted', member.name, [says('host', text, view.atMs)], { sinceMs })];
  });
};
