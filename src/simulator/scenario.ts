import type { StagedName } from '../model/staged.js';
import type { SimulatedCluster } from './world.js';

/** What a script may act on: the cluster and what an earlier row has put aside. */
export interface Stage {
  readonly cluster: SimulatedCluster;
  /** Names that an earlier row chose, for instance the leader that it killed. */
  readonly kept: Map<string, string>;
  /** A person starts a procedure with the controller that watches; where none does, nobody. */
  readonly start: (name: StagedName) => void;
}

/** One row of a script: when, what a spectator is told, and what happens. */
export interface ScenarioRow {
  readonly atSeconds: number;
  /** Where it depends on what a controller has done until then, which is not the same in every mode: from what the cluster shows. */
  readonly say: string | ((stage: Pick<Stage, 'cluster' | 'kept'>) => string);
  readonly do: (stage: Stage) => void;
}

export interface Scenario {
  readonly name: string;
  /** Under Patroni alone it would be another story: a person starts something with Ekimi. */
  readonly needsEkimi?: true;
  readonly rows: readonly ScenarioRow[];
  /** When the last effect should have been seen, seconds after the start. */
  readonly endsAtSeconds: number;
}

/**
 * Plans the rows from now on in virtual time and tells each as it comes. Returns the virtual time of the end, milliseconds. What a row
 * could not do (a member that does not exist) is thrown where the time is advanced.
 */
export function startScenario(
  cluster: SimulatedCluster,
  scenario: Scenario,
  say: (text: string, atMs: number) => void,
  start: (name: StagedName) => void = () => undefined,
): number {
  const startMs = cluster.nowMs();
  const stage: Stage = { cluster, kept: new Map(), start };
  for (const row of scenario.rows) {
    const atMs = startMs + row.atSeconds * 1000;
    cluster.at(atMs, () => {
      say(typeof row.say === 'string' ? row.say : row.say(stage), atMs);
      row.do(stage);
    });
  }
  return startMs + scenario.endsAtSeconds * 1000;
}
