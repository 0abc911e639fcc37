import { setup } from 'xstate';

export type RemediationEvent =
  /** The request is about to leave; the intent is on the disk and in the DCS. */
  | { readonly type: 'SEND' }
  | { readonly type: 'ANSWERED' }
  /** Refused without effect: by status, by text, or before anything was written. */
  | { readonly type: 'REFUSED' }
  /** No answer, or a crash between intent and outcome: it may have happened. */
  | { readonly type: 'LOST' }
  | { readonly type: 'NEXT_STEP' }
  | { readonly type: 'MET' }
  | { readonly type: 'EXPIRED' }
  | { readonly type: 'ABANDON' };

/**
 * One try of one action. From `unknown` there is no way back to `sending`: what may have happened is watched, never repeated.
 * Every end is final; the next try is a new remediation that the cool-downs and the attempt cap see.
 */
export const remediationMachine = setup({ types: { events: {} as RemediationEvent } }).createMachine({
  id: 'remediation',
  initial: 'planned',
  states: {
    planned: {
      on: { SEND: 'sending', ABANDON: 'abandoned', LOST: 'unknown', MET: 'succeeded', EXPIRED: 'ineffective' },
    },
    sending: { on: { ANSWERED: 'verifying', REFUSED: 'failed', LOST: 'unknown', ABANDON: 'abandoned' } },
    verifying: { on: { NEXT_STEP: 'planned', MET: 'succeeded', EXPIRED: 'ineffective', ABANDON: 'abandoned' } },
    unknown: { on: { NEXT_STEP: 'planned', MET: 'succeeded', EXPIRED: 'ineffective', ABANDON: 'abandoned' } },
    succeeded: { type: 'final' },
    ineffective: { type: 'final' },
    failed: { type: 'final' },
    abandoned: { type: 'final' },
  },
});
