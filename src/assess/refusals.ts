import { clockText } from '../words/moments.js';
import type { Finding } from '../model/problem.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { leaderKeyHolder } from './leader.js';

/** What PostgreSQL says when it refuses us, by SQLSTATE: the words are in the server's own language. */
export const assessRefusals: Assess = (input) => input.view.members.flatMap((member) => starting(input, member.name));

/** 57P03. Of the leader another problem tells, since there nobody else can take the writes. */
function starting({ view, memory }: Assessment, name: string): readonly Finding[] {
  const member = view.members.find((row) => row.name === name);
  if (member === undefined || leaderKeyHolder(view) === name) return [];
  const { sql } = member;
  if (sql.kind !== 'unknown' || sql.fault === 'not-configured') return [];
  if (sql.fault !== 'starting-up')
    return [cannotTell('member-starting', name, `PostgreSQL on ${name} was not read`, view.atMs)];
  const sinceMs = memory.startingMs?.[name] ?? view.atMs;
  const text = `PostgreSQL on ${name} accepts no connections since ${clockText(sinceMs)} (57P03): it starts, recovers or stops`;
  return [
    seen('member-starting', name, [says('sql', text, view.atMs), says('sql', sql.reason, view.atMs)], {
      sinceMs,
      isLong: view.atMs - sinceMs > LONG_MS,
    }),
  ];
}

/** A replica that replays to a consistent state takes minutes; after this somebody should look. */
const LONG_MS = 15 * 60_000;
