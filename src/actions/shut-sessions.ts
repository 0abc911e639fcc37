import { z } from 'zod';
import { isProvenNotPrimary } from '../assess/former-leader.js';
import { leadershipOf } from '../assess/leader.js';
import { lineAt, memberLines, placeText, tellable } from '../assess/proxy-lines.js';
import { isHeld } from '../assess/rotation.js';
import { staleLines } from '../assess/stale-sessions.js';
import { isInFlight } from '../model/ledger.js';
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
  refuseLater: (input, plan: PlanOf<z.infer<typeof AT>>) => {
    const why = notFormer(input, plan) ?? notStale(input, plan);
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

/** Between two steps a server came up or was closed by a person: its sessions are no longer ours to cut. Without its line nobody can tell. */
function notStale({ view, ledger }: ActionInput, plan: PlanOf<z.infer<typeof AT>>): string | null {
  const run = ledger.remediations.find(
    (one) => isInFlight(one) && one.plan.action === plan.action && one.plan.target === plan.target,
  );
  const place = run === undefined ? undefined : plan.params.servers[run.stepIndex];
  const row = place === undefined ? undefined : lineAt(view, place)?.row;
  if (place === undefined || row === undefined) return null;
  // One that is down and whose clients have gone by themselves is no reason to end half done.
  const isDown = memberLines(view, 'writes', plan.target).some((line) => line.row === row) && !row.up && !isHeld(row);
  return isDown
    ? null
    : `${placeText(view.proxies, place)} is ${row.status} with ${row.sessions} sessions, and no longer to be cut`;
}

/** Sessions on whatever may still be the primary are somebody's work. */
function notFormer({ view }: ActionInput, { target }: Plan): string | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return 'no leader is proven: clients would find none';
  if (leadership.member.name === target) return `${target} leads`;
  const member = memberOf(view, target);
  if (member === null) return `${target} is not a member of ours`;
  return isProvenNotPrimary(view, member) ? null : `${target} is not proven to be no primary`;
}
