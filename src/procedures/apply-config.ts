import { z } from 'zod';
import { configNow } from '../actions/cluster-config.js';
import { isPaused, leaderKeyHolder } from '../assess/leader.js';
import { lagFiguresOf } from '../assess/lag-figures.js';
import { isStreaming } from '../assess/replica.js';
import { isInForce } from '../assess/settings.js';
import { holds, isSameValue, patchOf, valueAt } from '../model/config-patch.js';
import { memberName } from '../model/names.js';
import type { Json } from '../model/plan.js';
import type { ActionStage, Stage, WaitStage } from '../model/procedure-run.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { restartsFor, settingsOf, waitsForThese, waysOf, whyNothingToDo } from './config-order.js';
import { changesOf, parameterOf, valueOf, wantedOf, whyNotTaken, type Change } from './config-rules.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { handOver, onMember, waitFor } from './stages.js';

const json = z.json() as z.ZodType<Json>;

const shape = z.object({
  patch: z.record(z.string(), json),
  /** The configuration that the difference was shown to. */
  revision: z.string(),
  /** Names with the value of before and after; null: none. */
  changes: z.array(z.object({ name: z.string(), before: json, after: json })),
  /** Parameters of PostgreSQL among them, and the value that is to be in force; null: whatever the server's default is. */
  settings: z.array(z.string()),
  wanted: z.record(z.string(), json),
  /** Those of them that take a restart. */
  restart: z.array(z.string()),
  /** A setting falls that a standby must have at least as high as its primary: the leader is restarted first, where it stands. */
  leaderFirst: z.boolean(),
  leader: z.string(),
  order: z.array(z.string()),
  /** When the server process of each began; who does not say is absent. */
  was: z.record(z.string(), z.number()),
});
type ApplyGoal = z.infer<typeof shape>;

/** As it is typed in a shell. */
function asArgument({ name, after }: ApplyGoal['changes'][number]): string {
  const isPlain = typeof after === 'string' && valueOf(after) === after;
  const text = `${name}=${isPlain ? after : JSON.stringify(after)}`;
  return `--set ${/^[\w.=:/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`}`;
}

const refused = <G>(why: string): Goal<G> => ({ kind: 'refused', why });

function goalOf({ view, ledger }: ProcedureInput, changes: readonly Change[]): Goal<ApplyGoal> {
  const now = configNow(view);
  if (typeof now === 'string') return refused(now);
  const patch = patchOf(changes.map(({ name, value }) => [name, value] as const));
  const holder = leaderKeyHolder(view);
  const leader = holder === null ? null : memberOf(view, holder);
  if (leader === null) return refused('nobody leads: a change of the configuration begins with a cluster that is well');
  const no = whyNotTaken(changes, { document: now.document, patch, settings: settingsOf(leader) });
  if (no !== null) return refused(no);
  const differing = changes.filter(({ name, value }) => !isSameValue(valueAt(now.document, name), value));
  const ways = waysOf(changes, leader, view);
  if (ways.size > 1)
    return refused(
      'of what a standby must have at least as high as its primary one falls and another rises: what rises goes to the replicas first, what falls to the leader; apply them one after the other',
    );
  const wanted = Object.fromEntries(
    changes.flatMap(({ name, value }) => {
      const parameter = parameterOf(name);
      return parameter === null ? [] : [[parameter, wantedOf(parameter, value)] as const];
    }),
  );
  const restart = restartsFor(view, wanted);
  if (differing.length === 0 && restart.length === 0) return refused(whyNothingToDo(view, wanted));
  const asked = { now, names: Object.keys(wanted) };
  const pending = view.members.find(
    (member) => freshValue(member.api)?.pendingRestart === true && !waitsForThese(member, ledger, asked),
  );
  if (restart.length > 0 && pending !== undefined)
    return refused(
      `a restart is pending on ${pending.name} already, for something else as far as is known: ekimi run-procedure rolling-restart first`,
    );
  return {
    kind: 'goal',
    goal: {
      patch,
      revision: now.revision,
      changes: changes.map(({ name, value }) => ({ name, before: valueAt(now.document, name) ?? null, after: value })),
      settings: Object.keys(wanted),
      wanted,
      restart: [...restart],
      leaderFirst: ways.has('falls') || view.members.length === 1,
      leader: leader.name,
      order: view.members.flatMap(({ name }) => (name === leader.name ? [] : [name])),
      was: Object.fromEntries(
        view.members.flatMap((member) => {
          const began = startedAt(member);
          return began === null ? [] : [[member.name, began]];
        }),
      ),
    },
  };
}

const written = (view: ClusterView, { patch }: ApplyGoal): boolean => {
  const now = configNow(view);
  return typeof now !== 'string' && holds(now.document, patch);
};

const startedAt = (member: MemberView | null): number | null =>
  member === null ? null : (freshValue(member.api)?.postmasterStartedAtMs ?? null);

/** By Patroni's word alone: restarted since, and nothing is pending. For the moment after a restart in which SQL does not answer yet. */
function wasRestarted(member: MemberView, { was }: ApplyGoal): boolean {
  const began = startedAt(member);
  const before = was[member.name];
  return began !== null && before !== undefined && began !== before && freshValue(member.api)?.pendingRestart === false;
}

/** It runs with what is wanted; what nobody can tell is not so. */
function runsWith(view: ClusterView, name: string, goal: ApplyGoal, names: readonly string[]): boolean {
  const member = memberOf(view, memberName(name));
  if (member === null) return false;
  const rows = settingsOf(member);
  if (rows === null) return wasRestarted(member, goal);
  return names.every((parameter) => {
    const row = rows[parameter] ?? null;
    const value = goal.wanted[parameter] ?? null;
    // The server does not know it, or has it back from its default: what Patroni says of a restart is all there is.
    if (row === null || value === null) return freshValue(member.api)?.pendingRestart === false;
    return isInForce(row, value);
  });
}

/** Its Patroni has taken the change over: it is in force, or waits for a restart by its own word. */
function hasTaken(view: ClusterView, name: string, goal: ApplyGoal): boolean {
  const member = memberOf(view, memberName(name));
  const reloaded = goal.settings.filter((one) => !goal.restart.includes(one));
  if (!runsWith(view, name, goal, reloaded)) return false;
  if (goal.restart.length === 0 || runsWith(view, name, goal, goal.restart)) return true;
  return member !== null && freshValue(member.api)?.pendingRestart === true;
}

const everybody = ({ order, leader }: ApplyGoal): readonly string[] => [...order, leader];

const shown = (value: Json): string =>
  value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);

function changeText({ changes, restart }: ApplyGoal): string {
  const each = changes.map(({ name, before, after }) => {
    const parameter = parameterOf(name);
    const takes = parameter !== null && restart.includes(parameter) ? ' (restart)' : '';
    return `${name} ${shown(before)} -> ${shown(after)}${takes}`;
  });
  return `change ${each.join(', ')}`;
}

/** On the configuration that was shown; on another one it is another stage, which a person has not agreed to. */
function writing(view: ClusterView, goal: ApplyGoal): ActionStage {
  const now = configNow(view);
  const revision = typeof now === 'string' ? goal.revision : now.revision;
  const isShown = revision === goal.revision;
  return {
    kind: 'action',
    key: isShown ? 'patch-config' : `patch-config over mod revision ${revision}`,
    action: 'patch-config',
    target: null,
    candidate: null,
    leader: null,
    text: `${changeText(goal)}${isShown ? '' : `, on what somebody else has written meanwhile (mod revision ${revision})`}`,
    parameters: { patch: goal.patch, configRevision: revision },
  };
}

const LEAST_WAIT_MS = 60_000;

function taking(view: ClusterView, goal: ApplyGoal, who: readonly string[]): WaitStage {
  const loops =
    view.config.kind === 'unknown' ? 0 : 3 * view.config.value.loopWaitMs + view.config.value.retryTimeoutMs;
  const where = who.length === everybody(goal).length ? 'every member has it' : `${who.join(', ')} have it, too`;
  const text = `wait until ${where} (a member may set it otherwise in its own patroni.yml)`;
  return waitFor('every member has it', text, Math.max(LEAST_WAIT_MS, loops));
}

/** Behind by less than this they have replayed what the leader wrote when it started. */
const REPLAYED_BYTES = 1024 ** 2;

const isBehind = (view: ClusterView, name: string): boolean => {
  const member = memberOf(view, memberName(name));
  if (member === null) return true;
  return (lagFiguresOf(view, member)[0]?.lagBytes ?? Infinity) > REPLAYED_BYTES;
};

function* leaderFirst(view: ClusterView, goal: ApplyGoal, old: readonly string[]): Generator<Stage> {
  const holder = leaderKeyHolder(view) ?? goal.leader;
  const replicas = old.filter((name) => name !== holder);
  const isLeaderOld = old.includes(holder);
  if (isLeaderOld)
    yield onMember('restart-leader', holder, `restart ${holder} where it leads: what falls has to fall there first`);
  // A standby that starts before it has replayed the leader's lower value keeps the old one, and waits for a restart for ever.
  if (replicas.length > 0 && (isLeaderOld || replicas.some((name) => isBehind(view, name))))
    yield waitFor(
      'replicas have replayed it',
      `wait until ${replicas.join(', ')} have replayed the leader's new value`,
      5 * 60_000,
    );
  for (const name of replicas) yield onMember('restart-member', name, `restart ${name}`);
}

function* replicasFirst(view: ClusterView, goal: ApplyGoal, old: readonly string[]): Generator<Stage> {
  const holder = leaderKeyHolder(view) ?? goal.leader;
  for (const name of old) if (name !== holder) yield onMember('restart-member', name, `restart ${name}`);
  if (!old.includes(holder)) return;
  yield handOver(holder, null);
  yield onMember('restart-member', holder, `restart ${holder}, unless the switchover has`);
}

/** Runbook, Maintenance Operations > Configuration Changes: the change itself, then whoever needs a restart for it, in the order that PostgreSQL needs. */
export const applyConfig: ProcedureRecord<ApplyGoal> = {
  name: 'apply-config',
  shape,
  settings: ({ parameters }) =>
    Object.keys(parameters).flatMap((name) => {
      const parameter = parameterOf(name);
      return parameter === null ? [] : [parameter];
    }),
  goal: (input, { parameters }) => goalOf(input, changesOf(parameters)),
  refuse: ({ view }, goal) => {
    if (isPaused(view))
      return 'Patroni is paused: it hands leadership over to nobody; ekimi run-procedure resume-cluster';
    const holder = leaderKeyHolder(view);
    if (holder === null) return 'nobody leads';
    const now = configNow(view);
    if (typeof now === 'string') return now;
    for (const name of everybody(goal)) {
      const member = memberOf(view, memberName(name));
      if (member === null) return `${name} is not a member any more`;
      if (goal.restart.length > 0 && name !== holder && !isStreaming(view, member)) return `${name} does not stream`;
    }
    return null;
  },
  *remaining({ view }, goal) {
    const isWritten = written(view, goal);
    if (!isWritten) yield writing(view, goal);
    const all = everybody(goal);
    const waiting = isWritten ? all.filter((name) => !hasTaken(view, name, goal)) : all;
    if (goal.settings.length > 0 && waiting.length > 0) yield taking(view, goal, waiting);
    if (goal.restart.length === 0) return;
    const old = isWritten ? all.filter((name) => !runsWith(view, name, goal, goal.restart)) : all;
    yield* goal.leaderFirst ? leaderFirst(view, goal, old) : replicasFirst(view, goal, old);
  },
  leaves: ({ view }, goal) => {
    if (!written(view, goal)) return 'the configuration is not changed';
    const old =
      goal.restart.length === 0 ? [] : everybody(goal).filter((name) => !runsWith(view, name, goal, goal.restart));
    const text = changeText(goal).replace('change', 'changed:');
    return old.length === 0 ? text : `${text}; not restarted: ${old.join(', ')}, which run with the old value`;
  },
  onward: (_, { changes }) => `ekimi run-procedure apply-config ${changes.map(asArgument).join(' ')}`,
};
