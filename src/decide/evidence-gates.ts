import { worksOnMember } from '../actions/index.js';
import { clockText } from '../words/moments.js';
import { contradicted } from '../assess/contradiction.js';
import { waitsOf } from '../assess/leader.js';
import { isRestartDue } from '../assess/places.js';
import { isBeingRewound } from '../assess/rewinding.js';
import { freshValue, lastValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { no, type Gate, type No } from './gate.js';
import type { Candidate } from './candidate.js';
import type { Situation } from '../model/situation.js';

/** Do we know enough, and is nobody else at work? */
export const EVIDENCE_GATES: readonly Gate[] = [
  {
    name: 'channels',
    doc: 'Independent channels of this very pass must agree, as many as the rung asks for; none of a member that is touched may contradict another; and no address of the scope may be wrong.',
    check: channels,
  },
  {
    name: 'actuator',
    doc: 'What the action works through must be configured.',
    check: ({ view, policy }, { action }) => {
      const missing = action.needs(policy).filter((part) => !view.actuators[part]);
      return missing.length === 0
        ? null
        : no(
            `not configured: ${missing.join(', ')}`,
            `configure ${missing.join(', ')} in ekimi.yaml (ekimi doctor tells what it takes)`,
          );
    },
  },
  {
    name: 'someone-else',
    doc: 'An operator, Patroni or another program is in the middle of something.',
    check: (input, candidate) => {
      for (const [question] of OTHERS) {
        const answer = question(input, candidate);
        if (answer !== null) return answer;
      }
      return null;
    },
  },
];

function channels(input: Situation, { problem, rung, plan }: Candidate): No | null {
  const wrong = input.states.problems.find(
    (row) =>
      row.code === 'scope-mismatch' ||
      row.code === 'keys-missing' ||
      (row.code === 'member-unknown' && worksOnMember(plan) && row.subject === (problem?.subject ?? plan.target)),
  );
  if (wrong !== undefined) return no(wrong.evidence[0]?.text ?? wrong.code, 'correct the addresses in ekimi.yaml');
  const odd = worksOnMember(plan) ? contradicted(input.view, plan) : null;
  if (odd !== null) return no(odd, 'compare its addresses and names in ekimi.yaml with where it runs');
  // A person names no problem: what must be known is in the conditions of the action.
  if (problem === null || rung === null) return null;
  if (problem.channels.length < rung.minChannels)
    return no(
      `only ${problem.channels.join(', ') || 'no channel'} of the ${rung.minChannels} channels needed speak for it in this pass`,
      `wait until a second independent channel agrees (${rung.oneOf.join(', ')}); configure postgres or hosts if they are missing`,
    );
  if (!problem.channels.some((channel) => rung.oneOf.includes(channel)))
    return no(
      `none of ${rung.oneOf.join(', ')} speaks for it in this pass`,
      `wait until one of ${rung.oneOf.join(', ')} agrees`,
    );
  return null;
}

type Question = (input: Situation, candidate: Candidate) => No | null;

/** Who may be at work, in the order of how certain it is. */
const OTHERS: readonly (readonly [question: Question])[] = [
  [failoverRequested],
  [switchoverScheduled],
  [recentPromotion],
  [memberBusy],
  [baseBackup],
  [operatorUndid],
];

function failoverRequested({ view }: Situation, { action }: Candidate): No | null {
  if (action.endsRequest === true) return null;
  const request = freshValue(view.dcs.keys)?.failover ?? null;
  if (request === null) return null;
  return no(
    `a failover or switchover is requested (${request.leader ?? 'any'} to ${request.member ?? 'any'}${request.scheduledAt === null ? '' : ` at ${request.scheduledAt}`})`,
    'let it finish, or DELETE /switchover',
  );
}

function switchoverScheduled({ view }: Situation, { action }: Candidate): No | null {
  if (action.endsRequest === true) return null;
  for (const member of view.members) {
    const scheduled = lastValue(member.cluster)?.scheduledSwitchover ?? null;
    if (scheduled !== null)
      return no(`a switchover is scheduled at ${scheduled.at}`, 'let it happen, or DELETE /switchover');
  }
  return null;
}

function recentPromotion(input: Situation, { action, problem }: Candidate): No | null {
  // It asks for proof of death itself, and whoever died does not settle.
  if (action.bringsForward === true) return null;
  // Telling the proxy, starting a stopped member and opening traffic are part of settling; a second primary is not to be waited out.
  if (action.risk === 'none' || problem?.code === 'split-brain-confirmed') return null;
  const changedAtMs = input.states.memory.lastLeaderChangeMs;
  const { ttlMs } = waitsOf(input.view);
  if (changedAtMs === null || input.nowMs - changedAtMs >= ttlMs) return null;
  return no(
    `the leader changed ${Math.round((input.nowMs - changedAtMs) / 1000)} s ago`,
    `wait until ${clockText(changedAtMs + ttlMs)}: the cluster gets ttl to settle`,
    changedAtMs + ttlMs,
  );
}

const BUSY: readonly string[] = ['restarting', 'stopping', 'creating-replica', 'initializing', 'custom-bootstrap'];

function memberBusy(input: Situation, { plan }: Candidate): No | null {
  const member = worksOnMember(plan) ? memberOf(input.view, plan.target) : null;
  if (member !== null && isBeingRewound({ view: input.view, memory: input.states.memory }, member))
    return no(`${plan.target} is being rewound`, 'let it finish');
  if (member !== null && isRestartDue(input.view, member, input.nowMs))
    return no(
      `somebody has scheduled a restart of ${plan.target}, which is due`,
      `let it happen, or DELETE /restart on ${plan.target}`,
    );
  const api = member === null ? null : freshValue(member.api);
  if (api === null || !BUSY.includes(api.state)) return null;
  return no(`${plan.target} is ${api.stateText}`, 'let it finish');
}

function baseBackup(input: Situation, { action, plan }: Candidate): No | null {
  if (!action.disruptsTarget && action.stopsLeader?.(plan) !== true) return null;
  for (const member of input.view.members) {
    const running = freshValue(member.sql)?.baseBackups ?? 0;
    if (running > 0) return no(`a base backup is running from ${member.name}`, 'let it finish');
  }
  return null;
}

/** Somebody put back what we drained: their word stands for the rest of the chain. */
function operatorUndid(input: Situation, { plan }: Candidate): No | null {
  const undone = input.ledger.remediations.find(
    (row) =>
      row.plan.action === plan.action &&
      row.plan.target === plan.target &&
      row.phase === 'abandoned' &&
      row.ending === 'overridden' &&
      row.endedAtMs !== null &&
      input.nowMs - row.endedAtMs < input.policy.chainMs,
  );
  if (undone?.endedAtMs == null) return null;
  return no(
    `somebody put ${plan.target} back by hand`,
    `drain it by hand, or wait until ${clockText(undone.endedAtMs + input.policy.chainMs)}`,
    undone.endedAtMs + input.policy.chainMs,
  );
}
