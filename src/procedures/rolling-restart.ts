import { z } from 'zod';
import { lagFiguresOf } from '../assess/lag-figures.js';
import { isPaused, leaderKeyHolder } from '../assess/leader.js';
import { isStreaming } from '../assess/replica.js';
import { memberName } from '../model/names.js';
import type { ActionStage } from '../model/procedure-run.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import type { ProcedureInput, ProcedureRecord } from './procedure.js';
import { handOver, onMember } from './stages.js';

const shape = z.object({
  /** Replicas in the order in which they are restarted. */
  order: z.array(z.string()),
  /** Who led when it began: it comes last. */
  leader: z.string(),
  /** When the server process of each began, as it was found: whose began at another time by now has been restarted, whatever the clocks say. */
  was: z.record(z.string(), z.number()),
  back: z.boolean(),
});
type RollingRestartGoal = z.infer<typeof shape>;

/** When the server process of a member began, by Patroni or by SQL; null: nobody says. */
function startedAt(member: MemberView | null): number | null {
  if (member === null) return null;
  return freshValue(member.api)?.postmasterStartedAtMs ?? freshValue(member.sql)?.startedAtMs ?? null;
}

/** SQL and Patroni tell one moment with a small difference. */
const SAME_MS = 1_000;

/** What nobody can tell counts as old: it is waited for, not passed over. */
function isOld(view: ClusterView, name: string, { was }: RollingRestartGoal): boolean {
  const began = startedAt(memberOf(view, memberName(name)));
  return began === null || Math.abs(began - (was[name] ?? 0)) < SAME_MS;
}

const lagOf = (view: ClusterView, member: MemberView): number => lagFiguresOf(view, member)[0]?.lagBytes ?? 0;

const restart = (name: string): ActionStage => onMember('restart-member', name, `restart ${name}`);

const handBack = (to: string): ActionStage => ({
  kind: 'action',
  key: `switchover to ${to}`,
  action: 'switchover',
  target: null,
  candidate: to,
  leader: null,
  text: `hand leadership back to ${to}`,
});

/** Runbook, Maintenance Operations > Rolling Restart: replicas first, then leadership goes to one of them, then the former leader. */
export const rollingRestart: ProcedureRecord<RollingRestartGoal> = {
  name: 'rolling-restart',
  shape,
  goal: ({ view }, { back }) => {
    const leader = leaderKeyHolder(view);
    if (leader === null)
      return { kind: 'refused', why: 'nobody leads: a rolling restart begins with a cluster that is well' };
    const others = view.members.filter(({ name }) => name !== leader);
    if (others.length === 0)
      return {
        kind: 'refused',
        why: `${leader} is the only member: a restart of it is an outage, and no switchover helps`,
      };
    const order = [...others].sort((left, right) => lagOf(view, right) - lagOf(view, left)).map(({ name }) => name);
    const began = view.members.map((member) => ({ name: member.name, atMs: startedAt(member) }));
    const silent = began.find(({ atMs }) => atMs === null);
    if (silent !== undefined)
      return {
        kind: 'refused',
        why: `nobody says when PostgreSQL on ${silent.name} was started, so that its restart could not be seen`,
      };
    const was = Object.fromEntries(began.map(({ name, atMs }) => [name, atMs ?? 0]));
    return { kind: 'goal', goal: { order, leader, was, back } };
  },
  refuse: ({ view }, goal) => {
    if (isPaused(view)) return 'Patroni is paused: it hands leadership over to nobody; patronictl resume';
    const holder = leaderKeyHolder(view);
    if (holder === null) return 'nobody leads';
    for (const name of [...goal.order, goal.leader]) {
      const member = memberOf(view, memberName(name));
      if (member === null) return `${name} is not a member any more`;
      if (startedAt(member) === null) return `nobody says when PostgreSQL on ${name} was started`;
      if (name !== holder && !isStreaming(view, member)) return `${name} does not stream`;
    }
    return null;
  },
  *remaining({ view }: ProcedureInput, goal) {
    const holder = leaderKeyHolder(view);
    const old = [...goal.order, goal.leader].filter((name) => isOld(view, name, goal));
    for (const name of old) if (name !== holder) yield restart(name);
    if (holder !== null && old.includes(holder)) {
      yield handOver(holder, null);
      // Patroni restarts whom it demotes: then this falls away.
      yield { ...restart(holder), text: `restart ${holder}, unless the switchover has` };
    }
    if (goal.back && (holder !== goal.leader || old.includes(holder))) yield handBack(goal.leader);
  },
  leaves: ({ view }, goal) => {
    const old = [...goal.order, goal.leader].filter((name) => isOld(view, name, goal));
    const leads = `${leaderKeyHolder(view) ?? 'nobody'} leads`;
    return old.length === 0 ? `every member was restarted; ${leads}` : `not restarted: ${old.join(', ')}; ${leads}`;
  },
};
