import { z } from 'zod';
import { lagFiguresOf } from '../assess/lag-figures.js';
import { isPaused, leaderKeyHolder } from '../assess/leader.js';
import { isStreaming } from '../assess/replica.js';
import { memberName } from '../model/names.js';
import type { ActionStage, Stage } from '../model/procedure-run.js';
import { freshValue, recentValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { awaitStream, follows, handOver, isStopped, onMember, startStage, takenFrom } from './stages.js';

/** PostgreSQL alone, by Patroni; or Patroni with its PostgreSQL: what the host driver runs, a container or a unit. */
const WHAT = z.enum(['postgresql', 'patroni']);
type What = z.infer<typeof WHAT>;

const shape = z.object({
  /** Replicas in the order in which they are restarted. */
  order: z.array(z.string()),
  /** Who led when it began: it comes last. */
  leader: z.string(),
  /** When what is restarted began on each, as it was found: what began at another time by now has been restarted, whatever the clocks say. */
  was: z.record(z.string(), z.number()),
  back: z.boolean(),
  /** Absent in runs of before: PostgreSQL. */
  what: WHAT.default('postgresql'),
});
type RollingRestartGoal = z.infer<typeof shape>;

const PARTS: Readonly<Record<What, string>> = { postgresql: 'PostgreSQL', patroni: 'Patroni' };

/** When the server process of a member began, by Patroni or by SQL, or what its host driver runs; null: nobody says. */
function startedAt(member: MemberView | null, what: What): number | null {
  if (member === null) return null;
  if (what === 'patroni') return recentValue(member.host)?.startedAtMs ?? null;
  return freshValue(member.api)?.postmasterStartedAtMs ?? freshValue(member.sql)?.startedAtMs ?? null;
}

/** SQL and Patroni tell one moment with a small difference. */
const SAME_MS = 1_000;

/** What nobody can tell counts as old: it is waited for, not passed over. */
function isOld(view: ClusterView, name: string, { was, what }: RollingRestartGoal): boolean {
  const member = memberOf(view, memberName(name));
  if (what === 'patroni' && isStopped(member)) return true;
  const began = startedAt(member, what);
  return began === null || Math.abs(began - (was[name] ?? 0)) < SAME_MS;
}

const lagOf = (view: ClusterView, member: MemberView): number => lagFiguresOf(view, member)[0]?.lagBytes ?? 0;

const restart = (name: string): ActionStage => onMember('restart-member', name, `restart ${name}`);

/** What is left of stopping a replica and starting it again, until it streams. Not `restart`: a driver kills what does not stop in seconds. */
function* patroniAnew(view: ClusterView, name: string, goal: RollingRestartGoal): Generator<Stage> {
  const isDown = isStopped(memberOf(view, memberName(name)));
  const old = isOld(view, name, goal);
  if (old && !isDown) yield onMember('stop-member', name, `stop Patroni and PostgreSQL on ${name}`);
  if (old) yield startStage(name);
  if (old || !follows(view, name)) yield awaitStream(name);
}

const namesOf = ({ order, leader }: RollingRestartGoal): readonly string[] => [...order, leader];

/** By their host drivers, which are asked for a restart of Patroni alone. */
const stoppedIn = (view: ClusterView, goal: RollingRestartGoal): readonly string[] =>
  goal.what === 'patroni' ? namesOf(goal).filter((name) => isStopped(memberOf(view, memberName(name)))) : [];

/** What is left on each that was found at the start, whoever leads by now. */
function* patroniOnAll(view: ClusterView, goal: RollingRestartGoal): Generator<Stage> {
  const holder = leaderKeyHolder(view);
  // Before all else, whatever became of the others meanwhile: nobody else would start it, and it may be needed.
  const down = stoppedIn(view, goal).filter((name) => name !== holder);
  if (down.length > 0) return yield* down.map(startStage);
  for (const name of namesOf(goal)) if (name !== holder) yield* patroniAnew(view, name, goal);
  if (holder === null || !isOld(view, holder, goal)) return;
  yield handOver(holder, null);
  yield* patroniAnew(view, holder, goal);
}

function* postgresOnAll(view: ClusterView, goal: RollingRestartGoal): Generator<Stage> {
  const holder = leaderKeyHolder(view);
  const old = namesOf(goal).filter((name) => isOld(view, name, goal));
  for (const name of old) if (name !== holder) yield restart(name);
  if (holder === null || !old.includes(holder)) return;
  yield handOver(holder, null);
  // Patroni restarts whom it demotes: then this falls away.
  yield { ...restart(holder), text: `restart ${holder}, unless the switchover has` };
}

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
  goal: ({ view, ledger }, { back, parameters }) => {
    const what = WHAT.safeParse(parameters['what'] ?? 'postgresql').data;
    if (what === undefined)
      return {
        kind: 'refused',
        why: `what is ${JSON.stringify(parameters['what'])}: it is ${WHAT.options.join(' or ')}`,
      };
    const why = what === 'patroni' ? whyNotStoppable({ view, ledger }) : null;
    return why === null ? goalOf(view, back, what) : { kind: 'refused', why };
  },
  refuse: ({ view }, goal) => {
    if (isPaused(view)) return 'Patroni is paused: it hands leadership over to nobody; patronictl resume';
    const holder = leaderKeyHolder(view);
    if (holder === null) return 'nobody leads';
    // The start of one that this run stopped waits for nobody's stream.
    if (stoppedIn(view, goal).length > 0) return null;
    for (const name of namesOf(goal)) {
      const member = memberOf(view, memberName(name));
      if (member === null) return `${name} is not a member any more`;
      // One that was just started is what the run is about: its stage waits for it.
      if (goal.what === 'patroni' && !isOld(view, name, goal)) continue;
      if (startedAt(member, goal.what) === null) return unsaid(name, goal.what);
      if (name !== holder && !isStreaming(view, member)) return `${name} does not stream`;
    }
    return null;
  },
  *remaining({ view }: ProcedureInput, goal) {
    const holder = leaderKeyHolder(view);
    yield* goal.what === 'patroni' ? patroniOnAll(view, goal) : postgresOnAll(view, goal);
    const isLeaderOld = holder !== null && isOld(view, holder, goal);
    if (goal.back && (holder !== goal.leader || isLeaderOld)) yield handBack(goal.leader);
  },
  leaves: ({ view }, goal) => {
    const old = namesOf(goal).filter((name) => isOld(view, name, goal));
    const down = stoppedIn(view, goal);
    return [
      old.length === 0 ? 'every member was restarted' : `not restarted: ${old.join(', ')}`,
      ...down.map((name) => `${name} is stopped`),
      `${leaderKeyHolder(view) ?? 'nobody'} leads`,
    ].join('; ');
  },
  onward: ({ view }, goal) => {
    const first = stoppedIn(view, goal).map((name) => `ekimi run-procedure start-member ${name}, then `);
    const back = goal.back ? ' --back' : '';
    const alone = '; ekimi run-procedure restart-member NAME restarts one replica alone';
    const [what, one] = goal.what === 'patroni' ? [' --set what=patroni', ''] : ['', alone];
    return `${first.join('')}ekimi run-procedure rolling-restart${back}${what}, which restarts every member again${one}`;
  },
};

const stoppedText = (name: string): string => `${name} is stopped: ekimi run-procedure start-member ${name}`;

/** Who is stopped already, or is not Ekimi's: a restart of all would start it. */
function whyNotStoppable({ view, ledger }: Pick<ProcedureInput, 'view' | 'ledger'>): string | null {
  const down = view.members.find(isStopped);
  if (down !== undefined) return stoppedText(down.name);
  return view.members.map(({ name }) => takenFrom(ledger, name)).find((why) => why !== null) ?? null;
}

const unsaid = (name: string, what: What): string =>
  `nobody says when ${PARTS[what]} on ${name} was started${what === 'patroni' ? ': its host driver has to' : ''}`;

function goalOf(view: ClusterView, back: boolean, what: What): Goal<RollingRestartGoal> {
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
  const began = view.members.map((member) => ({ name: member.name, atMs: startedAt(member, what) }));
  const silent = began.find(({ atMs }) => atMs === null);
  if (silent !== undefined)
    return { kind: 'refused', why: `${unsaid(silent.name, what)}, so that its restart could not be seen` };
  const was = Object.fromEntries(began.map(({ name, atMs }) => [name, atMs ?? 0]));
  return { kind: 'goal', goal: { order, leader, was, back, what } };
}
