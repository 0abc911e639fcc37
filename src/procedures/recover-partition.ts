import { z } from 'zod';
import { isRetired } from '../assess/intended.js';
import { leaderKeyHolder, leadershipOf, primaryChannels } from '../assess/leader.js';
import { evacuationOf } from '../ledger/evacuations.js';
import { memberName } from '../model/names.js';
import type { Stage } from '../model/procedure-run.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import type { ProcedureInput, ProcedureRecord } from './procedure.js';
import {
  agreedArguments,
  asideText,
  hasTraffic,
  isBack,
  lossOf,
  REJOINING,
  rejoining,
  suffixOf,
  whyNotAside,
} from './rejoining.js';
import { isStopped, onMember, startStage, waitFor } from './stages.js';

const shape = z.object({
  /** Who did not follow when it began: one after the other. */
  members: z.array(z.string()),
  ...REJOINING,
});
type RecoverPartitionGoal = z.infer<typeof shape>;

/** A cut link comes back by the hand of whoever mends it. */
const REACHED_MS = 60 * 60_000;

/** Who sees it, and what it says of itself: one line for whoever has to find the cut. */
function sightText(view: ClusterView, member: MemberView): string {
  const { name } = member;
  const keys = freshValue(view.dcs.keys);
  const own = primaryChannels(member);
  const [api, sql] = [freshValue(member.api), freshValue(member.sql)];
  const hearers = view.members.filter((other) =>
    freshValue(other.sql)?.replicas.some((row) => row.applicationName === name && row.state === 'streaming'),
  );
  return [
    `${name}: its API ${api === null ? 'does not answer us' : `says ${api.role}, ${api.stateText}`}`,
    `its SQL ${sql === null ? 'does not answer us' : sql.inRecovery ? 'is in recovery' : 'accepts writes'}`,
    keys === null
      ? 'etcd is not read'
      : `etcd ${keys.members.some((row) => row.name === name) ? 'has' : 'has not'} its key`,
    hearers.length === 0 ? 'it streams from nobody' : `it streams from ${hearers.map((row) => row.name).join(', ')}`,
    ...(own.length > 0 && leaderKeyHolder(view) !== name ? ['a second primary by its own word'] : []),
  ].join(', ');
}

/** Answers us, or is proven to be stopped: then what is to be done about it is known. */
const isReached = (member: MemberView): boolean => freshValue(member.api) !== null || isStopped(member);

const isRogue = ({ view }: ProcedureInput, member: MemberView): boolean =>
  primaryChannels(member).length > 0 && leaderKeyHolder(view) !== member.name;

function* bringBack(input: ProcedureInput, name: string, goal: RecoverPartitionGoal): Generator<Stage> {
  const member = memberOf(input.view, memberName(name));
  if (member === null || (isBack(input, name) && hasTraffic(input, name))) return;
  if (!isReached(member))
    yield waitFor(`reach ${name}`, `${name} is reached again (${sightText(input.view, member)})`, REACHED_MS);
  // Patroni demotes it as soon as it sees etcd: then this falls away.
  const fence = onMember('fence-member', name, `stop ${name}, if it is a second primary then`);
  const isSecond = isRogue(input, member);
  if (isSecond) yield fence;
  else if (!isReached(member)) yield { ...fence, mayFallAway: true };
  // Stopped by then, it has to be started; where it was never stopped this falls away.
  if ((isSecond || !isReached(member)) && !isStopped(member)) yield startStage(name);
  yield* rejoining(input, name, goal);
}

/** After a partition: who sees whom, one primary, and everybody else a follower of it, by the history that they have. */
export const recoverPartition: ProcedureRecord<RecoverPartitionGoal> = {
  name: 'recover-partition',
  shape,
  goal: (input, { parameters }) => {
    const loss = lossOf(parameters['accept-loss']);
    if (typeof loss === 'string') return { kind: 'refused', why: loss };
    const members = input.view.members
      .filter((row) => !isRetired(input.view, row) && evacuationOf(input.ledger, row.name) === null)
      .filter(({ name }) => !isBack(input, name))
      .map(({ name }) => name);
    if (members.length === 0) return { kind: 'refused', why: 'every member follows the leader: nobody is cut off' };
    const old = suffixOf(input, members, parameters['old']);
    if ('why' in old) return { kind: 'refused', why: old.why };
    return { kind: 'goal', goal: { members, sinceMs: input.nowMs, acceptLoss: loss.loss, ...old } };
  },
  refuse: (input, goal) =>
    leadershipOf(input.view).kind === 'proven'
      ? (goal.members.map((name) => whyNotAside(input, name, goal)).find((why) => why !== null) ?? null)
      : 'nobody is proven to lead: who leads is settled first',
  *remaining(input, goal) {
    for (const name of goal.members) yield* bringBack(input, name, goal);
  },
  // A second primary is fenced first, which that one does not.
  alone: (input, goal, name) => {
    const member = memberOf(input.view, memberName(name));
    return member === null || isRogue(input, member)
      ? null
      : `ekimi run-procedure after-failover ${name}${agreedArguments(goal)}`;
  },
  leaves: (input, { members, suffix }) => {
    const away = members.filter((name) => !isBack(input, name));
    const seen = away.flatMap((name) => memberOf(input.view, memberName(name)) ?? []);
    const text =
      away.length === 0
        ? `every member follows ${leaderKeyHolder(input.view) ?? 'nobody'}`
        : seen.map((member) => sightText(input.view, member)).join('; ');
    return `${text}${members.map((name) => asideText(input, name, { suffix })).join('')}`;
  },
  onward: (_, goal) => `ekimi run-procedure recover-partition${agreedArguments(goal)}`,
};
