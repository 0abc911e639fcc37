import type { LoginAnswer, WriteAccess } from '../model/patroni.js';
import { fresh, lastValue, notConfigured, unknown, type Reading } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { orNone, read, type Pass } from './pass.js';
import { WRITE_ACCESS } from './sources.js';

/**
 * Null: no password is configured, or nobody is to be asked. One member in turn, of those that answer as ours: who was asked longest ago. A
 * refusal stands until that member is asked again.
 */
export async function observeWriteAccess(
  pass: Pass,
  members: readonly MemberView[],
): Promise<NonNullable<ClusterView['writeAccess']> | null> {
  const { ports, target, triesLogin, nowMs } = pass;
  const { patroni } = ports;
  if (patroni.mayWrite === undefined || target.hasLogin !== true || triesLogin !== true) return null;
  const last = pass.previous?.writeAccess ?? null;
  const known = last === null ? {} : (lastValue(last) ?? {});
  const askedMs = ({ name }: MemberView): number => known[name]?.askedAtMs ?? -Infinity;
  const [next] = members.filter(({ api }) => api.kind === 'fresh').sort((a, b) => askedMs(a) - askedMs(b));
  if (next === undefined) return last ?? unknown('not-read-yet', 'no member answers', nowMs, WRITE_ACCESS.part);
  const ask = async (): Promise<Reading<WriteAccess>> => {
    const reading = await orNone(patroni.mayWrite?.(next.name) ?? null, notConfigured(WRITE_ACCESS.part, nowMs));
    const row = answerOf(reading, known[next.name], ports.clock.now());
    return fresh({ ...known, [next.name]: row }, ports.clock.now(), WRITE_ACCESS.part);
  };
  return read(pass, WRITE_ACCESS, { key: 'write access', last, member: null, ask });
}

/** Only what Patroni says of our password is an answer; silence and what lies in between leave the last one as it was. */
function answerOf(reading: Reading<'granted'>, before: LoginAnswer | undefined, askedAtMs: number): LoginAnswer {
  if (reading.kind !== 'unknown') return { askedAtMs, isRefused: false, why: '' };
  if (reading.fault === 'denied') return { askedAtMs, isRefused: true, why: reading.reason };
  return { askedAtMs, isRefused: before?.isRefused ?? null, why: before?.why ?? '' };
}
