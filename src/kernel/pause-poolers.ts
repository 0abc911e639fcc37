import type { Reply, Step } from '../model/plan.js';
import type { Ports } from '../observe/ports.js';

type PauseStep = Extract<Step, { port: 'pooler'; verb: 'pause' }>;

/**
 * All of them at once, since the clients of the first wait for the last. What was paused where it has to be all or none is let go again; of
 * several answers the one counts of which least is known.
 */
export async function pausePoolers(poolers: NonNullable<Ports['poolers']>, step: PauseStep): Promise<Reply> {
  const { withinMs, forMs, isAllOrNone } = step;
  const replies = await Promise.all(
    step.poolers.map(async (name) => {
      const port = poolers[name];
      const missing: Reply = { effect: 'none', status: null, text: `${name} is not configured`, tookMs: 0 };
      return { port, reply: port === undefined ? missing : await port.pause({ withinMs, forMs }) };
    }),
  );
  const text = replies.map(({ reply }) => reply.text).join('; ');
  const tookMs = Math.max(0, ...replies.map(({ reply }) => reply.tookMs));
  const of = (effect: Reply['effect']) => replies.filter(({ reply }) => reply.effect === effect);
  const answer = (effect: Reply['effect'], said = text): Reply => ({ effect, status: null, text: said, tookMs });
  if (of('none').length === 0) return answer(of('maybe').length > 0 ? 'maybe' : 'done');
  if (!isAllOrNone) return answer(of('maybe').length > 0 ? 'maybe' : of('done').length > 0 ? 'done' : 'none');
  const begun = [...of('done'), ...of('maybe')].flatMap(({ port }) => (port === undefined ? [] : [port]));
  const freed = await Promise.all(begun.map((port) => port.resume()));
  const kept = freed.filter(({ effect }) => effect !== 'done').map((reply) => reply.text);
  return kept.length === 0 ? answer('none') : answer('maybe', `${text}; ${kept.join('; ')}`);
}
