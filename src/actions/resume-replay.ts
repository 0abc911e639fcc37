import { z } from 'zod';
import { intendedDelayMs } from '../assess/intended.js';
import { heldBack, leadersSettings, pauseCauseOf, standsAt, unreadCause } from '../assess/paused-replay.js';
import { bytesText } from '../words/amounts.js';
import { freshValue } from '../model/reading.js';
import { STANDBY_SETTINGS } from '../model/sql.js';
import { memberOf, type MemberView } from '../model/view.js';
import { action, bound, met, pending, violated, type ActionInput, type Sight, type PlanOf } from './action.js';
import { mayBePrimary } from './member-actions.js';

const PAUSE = z.object({ at: z.string(), atLeast: z.record(z.enum(STANDBY_SETTINGS), z.number()) });
type Resume = PlanOf<z.infer<typeof PAUSE>>;

/**
 * Resumes replay that a hand has paused, and nothing else: where a setting of the leader has paused it the server would shut down, and where
 * a recovery target has it would be promoted.
 */
export const resumeReplay = action({
  name: 'resume-replay',
  params: PAUSE,
  class: 'sessions',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'resume replay that somebody has paused',
  inverse: null,
  inverseNote: 'SELECT pg_wal_replay_pause() pauses it again; what was replayed meanwhile stays',
  refusals:
    "the target holds the leader key or is primary; its SQL does not say that replay is paused, or no longer at the position that was seen; a recovery target is set (to resume would promote it); one of its settings is below the leader's, or its log names a setting (to resume would shut it down); the settings of the leader are not known; by itself: it is declared delayed, or replays late by recovery_min_apply_delay",
  needs: () => ['sql'],
  disruptsTarget: false,
  destroysCopy: false,
  grounds: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    const bytes = member === null ? null : heldBack(member);
    const waits = bytes === null ? '' : `${bytesText(bytes)} wait to be replayed; `;
    return `${waits}whoever paused it may still need it: what was deleted on the leader since is then gone here too`;
  },
  bind: (input, target, problem) => {
    const member = memberOf(input.view, target);
    const cause = member === null ? null : pauseCauseOf(input.view, member);
    if (member === null || cause === null)
      return { kind: 'nothing', why: `SQL of ${target} does not say that replay is paused` };
    if (cause.kind === 'unknown') return { kind: 'nothing', why: cause.text };
    if (cause.kind !== 'hand') return { kind: 'nothing', why: cause.text, stuck: true };
    if (problem !== null && intendedDelayMs(input.view, member) !== 0)
      return { kind: 'nothing', why: `${target} is meant to be behind: only a person resumes its replay`, stuck: true };
    const at = standsAt(member);
    const atLeast = leadersSettings(input.view);
    if (at === null || atLeast === null)
      return { kind: 'nothing', why: `where replay stands on ${target} is not known` };
    return bound({ at, atLeast });
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    return member !== null && freshValue(member.sql)?.replayPaused === false;
  },
  doubt: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return null;
    const sinceMs = input.memory.replayPausedSinceMs?.[plan.target] ?? input.view.atMs;
    const unread = unreadCause(input.view, member, sinceMs);
    return unread === null ? null : `${unread}: a setting that the leader had for a while may have paused it`;
  },
  refuse: refused,
  steps: (_input, plan) => [
    {
      step: {
        port: 'sql',
        member: plan.target,
        statement: 'resume-replay',
        at: plan.params.at,
        atLeast: plan.params.atLeast,
      },
      withinMs: 20_000,
      expect: ({ view }) => replays(memberOf(view, plan.target), plan),
    },
  ],
});

function refused(input: ActionInput, plan: Resume): string | null {
  const member = memberOf(input.view, plan.target);
  const primary = mayBePrimary(input, plan.target);
  if (member === null || primary !== null) return primary;
  const cause = pauseCauseOf(input.view, member);
  if (cause === null) return `SQL of ${plan.target} does not say that replay is paused`;
  if (cause.kind !== 'hand') return cause.text;
  if (plan.because.code !== 'operator' && intendedDelayMs(input.view, member) !== 0)
    return `${plan.target} is meant to be behind`;
  const at = standsAt(member);
  return at === plan.params.at
    ? null
    : `replay on ${plan.target} is paused at ${at ?? 'a place that is not known'}, not at ${plan.params.at} as was seen`;
}

/** Replay moves, or has nothing left to do. */
function replays(member: MemberView | null, { target, params }: Resume): Sight {
  const sql = member === null ? null : freshValue(member.sql);
  if (member === null || sql === null) return pending(`PostgreSQL on ${target} did not answer`);
  if (!sql.inRecovery) return violated(`${target} is no longer in recovery`);
  if (sql.replayPaused) return pending(`replay on ${target} is paused`);
  const at = standsAt(member);
  if (at !== params.at) return met(`replay on ${target} has gone on to ${at ?? 'where nobody can tell'}`);
  return heldBack(member) === 0
    ? met(`replay on ${target} is not paused and has nothing left to do`)
    : pending(`replay on ${target} is not paused and still stands at ${at}`);
}
