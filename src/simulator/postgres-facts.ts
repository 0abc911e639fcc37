import type { MemberSim, PostgresSim } from './state.js';

/** Questions to a simulated PostgreSQL, and its end: what the files that step it have in common. */

const UNSENT_BYTES = 0x70;

export const isUp = (member: MemberSim): boolean => member.postgres.process === 'up';

/** Accepts writes: SQL up and not in recovery. Says nothing about the leader key. */
export const isPrimary = (member: MemberSim): boolean => isUp(member) && !member.postgres.inRecovery;

export const answersSql = (member: MemberSim): boolean =>
  isUp(member) && !member.postgres.frozen && member.host.state === 'running';

export const positionOf = (postgres: PostgresSim): number => Math.max(postgres.receiveLsn, postgres.replayLsn);

/** Every branch that a server has gone through, and where it left it; the last is where it is. */
const historyOf = (postgres: PostgresSim): readonly { readonly branch: number; readonly lsn: number }[] => [
  ...postgres.forks,
  { branch: postgres.branch, lsn: positionOf(postgres) },
];

/** Where the two histories part: up to this position both hold the same WAL. */
export function commonLsn(one: PostgresSim, other: PostgresSim): number {
  const [here, there] = [historyOf(one), historyOf(other)];
  let common = 0;
  for (const [index, { branch, lsn }] of here.entries()) {
    if (there[index]?.branch !== branch) break;
    common = Math.min(lsn, there[index].lsn);
  }
  return common;
}

/** True when `member` holds WAL that `leader`'s history does not: it can follow only after a rewind. */
export const hasDiverged = (member: PostgresSim, leader: PostgresSim): boolean =>
  member.branch !== leader.branch &&
  (member.timeline > leader.timeline || positionOf(member) > commonLsn(member, leader));

/** Does this history hold what was written up to `lsn` on that branch? */
export const holds = (postgres: PostgresSim, branch: number, lsn: number): boolean =>
  historyOf(postgres).some((row) => row.branch === branch && lsn <= row.lsn);

export function stopPostgres(member: MemberSim): void {
  const postgres = member.postgres;
  postgres.process = 'down';
  postgres.frozen = false;
  postgres.streaming = false;
  postgres.connectedTo = null;
  postgres.promotedAtMs = null;
  postgres.blockers = [];
}

/** As by SIGKILL: a primary has always written a little that no replica has received, which is why it must rewind afterwards. */
export function crashPostgres(member: MemberSim): void {
  const { postgres } = member;
  if (isPrimary(member)) postgres.receiveLsn = postgres.replayLsn += UNSENT_BYTES;
  stopPostgres(member);
}
