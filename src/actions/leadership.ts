import type { ActionName } from '../model/plan.js';

/** Actions that move leadership: a change of leader that follows one of them is our doing. Data alone, so that `assess` may read it. */
export const MOVES_LEADERSHIP: readonly ActionName[] = ['expedite-failover', 'failover', 'switchover'];

/** Those of them that take leadership from a leader that is well. */
export const HANDS_OVER: readonly ActionName[] = ['switchover'];
