import { counted, spanText } from '../../words/amounts.js';
import { NO_ANSWER } from '../../words/no-answer.js';
import { overview, stateLevel, worst, type Level, type Overview } from '../../api/overview.js';
import { isNote, type Problem } from '../../model/problem.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { isUnreached } from '../../assess/unreachable.js';
import { checkFailed, plain, type CheckResult } from './check-failed.js';

const WORD: Readonly<Record<Level, readonly [CheckResult['exitCode'], string]>> = {
  ok: [0, 'OK'],
  warning: [1, 'WARNING'],
  critical: [2, 'CRITICAL'],
  unknown: [3, 'UNKNOWN'],
};

/**
 * `ekimi check`. One pass sees no persistence, so here a problem within its grace counts as well; a snapshot that is too old is unknown.
 */
export function checkResult(snapshots: readonly ClusterSnapshot[], nowMs: number): CheckResult {
  if (snapshots.length === 0) return checkFailed('no cluster is configured');
  const views = snapshots.map((snapshot) => ({
    isBlind: snapshot.view === null || isUnreached(snapshot.view),
    view: overview(snapshot),
    level: levelOf(overview(snapshot), nowMs),
  }));
  const level = worst(views.map((one) => one.level));
  const [exitCode, word] = WORD[level];
  const text = views.map((one) => clusterText(one, nowMs)).join('; ');
  const data = views.flatMap(({ view }) => performanceData(view, snapshots.length > 1));
  return { exitCode, level, line: `EKIMI ${word} - ${plain(text)} | ${data.join(' ')}` };
}

const isStale = (view: Overview, nowMs: number): boolean => nowMs - view.atMs > view.staleAfterMs;

const problemsOf = ({ problems }: Overview): readonly Problem[] =>
  problems.filter((problem) => problem.phase !== 'recovering' && !isNote(problem));

function levelOf(view: Overview, nowMs: number): Level {
  if (isStale(view, nowMs)) return 'unknown';
  const problems = problemsOf(view).map((problem): Level => (problem.level === 'critical' ? 'critical' : 'warning'));
  return worst([stateLevel(view.state), view.level, ...problems]);
}

/** Where nothing answers, that is all there is to say: what follows from it is as many problems as there are sources. */
function clusterText(
  { view, isBlind: blind }: { readonly view: Overview; readonly isBlind: boolean },
  nowMs: number,
): string {
  if (isStale(view, nowMs)) return `${view.scope} was last looked at ${spanText(nowMs - view.atMs)} ago`;
  if (blind) return `${view.scope}: ${NO_ANSWER.join(' ')}`;
  const replicas = view.members.filter((member) => member.holdsLeaderKey !== true && member.state === 'healthy').length;
  const leader = view.leader === null ? (view.leaderNote ?? 'no leader') : `${view.leader} leads`;
  const told = problemsOf(view).map((problem) => `${problem.code} ${problem.subject}`);
  return [
    `${view.scope} ${view.state}`,
    leader,
    counted(replicas, 'healthy replica'),
    ...told,
    ...view.outOfReads,
  ].join(', ');
}

function performanceData(view: Overview, several: boolean): string[] {
  const prefix = several ? `${view.scope}_` : '';
  const label = (name: string): string => {
    const safe = plain(`${prefix}${name}`).replace(/['=]/g, '_');
    return /[^\w.-]/.test(safe) ? `'${safe}'` : safe;
  };
  const lags = view.members
    .filter((member) => member.lagBytes !== null)
    .map(
      (member) =>
        `${label(`lag_${member.name}`)}=${member.lagBytes ?? 0}B;${view.lag.warningBytes};${view.lag.criticalBytes};0`,
    );
  const active = problemsOf(view).length;
  const unknown = view.sources.filter((source) => source.kind === 'unknown').length;
  return [...lags, `${label('problems')}=${active};;;0`, `${label('unknown_readings')}=${unknown};;;0`];
}
