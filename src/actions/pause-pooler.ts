import { z } from 'zod';
import { poolerOf, poolerPolicy } from '../assess/poolers.js';
import { isPauseComplete, isPaused } from '../model/pooler.js';
import { freshValue } from '../model/reading.js';
import { action, actionPolicy, bound } from './action.js';
import { heldIn } from './pooler-steps.js';

/** What is left of the answer's way, and one look. */
const SLACK_MS = 2_000;

/** Clients of one pooler wait, because a person asked for it: for `pooler.maxPause`, or until he lets them go. */
export const pausePooler = action({
  name: 'pause-pooler',
  params: z.object({}),
  class: 'traffic',
  worksOn: 'pooler',
  runbook: 'Manual Failover Procedures > Planned Failover (Switchover)',
  summary: 'hold the clients of a pooler between two transactions, for pooler.maxPause at most',
  inverse: 'resume-pooler',
  inverseNote: 'it ends by itself after pooler.maxPause, also where the holder dies',
  refusals:
    'its console gives no answer; it is paused already, by whomever; resume-pooler is not auto with window any, so that nobody would end the pause of an instance that died',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  countsSuccess: false,
  bind: () => bound({}),
  alreadyTrue: ({ view }, target) => {
    const seen = poolerOf(view, target);
    const report = seen === null ? null : freshValue(seen.seen);
    return report !== null && isPauseComplete(report);
  },
  refuse: ({ view, policy }, { target }) => {
    const seen = poolerOf(view, target);
    const report = seen === null ? null : freshValue(seen.seen);
    if (report === null) return `the console of ${target} gives no answer`;
    if (isPaused(report)) return `${target} is paused already`;
    const { mode, window } = actionPolicy(policy, 'resume-pooler');
    return mode === 'auto' && window === 'any'
      ? null
      : `actions.resume-pooler is ${mode}, window ${window}: it must be auto, any, or nobody ends a pause whose holder died`;
  },
  steps: ({ policy }, { target }) => {
    const { maxPauseMs, pauseWithinMs } = poolerPolicy(policy);
    const times = { withinMs: pauseWithinMs, forMs: maxPauseMs };
    return [
      {
        step: { port: 'pooler', verb: 'pause', poolers: [target], ...times, isAllOrNone: true, lasts: true },
        withinMs: pauseWithinMs + SLACK_MS,
        expect: (input) => heldIn(input, [target], true),
      },
    ];
  },
});
