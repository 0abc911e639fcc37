import { z } from 'zod';
import { PLACES } from './places-shape.js';
import { candidatesFor, successorsOf, whoMayLead } from '../assess/candidates.js';
import { isProvenNotPrimary } from '../assess/former-leader.js';
import { leadershipOf, replicasOf } from '../assess/leader.js';
import { lineAt, tellable } from '../assess/proxy-lines.js';
import { electsUnreached } from '../assess/reach.js';
import { streamingBy } from '../assess/replica.js';
import { strangersText } from '../assess/strangers.js';
import type { Plan } from '../model/plan.js';
import { runOf, runText } from '../model/power.js';
import type { ServerPlace } from '../model/proxy.js';
import { freshValue, isSilent } from '../model/reading.js';
import { memberOf, type MemberView } from '../model/view.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  notYet,
  pending,
  violated,
  type ActionInput,
  type ActionStep,
  type Sight,
  type PlanOf,
} from './action.js';
import { knownLoss } from './known-loss.js';
import { field, placeOf, unlessUsual, usualPlaces, writeLines } from './proxy-places.js';
import { setServer } from './proxy-requests.js';
import { ETCD_REACH_MS, keptTheKey, type NotOurs } from './whose-doing.js';

const KEY = z.object({
  modRevision: z.string(),
  configRevision: z.string().nullable().exactOptional(),
  hostId: z.string().nullable().exactOptional(),
  routed: z.boolean().exactOptional(),
  servers: PLACES.exactOptional(),
});
type Expedite = PlanOf<z.infer<typeof KEY>>;

/**
 * Ends the wait for a dead member's lease: one conditional deletion, after which Patroni elects as it always does. Everything here exists
 * to be sure that the member is dead. While Patroni elects, the proxy is told that it is down: a client that is led to a dead host waits for
 * its own timeout, one that is refused tries again at once. [design: expedite-failover; field-notes: 29 s against 4 s]
 */
export const expediteFailover = action({
  name: 'expedite-failover',
  params: KEY,
  class: 'leadership',
  runbook: 'Manual Failover Procedures > Forced Failover (Emergency)',
  summary: "delete a dead leader's key, so that Patroni elects a successor at once",
  inverse: null,
  inverseNote: 'none: a switchover back, when the old leader has rejoined',
  refusals:
    'API or SQL of the leader are not silent; the host driver does not prove it stopped in this very pass; a replica still streams, or none confirms that it does not; the key was written again; another container bears its name',
  needs: () => ['host', 'sql'],
  disruptsTarget: false,
  destroysCopy: false,
  leavesEvidence: true,
  awaitsSlowFacts: true,
  answersDeath: true,
  bringsForward: true,
  bind: (input, target) => {
    const keys = freshValue(input.view.dcs.keys);
    const leader = keys?.leader ?? null;
    if (leader?.holder !== target || leader.modRevision === null)
      return { kind: 'nothing', why: `${target} no longer holds the leader key` };
    const best = candidatesFor(input.view, input.memory, target).find((row) => row.against.length === 0);
    if (best === undefined)
      return { kind: 'nothing', stuck: true, why: `no replica may succeed ${target}: ${whyNobody(input, target)}` };
    const up = tellable(input.view, writeLines(input.view, target)).filter(({ row }) => row.up);
    const routed = up.length > 0;
    const places = routed ? unlessUsual(input.view, 'writes', target, up.map(placeOf)) : undefined;
    const configRevision = keys?.configRevision ?? null;
    return bound({
      modRevision: leader.modRevision,
      configRevision,
      hostId: hostIdOf(input, target),
      routed,
      ...field('servers', places),
    });
  },
  alreadyTrue: (input, target) => {
    const keys = freshValue(input.view.dcs.keys);
    return keys !== null && keys.leader.holder !== target;
  },
  refuse: (input, plan) => deathNotProven(input, plan.target) ?? staleBinding(input, plan),
  refuseLater: ({ view }, plan) => {
    const member = memberOf(view, plan.target);
    return member !== null && isProvenNotPrimary(view, member)
      ? null
      : notYet(`${plan.target} is no longer proven dead`);
  },
  loss: (input, plan) => knownLoss(input, plan.target),
  // The old leader may come back within its lease, and is reached.
  doubt: ({ view, memory }, plan) => electsUnreached(candidatesFor(view, memory, plan.target)),
  grounds: (input, plan) => whoMayLead(successorsOf(input.view, input.memory, plan.target)),
  steps: ({ policy, routing }, plan) => {
    const { timeoutMs: withinMs } = actionPolicy(policy, 'expedite-failover');
    const { modRevision, configRevision: asRead } = plan.params;
    const key = { holder: plan.target, modRevision, ...(asRead == null ? {} : { configRevision: asRead }) };
    const step = { port: 'dcs', call: 'delete-leader-key', ...key } as const;
    const places =
      plan.params.routed === true ? (plan.params.servers ?? usualPlaces(routing, 'writes', plan.target)) : [];
    const last = places.at(-1);
    const notOurs: NotOurs = ({ memory }, sentAtMs) => keptTheKey(memory, plan.target, sentAtMs, ETCD_REACH_MS);
    if (last === undefined) return [{ step, withinMs, notOurs, expect: (input) => succeeded(input, plan) }];
    return [
      { step, withinMs, notOurs, expect: (input) => released(input, plan) },
      ...places.slice(0, -1).map((place) => markDown(place, plan.target)),
      {
        step: setServer(last, 'health down'),
        whose: { place: last, members: [plan.target] },
        withinMs,
        goOnWhenLate: true,
        expect: (input) => succeeded(input, plan),
      },
    ];
  },
});

/** One proxy of several: the next one is not kept waiting for it. */
const markDown = (place: ServerPlace, member: string): ActionStep => ({
  step: setServer(place, 'health down'),
  whose: { place, members: [member] },
  withinMs: 1_000,
  goOnWhenLate: true,
  expect: ({ view }) => {
    const row = lineAt(view, place)?.row ?? null;
    if (row === null) return pending(`${place.proxy} did not answer`);
    return row.up ? pending(`${place.backend}/${place.server} is still up`) : met(`${place.proxy} knows`);
  },
});

/** The whole point: another member leads. What the proxy makes of it is for its own checks. */
function succeeded({ view }: ActionInput, plan: Plan): Sight {
  const leadership = leadershipOf(view);
  if (leadership.kind === 'proven' && leadership.member.name !== plan.target)
    return met(`${leadership.member.name} leads on timeline ${leadership.timeline ?? 'unknown'}`);
  if (leadership.kind === 'proven') return violated(`${plan.target} leads again`);
  // Its own death is answered as any other; a run that waited for it to lead would hold that up.
  const holder = memberOf(view, freshValue(view.dcs.keys)?.leader.holder ?? '');
  if (holder !== null && holder.name !== plan.target && isSilent(holder.api) && isSilent(holder.sql))
    return met(`${holder.name} took the leader key, and is silent since`);
  return pending(leadership.kind === 'none' ? 'the election is under way' : leadership.why);
}

/** The key is nobody's or another's. */
function released(input: ActionInput, plan: Plan): Sight {
  const keys = freshValue(input.view.dcs.keys);
  if (keys !== null && keys.leader.holder !== plan.target) return met(`the leader key is no longer ${plan.target}'s`);
  return succeeded(input, plan);
}

const hostIdOf = (input: ActionInput, name: string): string | null => {
  const member = memberOf(input.view, name);
  return member === null ? null : (freshValue(runOf(member))?.id ?? null);
};

const whyNobody = (input: ActionInput, target: string): string =>
  successorsOf(input.view, input.memory, target)
    .map((row) => `${row.name} ${row.against.join(', ')}`)
    .join('; ') || `there is no other member${strangersText(input.view) === null ? '' : ' that we see'}`;

/** Every channel must say dead; one that says nothing, or that was not asked, is not a proof. */
function deathNotProven(input: ActionInput, target: string): string | null {
  const member = memberOf(input.view, target);
  if (member === null) return `${target} is not a member of ours`;
  if (!isSilent(member.api)) return `the API of ${target} is not silent`;
  if (!isSilent(member.sql)) return `PostgreSQL on ${target} is not proven silent`;
  const host = freshValue(runOf(member));
  if (host === null) return `the host driver does not say in this pass what runs ${target}`;
  if (host.state !== 'stopped') return `${target} is ${runText(host)}`;
  // A wrong name in the configuration shows here: the container that we look at is stopped, and replicas still stream from the leader.
  const views = replicasOf(input.view).map((replica) => ({
    name: replica.name,
    by: streamingBy(input.view, replica),
    isLeftOver: isLeftOver(input, target, replica),
  }));
  const still = views.find(({ by, isLeftOver }) => (by.api === true || by.sql === true) && !isLeftOver);
  if (still !== undefined) return `${still.name} still streams from a leader`;
  const sure = views.filter(({ by, isLeftOver }) => by.sql === false || by.api === false || isLeftOver);
  return sure.length === 0 ? 'no replica confirms that it lost its leader' : null;
}

/**
 * We stopped the leader ourselves, and this stream has brought nothing since before that: off the network nobody tells a receiver that its
 * sender is gone, and it believes in it for `wal_receiver_timeout`. What still streams from a leader that lives has heard it since.
 */
function isLeftOver({ view, ledger }: ActionInput, target: string, replica: MemberView): boolean {
  const fence = ledger.fences.find((row) => row.member === target && !row.shadow);
  const ageMs = freshValue(replica.sql)?.walReceiver?.latestEndAgeMs ?? null;
  return fence !== undefined && ageMs !== null && view.atMs - ageMs < fence.sinceMs;
}

function staleBinding(input: ActionInput, plan: Expedite): string | null {
  const leader = freshValue(input.view.dcs.keys)?.leader ?? null;
  if (leader?.holder !== plan.target) return `${plan.target} no longer holds the leader key`;
  if (leader.modRevision !== plan.params.modRevision) return 'the leader key was written again';
  return hostIdOf(input, plan.target) === plan.params.hostId
    ? null
    : `another container now bears the name of ${plan.target}`;
}
