import { z } from 'zod';
import { ACTIONS } from '../actions/index.js';
import { isPaused, leaderKeyHolder } from '../assess/leader.js';
import { memberLines, silentProxies } from '../assess/proxy-lines.js';
import { evacuationOf, isHalfway } from '../ledger/evacuations.js';
import { memberName } from '../model/names.js';
import type { WaitStage } from '../model/procedure-run.js';
import { recentValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { counted } from '../words/amounts.js';
import { untilThen } from './member-stages.js';
import type { Ask, ProcedureInput, ProcedureRecord } from './procedure.js';
import { handOver, isDrained, isStopped, onMember, takenFrom, waitFor } from './stages.js';

const shape = z.object({
  member: z.string(),
  then: z.enum(['stop', 'mark']),
  sessions: z.enum(['cut', 'wait']),
  /** Who leads in its place; null: the best of the others. */
  candidate: z.string().nullable(),
});
type EvacuateGoal = z.infer<typeof shape>;

const SESSIONS_MS = 60 * 60_000;

/** A value that is none of those that its parameter takes; null: all fit. */
function badValue({ parameters: { then = 'stop', sessions = 'cut' } }: Ask): string | null {
  if (!shape.shape.then.safeParse(then).success) return `then is ${JSON.stringify(then)}: it is stop or mark`;
  return shape.shape.sessions.safeParse(sessions).success
    ? null
    : `sessions is ${JSON.stringify(sessions)}: it is cut or wait`;
}

/** Why it cannot be taken out at all; null: it can. */
function notToTake({ view, ledger }: ProcedureInput, name: string, then: string): string | null {
  const member = memberOf(view, name);
  const names = view.members.map((row) => row.name).join(', ');
  if (member === null) return `${name} is not a member of ${view.scope}; its members: ${names}`;
  const held = evacuationOf(ledger, name);
  const taken = held !== null && isHalfway(ledger, held) ? null : takenFrom(ledger, name);
  if (taken !== null) return taken;
  if (view.members.length === 1) return `${name} is the only member: without it there is no cluster`;
  if (then === 'stop' && recentValue(member.host) === null)
    return `the host driver does not say what runs ${name}, so that it cannot be stopped: --set then=mark, and stop it by hand`;
  return null;
}

/** Readers that it still has at the proxies; null: one of them does not tell. */
const readersOf = (view: ClusterView, name: string): number | null =>
  silentProxies(view).length > 0
    ? null
    : memberLines(view, 'reads', name).reduce((sum, { row }) => sum + row.sessions, 0);

const sessionsEnd = (name: string, left: number | null): WaitStage =>
  waitFor(
    `sessions ${name}`,
    `readers of ${name} end their sessions${left === null ? '' : ` (${counted(left, 'session')} left)`}`,
    SESSIONS_MS,
  );

/** Where no way to drain is configured there is nothing to be drained. */
const canDrain = ({ view, policy }: ProcedureInput): boolean =>
  ACTIONS['drain-replica'].needs(policy).every((part) => view.actuators[part]);

/**
 * A member is taken out for work on its machine: leadership and readers go elsewhere first. It is held for whoever took it from the beginning on
 * (`withCustody`), so that no ladder starts what was just stopped.
 */
export const evacuateMember: ProcedureRecord<EvacuateGoal> = {
  name: 'evacuate-member',
  shape,
  goal: (input, ask) => {
    const { member: asked, candidate, parameters } = ask;
    const member = asked ?? '';
    const then = parameters['then'] ?? 'stop';
    const why = badValue(ask) ?? notToTake(input, member, then);
    if (why !== null) return { kind: 'refused', why };
    if (candidate === member) return { kind: 'refused', why: `${member} cannot lead in its own place` };
    return { kind: 'goal', goal: shape.parse({ member, then, sessions: parameters['sessions'] ?? 'cut', candidate }) };
  },
  refuse: ({ view }, { member }) => {
    const holder = leaderKeyHolder(view);
    if (holder === null) return 'nobody leads';
    if (memberOf(view, memberName(member)) === null) return `${member} is not a member any more`;
    return holder === member && isPaused(view)
      ? 'Patroni is paused: it hands leadership over to nobody; patronictl resume'
      : null;
  },
  *remaining(input, { member, then, sessions, candidate }) {
    const { view } = input;
    const isDown = isStopped(memberOf(view, memberName(member)));
    if (leaderKeyHolder(view) === member) yield handOver(member, candidate);
    if (!isDown && canDrain(input)) {
      if (!ACTIONS['drain-replica'].alreadyTrue(input, memberName(member)))
        yield onMember('drain-replica', member, `take ${member} out of the read pool`);
      const left = readersOf(view, member);
      if (sessions === 'wait' && left !== 0) yield sessionsEnd(member, left);
    }
    if (then === 'stop' && !isDown) yield onMember('stop-member', member, `stop ${member}`);
  },
  leaves: (input, goal) => {
    const { view, ledger } = input;
    const { member } = goal;
    const isDown = isStopped(memberOf(view, memberName(member)));
    const isOut = isDrained(ledger, member);
    // Ended before anything was done to it, there is nothing to give back.
    const isTaken = isDown || isOut || evacuateMember.remaining(input, goal).next().done === true;
    return [
      `${member} ${isDown ? 'is stopped' : 'runs'}${isOut ? ' and is drained' : ''}`,
      `${leaderKeyHolder(view) ?? 'nobody'} leads`,
      ...(isTaken ? [`back: ekimi run-procedure give-back ${member}`] : []),
    ].join('; ');
  },
  onward: (_, { member, candidate, then, sessions }) => {
    const given = [
      member,
      ...(candidate === null ? [] : [`--candidate ${candidate}`]),
      ...(then === 'stop' ? [] : [`--set then=${then}`]),
      ...(sessions === 'cut' ? [] : [`--set sessions=${sessions}`]),
    ];
    return `ekimi run-procedure evacuate-member ${given.join(' ')}; ${untilThen(member)}`;
  },
};
