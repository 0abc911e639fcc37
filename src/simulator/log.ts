import type { MemberSim, World } from './state.js';

const KEPT = 100;

/** One line as it stands in the member's log; a line that repeats within `everyMs` is left out. */
export function logLine(world: World, { postgres }: MemberSim, text: string, everyMs = 0): void {
  const { nowMs } = world.time;
  if (everyMs > 0 && postgres.log.some((line) => line.text === text && nowMs - line.atMs < everyMs)) return;
  postgres.log = [...postgres.log.slice(1 - KEPT), { atMs: nowMs, text }];
}

/** What a log driver shows of the last `count` lines: Patroni's and PostgreSQL's own words and what the world knows, in order of time. */
export function logOf(world: World, member: MemberSim, count: number, forMs = Infinity): readonly string[] {
  const events = world.events.filter((event) => event.text.includes(member.name));
  return [...events, ...member.postgres.log]
    .filter((line) => world.time.nowMs - line.atMs <= forMs)
    .sort((a, b) => a.atMs - b.atMs)
    .slice(-count)
    .map((line) => `${new Date(line.atMs).toISOString()} ${line.text}`);
}
