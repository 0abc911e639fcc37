import { diskOf } from '../assess/room.js';
import { z } from 'zod';
import { candidatesFor } from '../assess/candidates.js';
import { whyNoRoomBeside } from '../assess/copy-beside.js';
import { whyNoCopy } from '../assess/copy-proof.js';
import { whyCorrupt } from '../assess/corruption.js';
import { isPaused, leaderKeyHolder, leadershipOf } from '../assess/leader.js';
import { silentProxies } from '../assess/proxy-lines.js';
import { healthyReplicas } from '../assess/replica.js';
import { heldPlaces, openPlaces, placeKey, untoldProxies } from '../actions/servers.js';
import { PLACES } from '../actions/places-shape.js';
import { asidesOf, asideSuffix } from '../model/aside.js';
import { sentFor, type Ledger } from '../model/ledger.js';
import { memberName } from '../model/names.js';
import type { ActionName } from '../model/plan.js';
import type { ProcedureRun } from '../model/procedure-run.js';
import type { ServerPlace } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import {
  answers,
  closing,
  hostOf,
  isMoved,
  movingAside,
  opening,
  tooFewWithout,
  untilThen,
  waitCopy,
} from './member-stages.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { follows, handOver, onMember, takenFrom, waitFor } from './stages.js';

const shape = z.object({
  member: z.string(),
  /** Its old directory becomes NAME.`suffix`. */
  suffix: z.string(),
  /** Servers of it that were open when the run began: these are opened in the end, and no other. */
  servers: PLACES,
});
type RebuildGoal = z.infer<typeof shape>;

/** A new copy is read for its counter with the next look at it. */
const VERIFY_MS = 120_000;

/** What a run that was ended left behind counts as its doing for so long. */
const LEFT_BEHIND_MS = 86_400_000;

/** What stops a member or starts it again. */
const STOPS_AND_STARTS: readonly ActionName[] = ['stop-member', 'start-member', 'begin-copy'];

/** Who leads in its place: the best of those that show no wrong page themselves; null: nobody. */
function successor({ view, memory, policy }: ProcedureInput, leader: string): string | null {
  const healthy = healthyReplicas(view, policy.lag.criticalBytes);
  const fit = candidatesFor(view, memory, leader).find(({ name, against, unreached }) => {
    const member = healthy.find((one) => one.name === name);
    return against.length === 0 && unreached === null && member !== undefined && whyCorrupt(member, memory) === null;
  });
  return fit?.name ?? null;
}

const leads = ({ view }: ProcedureInput, name: string): boolean => leaderKeyHolder(view) === name;

/** Why its copy would not come about, or from whom it would bring the same fault along; null: nothing is known against it. */
function whyNoSource(input: ProcedureInput, name: string, isStopped = false): string | null {
  const { view } = input;
  const member = memberOf(view, memberName(name));
  const leadership = leadershipOf(view);
  if (member === null || leadership.kind !== 'proven') return 'nobody is proven to lead: there is nothing to copy';
  if (leads(input, name))
    return successor(input, name) === null
      ? `${name} leads, and nobody else may: a successor runs, streams, replays within lag.critical, counted no checksum failure and is not out of reach of every proxy`
      : whyNoRoomBeside(input, member, leadership.member);
  // Whoever may run a statement could else keep a member down that was stopped for this.
  const wrong = whyCorrupt(leadership.member, input.memory, !isStopped);
  if (wrong !== null) return `${wrong} and leads: a copy of it would bring wrong pages along; rebuild it first`;
  const no = whyNoCopy(input, member);
  // Of a container that does not run nobody reads the disk; that there is room was asked before it was stopped.
  return no ?? (isStopped && diskOf(member) === null ? null : whyNoRoomBeside(input, member, leadership.member));
}

/** What must hold as long as nothing was stopped. */
const whyNot = (input: ProcedureInput, name: string): string | null =>
  tooFewWithout(input, name) ?? untoldProxies(input.view, name) ?? whyNoSource(input, name);

function bind(input: ProcedureInput, member: string): Goal<RebuildGoal> {
  const { view, ledger, nowMs } = input;
  const refused = (why: string) => ({ kind: 'refused', why }) as const;
  if (memberOf(view, memberName(member)) === null)
    return refused(`${member} is not configured; configured are ${view.members.map((row) => row.name).join(', ')}`);
  const host = hostOf(view, member);
  if (host === null) return refused(`the host driver does not say what runs ${member}: it cannot be stopped`);
  if (host.state !== 'running' && host.state !== 'stopped')
    return refused(`${member} is ${host.state} by its host driver`);
  if (asidesOf(view, member) === null) return refused(whyNoAside(input, member));
  // Whether there is room was asked before that stop, and nobody reads the disk of what does not run.
  const goesOn = host.state === 'stopped' && isStoppedBy(ledger, endedBefore(input, member), member);
  const no = takenFrom(ledger, member) ?? (goesOn ? whyNoSource(input, member, true) : whyNot(input, member));
  if (no !== null) return refused(no);
  return { kind: 'goal', goal: { member, suffix: asideSuffix(nowMs), servers: toOpenAgain(input, member) } };
}

/** It had this member for its purpose. What was only offered, and not begun, did nothing to it. */
function wasAbout({ goal, proposed }: ProcedureRun, member: string): boolean {
  const { members } = goal;
  const isNamed = goal['member'] === member || (Array.isArray(members) && members.includes(member));
  return isNamed && (proposed === undefined || proposed.word === 'accepted');
}

/** Runs of this kind that were ended within a day before their end. No other run was about this member since: what they left is as they left it. */
function endedBefore({ ledger, nowMs }: ProcedureInput, member: string): readonly ProcedureRun[] {
  const runs = (ledger.procedures ?? []).filter((run) => wasAbout(run, member));
  const other = runs.findLastIndex(
    ({ name, phase, endedAtMs }) =>
      name !== 'rebuild-member' || phase !== 'aborted' || nowMs - (endedAtMs ?? 0) >= LEFT_BEHIND_MS,
  );
  return runs.slice(other + 1);
}

/** One of these stopped it, and nothing was sent to start it since. */
function isStoppedBy({ remediations }: Ledger, runs: readonly ProcedureRun[], member: string): boolean {
  const last = remediations.findLast(({ plan }) => plan.target === member && STOPS_AND_STARTS.includes(plan.action));
  const isStop = last?.plan.action === 'stop-member' && last.phase === 'succeeded';
  return isStop && runs.some(({ id }) => id === last.plan.because.run);
}

/** What it was to open in the end: of a run that has closed nothing, nothing. */
function closedBy(ledger: Ledger, run: ProcedureRun): readonly ServerPlace[] {
  const hasClosed = sentFor(ledger, run.id).some(
    ({ plan, sentAtMs }) => plan.action === 'close-servers' && sentAtMs !== null,
  );
  return hasClosed ? (shape.safeParse(run.goal).data?.servers ?? []) : [];
}

/** What is open, or was before a run that was ended closed it. */
function toOpenAgain(input: ProcedureInput, member: string): ServerPlace[] {
  const before = endedBefore(input, member).flatMap((run) => closedBy(input.ledger, run).map(placeKey));
  const closed = heldPlaces(input.view, member).filter((place) => before.includes(placeKey(place)));
  return [...openPlaces(input.view, member), ...closed];
}

function whyNoAside({ view }: ProcedureInput, member: string): string {
  const reading = view.asides?.[member];
  const why = reading?.kind === 'unknown' ? reading.reason : 'its host driver has no means for that';
  return `the data directory of ${member} cannot be moved aside: ${why}`;
}

/** It follows, or leads by now, with a copy that has counted no wrong page: of the leader's own system, else it would not stream. */
function whyNotWhole({ view, memory }: ProcedureInput, name: string): string | null {
  const member = memberOf(view, memberName(name));
  const sql = member === null ? null : freshValue(member.sql);
  if (member === null || sql === null) return `SQL of ${name} gives no answer`;
  return whyCorrupt(member, memory);
}

const isCopied = (input: ProcedureInput, { member }: RebuildGoal): boolean =>
  leads(input, member) || follows(input.view, member);

/** A proxy that is silent for a moment shows no server that is closed: that is not the end of it. */
function unopened(input: ProcedureInput, goal: RebuildGoal): string | null {
  const silent = isCopied(input, goal) && goal.servers.length > 0 ? silentProxies(input.view) : [];
  return silent.length === 0 ? null : `proxy ${silent.join(', ')} does not answer`;
}

/** Runbook, Data Corruption Recovery: a new copy beside the old directory, which is kept for whoever wants to read it. */
export const rebuildMember: ProcedureRecord<RebuildGoal> = {
  name: 'rebuild-member',
  shape,
  goal: (input, { member }) => bind(input, member ?? ''),
  refuse: (input, goal) => {
    const { view } = input;
    const { member } = goal;
    if (memberOf(view, memberName(member)) === null) return `${member} is not a member any more`;
    if (isPaused(view))
      return 'Patroni is paused: it hands leadership over to nobody and begins no copy; patronictl resume';
    if (leadershipOf(view).kind !== 'proven') return 'nobody is proven to lead: there is nothing to copy';
    if (isMoved(input, goal)) return unopened(input, goal);
    return hostOf(view, member)?.state === 'stopped' ? whyNoSource(input, member, true) : whyNot(input, member);
  },
  *remaining(input, goal) {
    const { view } = input;
    const { member, suffix, servers } = goal;
    const host = hostOf(view, member);
    const moved = isMoved(input, goal);
    if (!moved) {
      if (leads(input, member)) yield handOver(member, successor(input, member));
      const close = closing(view, member);
      if (close !== null) yield close;
      if (host?.state !== 'stopped') yield onMember('stop-member', member, `stop ${member}`);
      yield movingAside(member, suffix);
    }
    const isBack = moved && isCopied(input, goal);
    if (!moved || (host?.state === 'stopped' && !answers(view, member)))
      yield onMember('begin-copy', member, `start ${member}: its Patroni copies the leader`);
    if (!isBack) yield waitCopy(input, member);
    const wrong = whyNotWhole(input, member);
    if (!isBack || wrong !== null)
      yield waitFor(
        `verify ${member}`,
        `wait until the new copy of ${member} answers, with no checksum failure counted${isBack ? `: ${wrong ?? ''}` : ''}`,
        VERIFY_MS,
      );
    const open = isBack ? opening(view, member, servers) : null;
    if (open !== null) yield open;
    else if (!isBack && servers.length > 0)
      yield {
        ...onMember('open-servers', member, `give ${member} to the health checks of all proxies`),
        parameters: { servers },
      };
  },
  leaves: (input, goal) => {
    const { view } = input;
    const { member, suffix } = goal;
    const host = hostOf(view, member)?.state ?? 'unknown to its host driver';
    const copy = isCopied(input, goal) ? `${member} runs and streams` : `${member} is ${host} and does not stream`;
    const path = asidesOf(view, member)?.find(({ name }) => name.endsWith(`.${suffix}`))?.path;
    const unlisted = isMoved(input, goal)
      ? `its old directory lies aside under .${suffix}`
      : asidesOf(view, member) === null
        ? 'where its data directory is cannot be listed'
        : 'its data directory is where it was';
    const old =
      path === undefined
        ? unlisted
        : `its old directory is kept in ${path}: ekimi run-procedure remove-aside ${member} --set directory=${path.split('/').at(-1) ?? ''}`;
    const closed = opening(view, member, goal.servers) === null ? '' : '; servers of it are closed in a proxy';
    return `${copy}; ${old}${closed}`;
  },
  onward: (input, goal) =>
    isMoved(input, goal)
      ? `ekimi run-procedure add-replica ${goal.member}`
      : `ekimi run-procedure rebuild-member ${goal.member}; ${untilThen(goal.member)}`,
};
