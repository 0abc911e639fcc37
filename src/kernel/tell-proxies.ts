import type { Reply, Step } from '../model/plan.js';
import type { Ports } from '../observe/ports.js';
import type { Clock } from '../ports/clock.js';
import type { ProxyPort } from '../ports/proxy.js';

export type ProxiesStep = Extract<Step, { port: 'proxies' }>;

/**
 * All proxies at once, each of them in the order of the step: one that gives no answer keeps the others waiting for nothing, and itself no longer
 * than the step says. Of several answers: what may have happened anywhere may have happened; refused is what all of them refused. Never rejects where
 * its ports do not.
 */
export async function tellProxies(proxies: Ports['proxies'], step: ProxiesStep, clock: Clock): Promise<Reply> {
  const names = [...new Set(step.tells.map(({ proxy }) => proxy))];
  const began = clock.monotonic();
  const replies = await Promise.all(
    names.map(async (name) => ({ name, reply: await tellOne(proxies[name], name, step, clock) })),
  );
  const effects = replies.map(({ reply }) => reply.effect);
  const text = replies
    .filter(({ reply }) => reply.effect !== 'done')
    .map(({ name, reply }) => `${name}: ${reply.text}`)
    .join('; ');
  const effect = effects.includes('maybe') ? 'maybe' : effects.includes('done') ? 'done' : 'none';
  return { effect, status: null, text, tookMs: Math.round(clock.monotonic() - began) };
}

/** What one of its commands is refused says nothing of the next: the new leader is called up although the old one could not be called down. */
async function tellOne(port: ProxyPort | undefined, name: string, step: ProxiesStep, clock: Clock): Promise<Reply> {
  const none: Reply = { effect: 'none', status: null, text: 'not configured', tookMs: 0 };
  if (port === undefined) return none;
  const late = new AbortController();
  const began = clock.monotonic();
  // By the clock too: after we stood still an answer may be here before the timer.
  const isLate = (): boolean => late.signal.aborted || clock.monotonic() - began > step.withinMs;
  const told = (async () => {
    const replies: Reply[] = [];
    for (const { proxy, command } of step.tells) {
      if (proxy !== name) continue;
      // What was given up is not begun: it would come when something else is right.
      if (isLate()) break;
      replies.push(await port.send({ port: 'proxy', proxy, command }));
    }
    return combined(replies);
  })();
  const patience = new AbortController();
  const inTime = clock.sleep(step.withinMs, patience.signal).then((): Reply => {
    late.abort();
    return { effect: 'maybe', status: null, text: `no answer within ${step.withinMs} ms`, tookMs: step.withinMs };
  });
  const reply = await Promise.race([told, inTime]);
  patience.abort('over');
  return reply;
}

function combined(replies: readonly Reply[]): Reply {
  const worst = (['maybe', 'none', 'done'] as const).find((effect) => replies.some((reply) => reply.effect === effect));
  const text = replies.flatMap((reply) => (reply.effect === 'done' ? [] : [reply.text])).join('; ');
  const isPartly = worst === 'none' && replies.some(({ effect }) => effect === 'done');
  return { effect: isPartly ? 'done' : (worst ?? 'none'), status: null, text, tookMs: 0 };
}
