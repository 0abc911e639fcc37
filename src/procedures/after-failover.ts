import { z } from 'zod';
import { isRetired } from '../assess/intended.js';
import { leadershipOf } from '../assess/leader.js';
import { evacuationOf } from '../ledger/evacuations.js';
import { memberName } from '../model/names.js';
import { memberOf } from '../model/view.js';
import type { ProcedureInput, ProcedureRecord } from './procedure.js';
import { isStopped } from './stages.js';
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

const shape = z.object({
  member: z.string(),
  ...REJOINING,
});
type AfterFailoverGoal = z.infer<typeof shape>;

/** Who led before and does not follow yet; a text: why there is nobody, or too many. */
function whoReturns(input: ProcedureInput): { readonly name: string } | string {
  const { view, memory } = input;
  const led = view.members.filter(
    ({ name }) => (memory.formerLeader === name || memory.lastPrimary?.[name] !== undefined) && !isBack(input, name),
  );
  const [first, ...others] = led;
  if (first === undefined) return 'every member that is known to have led follows: name a member to bring back another';
  return others.length === 0
    ? { name: first.name }
    : `${led.map(({ name }) => name).join(', ')} led before and do not follow: name one of them`;
}

/** Why this member is not brought back by it; null: it is. */
function notToReturn(input: ProcedureInput, name: string): string | null {
  const member = memberOf(input.view, memberName(name));
  if (member === null)
    return `${name} is not a member of ${input.view.scope}; its members: ${input.view.members.map((row) => row.name).join(', ')}`;
  if (isRetired(input.view, member)) return `${name} is declared retired`;
  const taken = evacuationOf(input.ledger, name);
  if (taken !== null) return `${taken.by} took ${name} out: ekimi run-procedure give-back ${name}`;
  return isBack(input, name) && hasTraffic(input, name)
    ? `${name} follows, and the proxies give it readers: there is nothing to do`
    : null;
}

/** Runbook, Recovery Procedures > Scenario 2: the old leader comes back as a replica, and a person watches it as one run. */
export const afterFailover: ProcedureRecord<AfterFailoverGoal> = {
  name: 'after-failover',
  shape,
  goal: (input, { member, parameters }) => {
    const loss = lossOf(parameters['accept-loss']);
    if (typeof loss === 'string') return { kind: 'refused', why: loss };
    const found = member === null ? whoReturns(input) : { name: member };
    if (typeof found === 'string') return { kind: 'refused', why: found };
    const why = notToReturn(input, found.name);
    if (why !== null) return { kind: 'refused', why };
    const old = suffixOf(input, [found.name], parameters['old']);
    if ('why' in old) return { kind: 'refused', why: old.why };
    return { kind: 'goal', goal: { member: found.name, sinceMs: input.nowMs, acceptLoss: loss.loss, ...old } };
  },
  refuse: (input, { member, ...bond }) => {
    const { view } = input;
    if (memberOf(view, memberName(member)) === null) return `${member} is not a member any more`;
    return leadershipOf(view).kind === 'proven'
      ? whyNotAside(input, member, bond)
      : 'nobody is proven to lead: who leads is settled first';
  },
  remaining: (input, { member, ...bond }) => rejoining(input, member, bond),
  leaves: (input, { member, suffix }) => {
    const aside = asideText(input, member, { suffix });
    const row = memberOf(input.view, memberName(member));
    const down = row !== null && isStopped(row) ? 'is stopped' : 'does not follow yet';
    return `${member} ${isBack(input, member) ? 'follows' : down}${aside === '' ? '; what it holds is where it was' : aside}`;
  },
  onward: (_, { member, ...bond }) => `ekimi run-procedure after-failover ${member}${agreedArguments(bond)}`,
};
