import { setup } from 'xstate';

export type RemediationEvent =
  /** The request is about to leave; the intent is on the disk and in the DCS. */
  | { readonly type: 'SEND' }
  | { readonly type: 'ANSWERED' }
  /** Refused without effect: by status, by text, or before anything was written. */
  | { readonly type: 'REFUSED' }
  /** The same, and it is to be tried again in a moment. */
  | { readonly type: 'NOT_YET' }
  /** No answer, or a crash between intent and outcome: it may have happened. */
  | { readonly type: 'LOST' }
  | { readonly type: 'NEXT_STEP' }
  /** The answer was lost, and the cluster proves that the request never took effect. */
  | { readonly type: 'UNDONE' }
  | { readonly type: 'MET' }
  | { readonly type: 'EXPIRED' }
  | { readonly type: 'ABANDON' };

/**
 * One try of one action. What may have happened (`unknown`) is watched, never repeated: the way back leads through a proof that it did not.
 * Every end is final; the next try is a new remediation that the cool-downs and the attempt cap see.
 */
export const remediationMachine = setup({ types: { events: {} as RemediationEvent } }).createMachine({
  id: 'remediation',
  initial: 'planned',
  states: {
    planned: {
      on: { SEND: 'sending', ABANDON: 'abandoned', LOST: 'unknown', MET: 'succeeded', EXPIRED: 'ineffective' },
    },
    sending: {
      on: { ANSWERED: 'verifying', REFUSED: 'failed', NOT_YET: 'planned', LOST: 'unknown', ABANDON: 'abandoned' },
    },
    verifying: { on: { NEXT_STEP: 'planned', MET: 'succeeded', EXPIRED: 'ineffective', ABANDON: 'abandoned' } },
    unknown: {
      on: { UNDONE: 'planned', NEXT_STEP: 'planned', MET: 'succeeded', EXPIRED: 'ineffective', ABANDON: 'abandoned' },
    },
    succeeded: { type: 'final' },
    ineffective: { type: 'final' },
    failed: { type: 'final' },
    abandoned: { type: 'final' },
  },
});
