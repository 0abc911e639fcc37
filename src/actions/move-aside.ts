import { z } from 'zod';
import { whyNotStopped } from '../assess/living.js';
import { isAsideOf, isAsideSuffix } from '../model/aside.js';
import { freshValue, recentValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { action, actionPolicy, bound, met, pending } from './action.js';
import { mayBePrimary } from './member-actions.js';
import { RUN_STOPPED } from './permits.js';

/** Who lists what lies aside holds the volume for a moment, and is not waited for by the driver. */
const TRY_AGAIN = { everyMs: 2_000, forMs: 30_000 };

/** Renames the data directory of a stopped replica beside itself, so that its next start copies the leader and the old files stay to be read. */
export const moveAside = action({
  name: 'move-aside',
  params: z.object({ id: z.string(), suffix: z.string() }),
  class: 'rebuild',
  runbook: 'Emergency Procedures > Data Corruption Recovery',
  summary: 'rename the data directory of a stopped replica beside itself',
  inverse: null,
  inverseNote: 'with the member stopped, rename it back by hand before it has begun a new copy',
  refusals:
    'the host driver does not prove it stopped; its API or its SQL answers, or another member streams to it; it holds the leader key; another container bears its name. The driver itself refuses a mount point, and WAL or tablespaces that lie elsewhere',
  needs: () => ['host'],
  disruptsTarget: false,
  leavesDown: 'target',
  destroysCopy: false,
  countsSuccess: false,
  permits: { window: RUN_STOPPED },
  leavesEvidence: true,
  bind: ({ view }, target, _problem, wish) => {
    const suffix = wish?.parameters?.['suffix'];
    const member = memberOf(view, target);
    const host = member === null ? null : recentValue(member.host);
    if (host === null) return { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` };
    if (typeof suffix !== 'string' || !isAsideSuffix(suffix))
      return { kind: 'nothing', why: `${JSON.stringify(suffix ?? null)} is no suffix of a directory` };
    return bound({ id: host.id, suffix });
  },
  alreadyTrue: () => false,
  refuse: (input, { target, params }) => {
    const no = mayBePrimary(input, target);
    if (no !== null) return no;
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(member.host);
    if (member === null || host?.state !== 'stopped') return `${target} is not proven to be stopped`;
    if (host.id !== params.id) return `another container now bears the name of ${target}`;
    return whyNotStopped(input.view, member);
  },
  steps: ({ policy }, { target, params: { id, suffix } }) => [
    {
      step: { port: 'aside', call: 'move', member: target, id, suffix },
      withinMs: actionPolicy(policy, 'move-aside').timeoutMs,
      tryAgain: TRY_AGAIN,
      expect: ({ view }) =>
        isAsideOf(view, target, suffix)
          ? met(`the old data directory of ${target} lies aside under .${suffix}`)
          : pending(`no directory of ${target} is listed under .${suffix} yet`),
    },
  ],
});
