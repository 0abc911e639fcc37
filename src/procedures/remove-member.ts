import { z } from 'zod';
import { isPaused, leaderKeyHolder, leadershipOf, waitsOf } from '../assess/leader.js';
import { figureOf } from '../assess/settings.js';
import { untoldProxies } from '../actions/servers.js';
import { evacuationOf, isHalfway } from '../ledger/evacuations.js';
import { memberName, slotNameOf } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { answers, closing, hostOf, opening, tooFewWithout, untilThen } from './member-stages.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { handOver, onMember, takenFrom, waitFor } from './stages.js';

const shape = z.object({ member: z.string() });
type RemoveMemberGoal = z.infer<typeof shape>;

const BY_HAND_MS = 3_600_000;
/** Patroni 4 keeps the slot of a member for `member_slots_ttl` after its key is gone, 30 minutes by default; older ones for a loop. [patroni.md section 9] */
const SLOT_MS = 45 * 60_000;

/** Longer where the dynamic configuration has it kept for longer; Patroni looks once in a loop. */
function slotMs(view: ClusterView): number {
  const config = freshValue(view.dcs.keys)?.config;
  const ttl = (config?.known === true ? config.document?.['member_slots_ttl'] : null) ?? null;
  const seconds = figureOf({ unit: 's', type: 'integer' }, ttl) ?? 0;
  return Math.max(SLOT_MS, seconds * 1000 + 2 * waitsOf(view).loopWaitMs);
}

const leads = (view: ClusterView, name: string): boolean => leaderKeyHolder(view) === name;

const hasKey = (view: ClusterView, name: string): boolean =>
  freshValue(view.dcs.keys)?.members.some((row) => row.name === name) ?? true;

/** Its slot on whoever leads; null: nobody can tell. */
function hasSlot(view: ClusterView, name: string): boolean | null {
  const leadership = leadershipOf(view);
  const sql = leadership.kind === 'proven' ? freshValue(leadership.member.sql) : null;
  return sql === null ? null : sql.slots.some((slot) => slot.name === slotNameOf(name));
}

function bind(input: ProcedureInput, member: string): Goal<RemoveMemberGoal> {
  const { view } = input;
  const refused = (why: string) => ({ kind: 'refused', why }) as const;
  if (memberOf(view, memberName(member)) === null)
    return refused(`${member} is not configured; configured are ${view.members.map((row) => row.name).join(', ')}`);
  const held = evacuationOf(input.ledger, member);
  // What another removal left half done is done to its end by this one.
  const goesOn = held !== null && (held.removed === true || isHalfway(input.ledger, held));
  // Of one that is stopped, too, a server may be open in a proxy that says nothing: it would be left so for good.
  const no =
    (goesOn ? null : takenFrom(input.ledger, member)) ?? whyNotYet(input, member) ?? untoldProxies(view, member);
  return no === null ? { kind: 'goal', goal: { member } } : refused(no);
}

/** Once it is stopped there is nothing left to refuse. */
const whyNotYet = (input: ProcedureInput, member: string): string | null =>
  hostOf(input.view, member)?.state === 'stopped'
    ? null
    : (tooFewWithout(input, member) ?? untoldProxies(input.view, member));

/** The opposite of Adding a New Replica: nothing of it is left in the cluster. Its data stays where it is. */
export const removeMember: ProcedureRecord<RemoveMemberGoal> = {
  name: 'remove-member',
  shape,
  goal: (input, { member }) => bind(input, member ?? ''),
  refuse: (input, { member }) => {
    const { view } = input;
    if (isPaused(view))
      return 'Patroni is paused: it hands leadership over to nobody and drops no slot; patronictl resume';
    if (leaderKeyHolder(view) === null || leadershipOf(view).kind !== 'proven') return 'nobody is proven to lead';
    return whyNotYet(input, member);
  },
  *remaining({ view }: ProcedureInput, { member }) {
    if (leads(view, member)) yield handOver(member, null);
    const isListed = memberOf(view, memberName(member)) !== null;
    const host = hostOf(view, member);
    const close = isListed ? closing(view, member) : null;
    if (close !== null) yield close;
    if (isListed && host?.state === 'running') yield onMember('stop-member', member, `stop ${member}`);
    else if (isListed && hasKey(view, member) && host?.state !== 'stopped')
      yield waitFor(
        `stop ${member}`,
        `wait until Patroni on ${member} is stopped by hand: its host driver does not say that it runs`,
        BY_HAND_MS,
      );
    const { ttlMs, loopWaitMs } = waitsOf(view);
    if (hasKey(view, member))
      yield waitFor(
        `key of ${member}`,
        `wait until the key of ${member} in etcd has ended with its lease (ttl ${ttlMs / 1000} s)`,
        3 * ttlMs + loopWaitMs,
      );
    // Who leads has no slot of its own; with the switchover it gets one.
    if (leads(view, member) || hasSlot(view, member) !== false)
      yield waitFor(
        `slot of ${member}`,
        `wait until Patroni has dropped slot ${slotNameOf(member)} on the leader (at once before Patroni 4, else member_slots_ttl, 30 min by default, after the key is gone)`,
        slotMs(view),
      );
  },
  leaves: ({ view }, { member }) => {
    const host = hostOf(view, member);
    const isKept = hasKey(view, member);
    const states = [
      host === null ? `nobody says whether ${member} runs` : `${member} is ${host.state}, its data as it was`,
      ...(closing(view, member) === null ? [] : ['servers of it are open in a proxy']),
      ...(isKept && opening(view, member, null) !== null ? ['servers of it are closed in a proxy'] : []),
      ...(isKept ? ['its key is in etcd'] : []),
      ...(hasSlot(view, member) === false ? [] : ['its slot is on the leader']),
    ];
    const told =
      memberOf(view, memberName(member)) === null || isKept
        ? ''
        : `; take it out of clusters[].patroni.members of ekimi.yaml (and of postgres.members and hosts.members), and reload Ekimi (kill -HUP PID)`;
    return `${states.join('; ')}${told}`;
  },
  onward: ({ view }, { member }) => {
    // Who leads, or has lost nothing yet, is no new replica.
    const isThere = leads(view, member) || (answers(view, member) && opening(view, member, null) === null);
    const back = isThere ? '' : `; back: ekimi run-procedure add-replica ${member}`;
    return `ekimi run-procedure remove-member ${member}${back}; ${untilThen(member)}`;
  },
};
