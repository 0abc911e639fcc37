import type { Conflict } from '../model/conflict.js';
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

type Refused = Extract<Change, { ok: false }>;

/** What is asked does not go with how things stand: why, as a code that has a remedy and in words. */
export const conflicting = (conflict: Conflict, text: string): Refused => ({ ok: false, status: 409, text, conflict });

/** Only the instance that acts may change the shared ledger; elsewhere the answer names it. */
export function notOurs(session: Session): Refused | null {
  if (!isEnforcing(session)) return null;
  const { state, owner } = session.parts.tenure.facts();
  if (state === 'held') return null;
  const text =
    state === 'other'
      ? `${owner ?? 'another instance'} holds tenure: ask it`
      : 'tenure is unknown: etcd does not answer';
  return conflicting(state === 'other' ? 'other-instance' : 'tenure-unknown', text);
}

/** Somebody else wrote the ledger meanwhile: the word was given on what stands there no more. */
export const READ_ANEW = conflicting(
  'read-anew',
  'the ledger was changed by another instance: look again, then ask again',
);
