import { ACTION_NAMES, ACTION_ROWS, type ActionName, type ActionRow } from '../../../src/model/plan.js';

/** The row of an action that this version does not have, put where those of the others stand: import it before whatever reads the table. */
export const ADDED = 'rest-replica' as ActionName;

const row: ActionRow = { risk: 'sessions', mode: 'approve', cooldown: '45s', timeout: '20s' };
Object.assign(ACTION_ROWS, { [ADDED]: row });
(ACTION_NAMES as ActionName[]).push(ADDED);
