import { fresh, unknown } from '../../model/reading.js';
import type { RightSeen } from '../../model/rights.js';
import type { Clock } from '../../ports/clock.js';
import { runtimeCommand } from './runtime.js';

const LEVELS = ['admin', 'operator', 'user'];

/** Which level the socket gives: HAProxy says it itself, and a refused command would only tell once it is needed. [management guide, 9.3] */
export async function adminLevel(runtime: URL, deadlineMs: number, clock: Clock): Promise<RightSeen> {
  const source = `show cli level on ${runtime.href}`;
  const answer = await runtimeCommand(runtime, 'show cli level', deadlineMs);
  const right = 'haproxy-admin';
  if (answer.kind === 'fault') {
    const { fault, why } = answer.fault;
    return { right, seen: unknown(fault, `${source}: ${why}`, clock.now(), source) };
  }
  const level = answer.text.trim();
  if (level === 'admin') return { right, seen: fresh('granted', clock.now(), source) };
  const known = LEVELS.includes(level);
  const reason = `${source}: ${known ? `level ${level}, where set server wants admin` : `answered "${level.slice(0, 80)}"`}`;
  return { right, seen: unknown(known ? 'denied' : 'bad-reply', reason, clock.now(), source) };
}
