import { pauseOfOurs } from '../assess/poolers.js';
import type { Ledger } from '../model/ledger.js';
import { isPaused, type PoolerDatabase } from '../model/pooler.js';
import { lastValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { spanText } from '../words/amounts.js';

/** A pooler as people look at it. */
export interface PoolerOverview {
  readonly name: string;
  /** null: its console gave no answer. */
  readonly paused: boolean | null;
  /** Until when the pause lasts at most, where it is ours; null: it is not paused, or not by us. */
  readonly untilMs: number | null;
  /** Clients that wait for a connection to the server, of all databases; null: unknown. */
  readonly waiting: number | null;
  /** One pool for each database. */
  readonly databases: readonly PoolerDatabase[];
  /** In one line: paused by whom, who waits, for how long. */
  readonly text: string;
}

export const poolersIn = ({ poolers = [] }: ClusterView, ledger: Ledger): PoolerOverview[] =>
  poolers.map(({ name, seen }): PoolerOverview => {
    const report = lastValue(seen);
    if (report === null) {
      const text = seen.kind === 'unknown' ? seen.reason : 'not read yet';
      return { name, paused: null, untilMs: null, waiting: null, databases: [], text };
    }
    const { databases } = report;
    const paused = isPaused(report);
    const ours = paused ? pauseOfOurs(ledger, name) : null;
    const state = paused ? (ours === null ? 'paused, not by Ekimi' : 'paused by Ekimi') : 'passes clients on';
    return {
      name,
      paused,
      untilMs: ours?.untilMs ?? null,
      waiting: databases.reduce((sum, row) => sum + row.waiting, 0),
      databases,
      text: [state, ...databases.map(databaseText)].join('; '),
    };
  });

const databaseText = ({ name, paused, servers, waiting, maxWaitMs }: PoolerDatabase): string => {
  const longest = waiting === 0 ? '' : ` (longest ${spanText(maxWaitMs)})`;
  return `${name}${paused ? ' paused' : ''}: ${servers} server connections, ${waiting} clients wait${longest}`;
};
