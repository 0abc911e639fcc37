import { candidatesFor } from '../assess/candidates.js';
import { type Loss } from '../model/loss.js';
import { lossText } from '../words/loss.js';
import type { ActionInput } from './action.js';

/**
 * What a leader that is gone is known to have written, and whoever would succeed it has not received: kept if it comes back before its key
 * expires, lost if an election is brought forward. Null: nothing is known. A synchronous standby has all that was acknowledged; one of a
 * quorum need not.
 */
export function knownLoss({ view, memory }: ActionInput, leader: string): Loss | null {
  const best = candidatesFor(view, memory, leader).find((row) => row.against.length === 0);
  if (best === undefined || best.lossBytes === null || best.lossBytes === 0) return null;
  const mode = view.config.kind === 'unknown' ? null : view.config.value.synchronousMode;
  if (best.isSynchronous === true && mode !== 'quorum') return null;
  const [bytes, seconds] = [best.lossBytes, best.lossSeconds];
  return {
    bytes,
    seconds,
    text: `${best.name}, the first that may lead, lacks ${lossText({ bytes, seconds })} of what ${leader} had written: kept if ${leader} comes back before its key expires, lost with this`,
  };
}
