import { clockText } from '../words/moments.js';
import type { Finding } from '../model/problem.js';
import { says, seen, type Assessment } from './finding.js';

/** One crash is an accident and two are a coincidence; the memory of `episodes` is ten minutes long. */
const FLAPS = 3;

/** The same leader comes and goes within its ttl: the key never changes hands, so nothing else counts it. */
export function leaderFlaps({ view, memory }: Assessment): readonly Finding[] {
  const episodes = memory.leadership?.episodes ?? [];
  const leaders = [...new Set(episodes.map((row) => row.leader))];
  return leaders.flatMap((leader) => {
    const own = episodes.filter((row) => row.leader === leader);
    const first = own[0];
    if (own.length < FLAPS || first === undefined) return [];
    const seconds = Math.round(own.reduce((sum, row) => sum + row.toMs - row.fromMs, 0) / 1000);
    const text = `${leader} stopped taking writes ${own.length} times since ${clockText(first.fromMs)} and came back each time; ${seconds} s without a writer in all`;
    return [seen('leader-flapping', leader, [says('dcs', text, view.atMs)], { times: own.length, seconds })];
  });
}
