import { z } from 'zod';
import { isProvenNotPrimary } from '../assess/former-leader.js';
import { leadershipOf } from '../assess/leader.js';
import { lineAt, placeText, tellable } from '../assess/proxy-lines.js';
import { staleLines } from '../assess/stale-sessions.js';
import type { Plan } from '../model/plan.js';
import { memberOf } from '../model/view.js';
import { action, actionPolicy, bound, met, over, pending, type ActionInput, type PlanOf } from './action.js';
import { PLACES } from './places-shape.js';
import { placeOf } from './proxy-places.js';
import { shutSessions as shut } from './proxy-requests.js';

const AT = z.object({ servers: PLACES });

/** What `on-marked-down shutdown-sessions` does, for a proxy that was not told to: clients connect anew and are led to the leader. */
export const shutSessions = action({
  name: 'shut-sessions',
  params: AT,
  class: 'sessions',
  runbook: 'Automatic Failover > Failover Timeline',
  summary: 'cut the sessions that a proxy keeps on a former leader which it has found down',
  inverse: null,
  inverseNote: 'none needed: a client connects anew, and is led to the leader',
  refusals:
    'no leader is proven; the target leads, or is not proven to be no primary; the proxy has not found its server down, or a person closed it; no session is there',
  needs: () => ['proxy'],
  disruptsTarget: false,
  destroysCopy: false,
  bind: (input, target) => {
    const servers = tellable(input.view, staleLines(input.view, target)).map(placeOf);
    return servers.length === 0
      ? { kind: 'nothing', why: `no proxy that can be told keeps sessions on ${target}` }
      : bound({ servers });
  },
  alreadyTrue: (input, target) => staleLines(input.view, target).length === 0,
  refuse: notFormer,
  refuseLater: (input, plan) => {
    const why = notFormer(input, plan);
    return why === null ? null : over(why);
  },
  steps: ({ policy, routing }, plan: PlanOf<z.infer<typeof AT>>) =>
    plan.params.servers.map((place) => ({
      step: shut(place),
      whose: { place, members: [plan.target] },
      withinMs: actionPolicy(policy, 'shut-sessions').timeoutMs,
      expect: ({ view }) => {
        const server = placeText(routing, place);
        const row = lineAt(view, place)?.row;
        if (row === undefined) return pending(`${place.proxy} does not answer`);
        return row.sessions === 0 ? met(`${server} has no session`) : pending(`${server} has ${row.sessions} sessions`);
      },
    })),
});

/** Sessions on whatever may still be the primary are somebody's work. */
function notFormer({ view }: ActionInput, { target }: Plan): string | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return 'no leader is proven: clients would find none';
  if (leadership.member.name === target) return `${target} leads`;
  const member = memberOf(view, target);
  if (member === null) return `${target} is not a member of ours`;
  return isProvenNotPrimary(view, member) ? null : `${target} is not proven to be no primary`;
}
