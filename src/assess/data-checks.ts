import { MISSED_TIMES, NO_CHECKS_KEPT, type CheckRow, type CheckTrouble } from '../model/data-check.js';
import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
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
  return [...ofSchedule(input), ...rows.flatMap((row) => ofRow(input, row).map((finding) => settled(input, finding)))];
};

/** What leads is not checked by the schedule: what was missed of it waits until it follows, neither over nor told anew; and so while nobody knows who leads. */
function settled({ view }: Assessment, finding: Finding): Finding {
  const why =
    freshValue(view.dcs.keys) === null
      ? 'etcd does not say who leads'
      : leaderKeyHolder(view) === finding.subject
        ? 'it leads, and is not checked by the schedule'
        : null;
  return why === null ? finding : cannotTell(finding.code, finding.subject, why, view.atMs);
}

function ofRow({ view: { atMs } }: Assessment, { member, failing, lost, refused }: CheckRow): readonly Finding[] {
  const isLost = lost !== undefined && lost.times >= MISSED_TIMES;
  const isRefused = refused !== undefined && refused.times >= MISSED_TIMES;
  const evidence = [
    ...(failing === undefined ? [] : told(`the check of the data of ${member} by postgres.check.cron failed`, failing)),
    ...(isLost ? told(`the check of the data of ${member} by postgres.check.cron was cut short`, lost) : []),
    ...(isRefused ? told(`the data of ${member} could not be checked by postgres.check.cron`, refused) : []),
  ];
  if (evidence.length === 0) return [];
  return [
    seen(
      'data-unchecked',
      member,
      evidence.map((text) => says('self', text, atMs)),
      { times: Math.max(...[failing, lost, refused].map((trouble) => trouble?.times ?? 0)) },
    ),
  ];
}

const told = (what: string, { sinceMs, times: count, why }: CheckTrouble): readonly string[] =>
  why.map((text) => `${what} ${times(count)}, first ${timeText(sinceMs)}: ${text}`);

/** Nobody was there when its times came: we were not running, or nobody held tenure; or there was nobody to check. */
function ofSchedule({ view, ledger }: Assessment): readonly Finding[] {
  const { checking } = view;
  if (checking === undefined) return [];
  const kept = ledger.checks?.schedule === checking.schedule ? ledger.checks : null;
  const { alone } = kept ?? {};
  if (alone !== undefined && alone.times >= MISSED_TIMES) {
    const texts = told('no data could be checked by postgres.check.cron', alone);
    const evidence = texts.map((text) => says('self', text, view.atMs));
    return [seen('data-unchecked', view.scope, evidence, { times: alone.times })];
  }
  const lastMs = kept === null ? checking.sinceMs : (kept.roundMs ?? kept.sinceMs);
  if (checking.dueMs === null || lastMs >= checking.dueMs) return [];
  const evidence: Evidence = says(
    'self',
    `no check of the data began since ${timeText(lastMs)}, though ${MISSED_TIMES} times of postgres.check.cron (${checking.schedule}) have passed: Ekimi did not run, or no instance held tenure`,
    view.atMs,
  );
  return [seen('data-unchecked', view.scope, [evidence], { times: MISSED_TIMES })];
}
