import { z } from 'zod';
import { pauseOfOurs, poolerOf, whyOver } from '../assess/poolers.js';
import { isPaused } from '../model/pooler.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { action, actionPolicy, bound, met, pending, violated, type Permit, type Sight } from './action.js';

/** What we began has an end that was told with it: whoever is switched off, or holds no tenure, would leave clients waiting for ever. */
const ALWAYS: Permit = { when: 'always: it is the end of a pause of ours, which was told with it', holds: () => true };

/** Lets clients go that we hold: when there is no more to wait for, at the latest when the time of the pause is over. Never a pause of another's. */
export const resumePooler = action({
  name: 'resume-pooler',
  params: z.object({}),
  class: 'traffic',
  worksOn: 'pooler',
  runbook: 'Manual Failover Procedures > Planned Failover (Switchover)',
  summary: 'let the clients go that we hold in a pooler',
  inverse: null,
  inverseNote: 'nothing to undo: they go on',
  refusals:
    'no pause of ours is in the ledger, or there is something to wait for, its time is not over, and no person asked for its end',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  isTriedUntilDone: true,
  goesOnPassLook: true,
  countsSuccess: false,
  releases: 'pause',
  permits: {
    tenure: ALWAYS,
    policy: { when: 'the same, though etcd does not have the ledger; the journal must be written', holds: () => true },
    'kill-switch': ALWAYS,
    window: ALWAYS,
    'patroni-pause': ALWAYS,
    failsafe: ALWAYS,
    'observer-health': ALWAYS,
    'start-grace': ALWAYS,
    channels: ALWAYS,
    'someone-else': ALWAYS,
    'blast-radius': ALWAYS,
  },
  bind: () => bound({}),
  alreadyTrue: ({ view }, target) => isLetGo(view, target),
  refuse: ({ view, ledger }, { target, because }) => {
    const pause = pauseOfOurs(ledger, target);
    if (pause === null) return `no pause of ours holds ${target}`;
    if (because.code === 'operator') return null;
    return whyOver(view, ledger, pause) === null ? `${target} is still waited in, until its time is over` : null;
  },
  steps: ({ policy }, { target }) => [
    {
      step: { port: 'pooler', verb: 'resume', pooler: target },
      withinMs: actionPolicy(policy, 'resume-pooler').timeoutMs,
      expect: ({ view }) => letGo(view, target),
    },
  ],
});

function isLetGo(view: ClusterView, name: string): boolean {
  const seen = poolerOf(view, name);
  const report = seen === null ? null : freshValue(seen.seen);
  return report !== null && !isPaused(report);
}

function letGo(view: ClusterView, name: string): Sight {
  const seen = poolerOf(view, name);
  if (seen === null) return violated(`${name} is no pooler of ours`);
  if (freshValue(seen.seen) === null) return pending(`the console of ${name} gives no answer`);
  return isLetGo(view, name) ? met(`${name} serves its clients`) : pending(`${name} is still paused`);
}
