import type { ActionName } from '../model/plan.js';

/** Those that copy a member anew: how long the last one took tells how long the next one takes. */
export const REBUILDS: readonly ActionName[] = ['reinitialize-replica'];
