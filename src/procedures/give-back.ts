import { z } from 'zod';
import { evacuationOf } from '../ledger/evacuations.js';
import { memberName } from '../model/names.js';
import { memberOf } from '../model/view.js';
import type { ProcedureRecord } from './procedure.js';
import { isBack } from './rejoining.js';
import { awaitStream, isDrained, isStopped, onMember, startStage } from './stages.js';

const shape = z.object({ member: z.string() });
type GiveBackGoal = z.infer<typeof shape>;

/** A member that was taken out is Ekimi's again from the beginning of this on; it gets readers once it streams. */
export const giveBack: ProcedureRecord<GiveBackGoal> = {
  name: 'give-back',
  shape,
  goal: (input, { member: asked }) => {
    const member = asked ?? '';
    if (memberOf(input.view, memberName(member)) === null)
      return { kind: 'refused', why: `${member} is not a member of ${input.view.scope}` };
    if (evacuationOf(input.ledger, member) !== null || isDrained(input.ledger, member) || !isBack(input, member))
      return { kind: 'goal', goal: { member } };
    return { kind: 'refused', why: `nobody took ${member} out, and it runs, streams and is not drained by Ekimi` };
  },
  refuse: ({ view }, { member }) =>
    memberOf(view, memberName(member)) === null ? `${member} is not a member any more` : null,
  *remaining(input, { member }) {
    if (isStopped(memberOf(input.view, memberName(member)))) yield startStage(member);
    if (!isBack(input, member)) yield awaitStream(member);
    if (isDrained(input.ledger, member)) yield onMember('undrain-replica', member, `give ${member} readers again`);
  },
  leaves: (input, { member }) => {
    const now = isBack(input, member) ? 'runs and streams' : 'does not stream yet';
    return `${member} ${now}${isDrained(input.ledger, member) ? ` and is drained: ekimi run-procedure undrain-replica ${member}` : ''}`;
  },
  onward: (_, { member }) => `ekimi run-procedure give-back ${member}`,
};
