import type { Reply } from '../model/plan.js';
import type { Clock } from '../ports/clock.js';

/** Made when a request begins: the reply to it, with the time that it took. No more of a text is kept than a person reads. */
export function replyingSince(
  clock: Pick<Clock, 'monotonic'>,
): (effect: Reply['effect'], text: string, status?: number | null) => Reply {
  const startedMs = clock.monotonic();
  return (effect, text, status = null) => ({
    effect,
    status,
    text: text.slice(0, 300),
    tookMs: Math.round(clock.monotonic() - startedMs),
  });
}
