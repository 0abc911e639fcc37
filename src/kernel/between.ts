import type { Change } from '../model/snapshot.js';
import { isEnforcing, type Session } from './session.js';

/** Runs `change` between two passes and answers when it is done: nothing from outside moves under a pass. `failed`: the answer where it throws. */
export function betweenPasses<A>(session: Session, change: () => Promise<A>, failed: (text: string) => A): Promise<A> {
  return new Promise((resolve) => {
    session.inbox.put(async () => {
      try {
        resolve(await change());
      } catch (error) {
        resolve(failed(`Ekimi failed at it: ${error instanceof Error ? error.message : String(error)}`));
        throw error;
      }
    });
    session.wake();
  });
}

/** Only the instance that acts may change the shared ledger; elsewhere the answer names it. */
export function notOurs(session: Session): Extract<Change, { ok: false }> | null {
  if (!isEnforcing(session)) return null;
  const { state, owner } = session.parts.tenure.facts();
  if (state === 'held') return null;
  const text =
    state === 'other'
      ? `${owner ?? 'another instance'} holds tenure: ask it`
      : 'tenure is unknown: etcd does not answer';
  return { ok: false, status: 409, text, conflict: state === 'other' ? 'other-instance' : 'tenure-unknown' };
}

/** Somebody else wrote the ledger meanwhile: the word was given on what stands there no more. */
export const READ_ANEW: Extract<Change, { ok: false }> = {
  ok: false,
  status: 409,
  conflict: 'read-anew',
  text: 'the ledger was changed by another instance: look again, then ask again',
};
