import type { AsideDirectory } from '../../../model/aside.js';
import type { HostTarget } from '../../../model/host.js';
import type { Reading } from '../../../model/reading.js';
import type { HostPort } from '../../../ports/host.js';

/** What lies aside of a target, by the driver here; null: it has no such thing. */
export type Lists = (target: HostTarget) => Promise<Reading<readonly AsideDirectory[]>> | null;

/**
 * Whoever asks while it is being asked gets the same answer: every instance asks by itself, and a driver may begin something for it that is not begun
 * twice (a container beside a stopped one).
 */
export function listsOf(local: HostPort | null): Lists {
  const asked = new Map<string, ReturnType<Lists>>();
  return (target) => {
    const key = `${target.kind} ${target.name}`;
    const before = asked.get(key);
    if (before !== undefined) return before;
    const now = local?.listAside?.(target) ?? null;
    if (now === null) return null;
    const shared = now.finally(() => asked.delete(key));
    asked.set(key, shared);
    return shared;
  };
}
