import { z } from 'zod';
import { dropText, idleSlotsOf, slotToDrop, whyKept } from '../assess/idle-slots.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { action, bound, met, pending, violated, type PlanOf, type Sight, type ActionInput } from './action.js';

const SLOT = z.object({ slot: z.string(), kind: z.enum(['physical', 'logical']), restartLsn: z.string() });
type Drop = PlanOf<z.infer<typeof SLOT>>;

/**
 * Drops a slot that nobody uses and that fills the volume on which the leader writes its WAL. It is worse for its consumer than for the cluster, so
 * it is off by default, and PostgreSQL itself refuses a slot that is taken up meanwhile. [Runbook; PostgreSQL: pg_drop_replication_slot]
 */
export const dropInactiveSlot = action({
  name: 'drop-inactive-slot',
  params: SLOT,
  class: 'rebuild',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: "drop an unused replication slot that endangers the leader's WAL volume",
  inverse: null,
  inverseNote: 'none: what its consumer had not read is gone with the next checkpoint',
  refusals:
    "the target does not hold the leader key or is in recovery; the slot is used, or no longer keeps WAL from where it did; it holds less than 64 MiB; the volume of the leader's WAL is neither short nor full within slots.dropWithin; it is logical and slots.dropLogical does not name it; it is of a configured member that answers, that is being copied, or that was seen within slots.awaitMember (unless the volume is full before that time is over); it is of a member that etcd names and the configuration lacks; another slot that stays holds as much, or archiving fails, so that nothing would be given back",
  needs: () => ['sql'],
  disruptsTarget: false,
  destroysCopy: false,
  grounds: (input, plan) => {
    const slot = slotOf(input, plan);
    return typeof slot === 'string' ? null : dropText(input, plan.target, slot);
  },
  bind: (input, target) => {
    const found = slotToDrop(input, target);
    if (typeof found === 'string') return { kind: 'nothing', why: found, stuck: true };
    return bound({ slot: found.name, kind: found.kind, restartLsn: found.restartLsn });
  },
  alreadyTrue: () => false,
  refuse: (input, plan) => {
    const slot = slotOf(input, plan);
    return typeof slot === 'string' ? slot : null;
  },
  steps: (_input, plan) => [
    {
      step: { port: 'sql', member: plan.target, statement: 'drop-slot', ...plan.params },
      withinMs: 20_000,
      expect: ({ view }) => isGone({ view }, plan),
    },
  ],
});

/** The very slot, still unused and still of no use to be kept; a text: why not. */
function slotOf(input: ActionInput, { target, params }: Drop) {
  const leader = memberOf(input.view, target);
  const chosen = slotToDrop(input, target);
  if (leader === null || typeof chosen === 'string')
    return typeof chosen === 'string' ? chosen : `${target} is no member`;
  const slot = idleSlotsOf(input, leader).find((row) => row.name === params.slot);
  if (slot === undefined) return `slot ${params.slot} on ${target} is used or gone`;
  if (slot.restartLsn !== params.restartLsn || slot.kind !== params.kind)
    return `slot ${params.slot} keeps WAL from ${slot.restartLsn} on, not from ${params.restartLsn} as was seen`;
  return whyKept(input, leader, slot) ?? slot;
}

/** One of its name that begins elsewhere is another one: Patroni makes those that it manages again. */
function isGone({ view }: Pick<ActionInput, 'view'>, { target, params }: Drop): Sight {
  const member = memberOf(view, target);
  const sql = member === null ? null : freshValue(member.sql);
  if (sql === null) return pending(`PostgreSQL on ${target} did not answer`);
  const slot = sql.slots.find((row) => row.name === params.slot);
  if (slot === undefined) return met(`slot ${params.slot} is gone`);
  if (slot.restartLsn !== params.restartLsn)
    return met(`slot ${params.slot} was made anew, from ${slot.restartLsn ?? 'nowhere'} on`);
  return slot.active ? violated(`slot ${params.slot} is used again`) : pending(`slot ${params.slot} is still there`);
}
