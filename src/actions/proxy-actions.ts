import { z } from 'zod';
import { isProvenNotPrimary } from '../assess/former-leader.js';
import { leadershipOf } from '../assess/leader.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { action, bound, met, notYet, pending, type ActionInput, type ActionStep, type PlanOf } from './action.js';
import { WE_FENCED } from './permits.js';
import { primaryServerOf } from './proxy-server.js';

/** The member leads again, or follows: its line in the primary pool is given back to the health checks. */
export const openTraffic = action({
  name: 'open-traffic',
  params: z.object({}),
  class: 'traffic',
  runbook: 'Emergency Procedures > Split-Brain Prevention',
  summary: 'give a fenced member that has rejoined back to the health checks of the proxy',
  inverse: 'fence-member',
  inverseNote: 'fenced again if it is a rogue again',
  refusals: 'the fence is not ours',
  releases: 'fence',
  permits: { window: WE_FENCED },
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  bind: (input, target) =>
    input.ledger.fences.some((fence) => fence.member === target)
      ? bound({})
      : { kind: 'nothing', why: `${target} was not fenced by us` },
  alreadyTrue: (input, target) => !input.ledger.fences.some((fence) => fence.member === target),
  refuse: (input, plan) =>
    input.ledger.fences.some((fence) => fence.member === plan.target) ? null : `${plan.target} was not fenced by us`,
  steps: ({ pools }, plan) =>
    pools === null
      ? []
      : [
          {
            step: { port: 'proxy', command: `set server ${pools.primary}/${plan.target} state ready` },
            withinMs: 15_000,
            expect: ({ view }) => {
              const row = primaryServerOf(view, plan.target);
              return row?.admin.maint === false
                ? met(`${pools.primary}/${plan.target} is open to the health checks (${row.status} now)`)
                : pending('the proxy has not taken it yet');
            },
          },
        ],
});

const DOWN = z.object({ down: z.array(z.string()).readonly() });
type Nudge = PlanOf<z.infer<typeof DOWN>>;

/** Tells the proxy of a proven new leader; its own checks go on and have the last word. [field-notes: leader killed] */
export const proxyNudge = action({
  name: 'proxy-nudge',
  params: DOWN,
  class: 'traffic',
  runbook: 'Automatic Failover > Failover Timeline',
  settlesLeadership: () => true,
  summary: 'mark a proven new leader up in the proxy, and the old one down',
  inverse: null,
  inverseNote: "none needed: the proxy's own checks correct it within seconds",
  refusals:
    'the target is not the proven leader; a server that would be called down lives and is not proven to be no primary',
  needs: () => ['proxy'],
  disruptsTarget: false,
  destroysCopy: false,
  bind: (input, target) => {
    const others = (freshValue(input.view.proxy)?.servers ?? [])
      .filter((row) => row.backend === input.view.pools?.primary && row.server !== target && row.up && !row.admin.maint)
      .map((row) => row.server)
      .filter((name) => mayBeCalledDown(input, name));
    return bound({ down: others });
  },
  alreadyTrue: (input, target) => primaryServerOf(input.view, target)?.up === true,
  refuse: notTheNewLeader,
  refuseLater: (input, plan) => {
    const no = notTheNewLeader(input, plan);
    return no === null ? null : notYet(no);
  },
  steps: ({ pools }, plan) => {
    if (pools === null) return [];
    return [
      health(pools.primary, plan.target, 'up'),
      ...plan.params.down.map((name) => health(pools.primary, name, 'down')),
    ];
  },
});

function notTheNewLeader(input: ActionInput, plan: Nudge): string | null {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven' || leadership.member.name !== plan.target)
    return `${plan.target} is not the proven leader`;
  const alive = plan.params.down.find((name) => !mayBeCalledDown(input, name));
  return alive === undefined ? null : `${alive} lives and is not proven to be no primary`;
}

/** A server that might still be the primary of somebody's sessions is left to the proxy's own checks; so is one that is not ours. */
function mayBeCalledDown(input: ActionInput, name: string): boolean {
  const member = memberOf(input.view, name);
  return member !== null && isProvenNotPrimary(input.view, member);
}

const health = (pool: string, name: string, state: 'up' | 'down'): ActionStep => ({
  step: { port: 'proxy', command: `set server ${pool}/${name} health ${state}` },
  withinMs: 10_000,
  expect: ({ view }) => {
    const row = primaryServerOf(view, name);
    if (row === null) return pending('the proxy did not answer');
    return row.up === (state === 'up')
      ? met(`${pool}/${name} is ${row.status}`)
      : pending(`${pool}/${name} is not ${state} yet (${row.status} now)`);
  },
});
