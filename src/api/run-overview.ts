import { standingOf, type RunStanding } from '../decide/runs.js';
import { markOf, openRun, type ProcedureRun } from '../model/procedure-run.js';
import type { ClusterSnapshot } from '../model/snapshot.js';

/** A procedure of several stages as it stands: which stages are left, and what the next one waits for. */
export interface RunOverview extends ProcedureRun {
  readonly stages: number;
  readonly stagesDone: number;
  readonly left: readonly { readonly key: string; readonly text: string }[];
  /** `markOf` what is left: whoever continues it sends it back as `seen`. */
  readonly mark: string;
  readonly now: string;
  readonly watch: RunStanding['watch'];
}

/** The one under way first, then those that ended, the newest first. */
export function runsIn(snapshot: ClusterSnapshot): readonly RunOverview[] {
  const runs = [...(snapshot.ledger.procedures ?? [])].reverse();
  return runs.map((run) => overviewOf(snapshot, run));
}

/** The one that is under way; null: none is, or nothing was seen yet. */
export function openRunIn(snapshot: ClusterSnapshot): RunOverview | null {
  const run = openRun(snapshot.ledger.procedures);
  return run === null ? null : overviewOf(snapshot, run);
}

function overviewOf({ view, states, atMs: nowMs, ...rest }: ClusterSnapshot, run: ProcedureRun): RunOverview {
  const stages = run.agreed.length;
  const isOver = run.endedAtMs !== null;
  if (view === null || states === null || isOver)
    return {
      ...run,
      stages,
      stagesDone: run.phase === 'succeeded' ? stages : 0,
      left: [],
      mark: markOf([]),
      now: run.detail,
      watch: null,
    };
  const { done, left, now, watch } = standingOf({ ...rest, view, states, nowMs }, run);
  const mark = markOf(left.map(({ key }) => key));
  return { ...run, stages, stagesDone: done, left: left.map(({ key, text }) => ({ key, text })), mark, now, watch };
}
