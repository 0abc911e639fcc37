import { MISSED_TIMES, NO_CHECKS_KEPT, type CheckRow, type CheckTrouble } from '../model/data-check.js';
import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { leaderKeyHolder } from './leader.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';

const timeText = (atMs: number): string => new Date(atMs).toISOString();

const times = (count: number): string => (count === 1 ? 'once' : `${count} times on end`);

/**
 * Checks of the data that are to begin by themselves and come to nothing: nobody looks at a check that nobody asked for. It is our own memory: no
 * member's silence hides it.
 */
export const assessDataChecks: Assess = (input): readonly Finding[] => {
  const { view, ledger } = input;
  const { checking } = view;
  if (checking === undefined) return [];
  const { rows } = ledger.checks ?? NO_CHECKS_KEPT;
  if (!checking.isOurs) {
    const why = 'another instance of Ekimi holds tenure, and checks the data';
    return [view.scope, ...rows.map(({ member }) => member)].map((name) =>
      cannotTell('data-unchecked', name, why, view.atMs),
    );
  }
  const leader = leaderKeyHolder(view);
  // What leads is not checked by the schedule: whatever was missed of it waits until it follows.
  return [...ofSchedule(input), ...rows.filter(({ member }) => member !== leader).flatMap((row) => ofRow(input, row))];
};

function ofRow({ view: { atMs } }: Assessment, { member, failing, refused }: CheckRow): readonly Finding[] {
  const isRefused = refused !== undefined && refused.times >= MISSED_TIMES;
  const evidence = [
    ...(failing === undefined ? [] : told(`the check of the data of ${member} by postgres.check.cron failed`, failing)),
    ...(isRefused ? told(`the data of ${member} could not be checked by postgres.check.cron`, refused) : []),
  ];
  if (evidence.length === 0) return [];
  return [
    seen(
      'data-unchecked',
      member,
      evidence.map((text) => says('self', text, atMs)),
      { times: count(failing, refused) },
    ),
  ];
}

const count = (failing: CheckTrouble | undefined, refused: CheckTrouble | undefined): number =>
  Math.max(failing?.times ?? 0, refused?.times ?? 0);

const told = (what: string, { sinceMs, times: count, why }: CheckTrouble): readonly string[] =>
  why.map((text) => `${what} ${times(count)}, first ${timeText(sinceMs)}: ${text}`);

/** Nobody was there when its times came: we were not running, or nobody held tenure. */
function ofSchedule({ view, ledger }: Assessment): readonly Finding[] {
  const { checking } = view;
  if (checking === undefined || checking.dueMs === null) return [];
  const kept = ledger.checks?.schedule === checking.schedule ? ledger.checks : null;
  const lastMs = kept === null ? checking.sinceMs : (kept.roundMs ?? kept.sinceMs);
  if (lastMs >= checking.dueMs) return [];
  const evidence: Evidence = says(
    'self',
    `no check of the data began since ${timeText(lastMs)}, though ${MISSED_TIMES} times of postgres.check.cron (${checking.schedule}) have passed: Ekimi did not run, or no instance held tenure`,
    view.atMs,
  );
  return [seen('data-unchecked', view.scope, [evidence], { times: MISSED_TIMES })];
}
