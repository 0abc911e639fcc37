import { z } from 'zod';
import { firstToStart } from '../assess/first-to-start.js';
import { isStandbyCluster, leaderKeyHolder, leadershipOf } from '../assess/leader.js';
import { whyNotStopped } from '../assess/living.js';
import { memberHost } from '../model/host.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { action, actionPolicy, bound, met, pending, type Permit } from './action.js';
import { boundTo, startedApart } from './member-actions.js';
import { RUN_STOPPED_PATRONI } from './permits.js';

/** Who is at work in a cluster of which nothing runs? What stood in etcd is of before. */
const NOTHING_RUNS: Permit = {
  when: 'the host driver says in this look that nothing runs on any member',
  holds: ({ view }) => view.control !== undefined,
};

/** Why somebody else may lead, or come to lead, before this one does; null: nobody can. */
function whyNotAlone(view: ClusterView, target: string): string | null {
  for (const member of view.members) {
    const host = freshValue(member.host);
    if (host?.state !== 'stopped') return `${member.name} is not proven to be stopped: one is started first, alone`;
    const running = whyNotStopped(view, member);
    if (running !== null) return running;
  }
  const holder = leaderKeyHolder(view);
  return holder === null || holder === target
    ? null
    : `the lease of ${holder} has not run out yet: nobody else can lead before that`;
}

/** Where nothing of the cluster runs: starts the member with the most advanced data directory, alone, so that it leads. */
export const startFirst = action({
  name: 'start-first',
  params: z.object({ id: z.string().nullable(), timeline: z.number(), lsn: z.string(), agreed: z.boolean() }),
  class: 'leadership',
  runbook: 'Recovery Procedures > Scenario 3: Complete Cluster Recovery',
  summary: 'start the most advanced member of a cluster of which nothing runs',
  inverse: null,
  inverseNote: 'stop it by hand; whoever leads first decides what data survives',
  refusals:
    'it is a standby cluster; a member is not proven to be stopped, or answers; another one holds the leader key; its data directory is not the most advanced one, or of another system, or a person has not agreed where that is in doubt; etcd does not serve; another container bears its name',
  needs: () => ['host'],
  disruptsTarget: false,
  destroysCopy: false,
  permits: { window: RUN_STOPPED_PATRONI, 'start-grace': NOTHING_RUNS, 'someone-else': NOTHING_RUNS },
  bind: ({ view, memory }, target, _, wish) => {
    const agreed = wish?.parameters?.['agreed'] === true;
    const first = firstToStart(view, memory, agreed ? target : null);
    if (first.kind === 'none') return { kind: 'nothing', why: first.why };
    if (first.name !== target) return { kind: 'nothing', why: `${first.name} is first: ${first.why}` };
    if (first.kind === 'doubtful' && !agreed) return { kind: 'nothing', why: first.why };
    const member = memberOf(view, target);
    const host = member === null ? null : freshValue(member.host);
    const control = view.control?.[target];
    const data = control === undefined ? null : freshValue(control);
    if (host === null || data === null)
      return { kind: 'nothing', why: `neither host nor data directory of ${target} is told in this pass` };
    return bound({ id: host.id, timeline: data.timeline, lsn: data.lsn, agreed });
  },
  alreadyTrue: ({ view }, target) => {
    const leadership = leadershipOf(view);
    return leadership.kind === 'proven' && leadership.member.name === target;
  },
  refuse: ({ view, memory }, { target, params }) => {
    if (freshValue(view.dcs.keys) === null) return 'etcd gives no linearizable answer: nobody could lead';
    if (isStandbyCluster(view)) return 'it is a standby cluster: its leadership is left to Patroni';
    const why = whyNotAlone(view, target);
    if (why !== null) return why;
    const first = firstToStart(view, memory, params.agreed ? target : null);
    if (first.kind === 'none') return first.why;
    if (first.name !== target || (first.kind === 'doubtful' && !params.agreed)) return first.why;
    const member = memberOf(view, target);
    return member !== null && freshValue(member.host)?.id === params.id
      ? null
      : `another container now bears the name of ${target}`;
  },
  steps: ({ policy }, { target, params }) => [
    {
      step: { port: 'host', target: memberHost(target), verb: 'start', ...boundTo(params.id) },
      withinMs: actionPolicy(policy, 'start-first').timeoutMs,
      expect: ({ view }) => {
        const leadership = leadershipOf(view);
        if (leadership.kind === 'proven' && leadership.member.name === target) return met(`${target} leads`);
        return pending(
          leadership.kind === 'proven' ? `${leadership.member.name} leads` : `${target} does not lead yet`,
        );
      },
      notOurs: (at, sentAtMs) => startedApart(at, target, sentAtMs),
    },
  ],
});
