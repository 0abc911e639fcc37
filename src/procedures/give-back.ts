import { z } from 'zod';
import { evacuationOf } from '../ledger/evacuations.js';
import { memberName } from '../model/names.js';
import { memberOf } from '../model/view.js';
import type { ProcedureInput, ProcedureRecord } from './procedure.js';
import { isBack } from './rejoining.js';
import { isStopped, onMember, startStage } from './stages.js';

const shape = z.object({ member: z.string() });
type GiveBackGoal = z.infer<typeof shape>;

/** Started, rewound where that is needed, caught up. */
const STREAMS_MS = 15 * 60_000;

const isDrained = ({ ledger }: ProcedureInput, name: string): boolean =>
  ledger.drains.some((row) => row.member === name && !row.shadow);

/** A member that was taken out is Ekimi's again from the beginning of this on; it gets readers once it streams. */
export const giveBack: ProcedureRecord<GiveBackGoal> = {
  name: 'give-back',
  shape,
  goal: (input, { member: asked }) => {
    const member = asked ?? '';
    if (memberOf(input.view, memberName(member)) === null)
      return { kind: 'refused', why: `${member} is not a member of ${input.view.scope}` };
    if (evacuationOf(input.ledger, member) !== null || isDrained(input, member) || !isBack(input, member))
      return { kind: 'goal', goal: { member } };
    return { kind: 'refused', why: `nobody took ${member} out, and it runs, streams and is not drained by Ekimi` };
  },
  refuse: ({ view }, { member }) =>
    memberOf(view, memberName(member)) === null ? `${member} is not a member any more` : null,
  *remaining(input, { member }) {
    if (isStopped(memberOf(input.view, memberName(member)))) yield startStage(member);
    if (!isBack(input, member))
      yield {
        kind: 'wait',
        key: `streams ${member}`,
        text: `${member} runs and streams`,
        withinMs: STREAMS_MS,
        progress: null,
      };
    if (isDrained(input, member)) yield onMember('undrain-replica', member, `give ${member} readers again`);
  },
  leaves: (input, { member }) => {
    const now = isBack(input, member) ? 'runs and streams' : 'does not stream yet';
    return `${member} ${now}${isDrained(input, member) ? ` and is drained: ekimi run-procedure undrain-replica ${member}` : ''}`;
  },
};
