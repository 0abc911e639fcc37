import { randomUUID } from 'node:crypto';
import type { Reply, Step } from '../../../model/plan.js';
import type { Clock } from '../../../ports/clock.js';
import type { TenureGrant } from '../../../ports/dcs.js';
import { LONGEST_DEADLINE_MS, type Lender } from './lender.js';
import type { ClusterNamed, Order } from './wire.js';

export type HostStep = Extract<Step, { port: 'host' }>;

/** One step as it is asked of whoever lends the driver, under a new id. */
export function orderOf(
  { target, verb, id, graceMs }: HostStep,
  named: ClusterNamed,
  grant: TenureGrant | null,
  when: { readonly sentAtMs: number; readonly withinMs: number },
): Order {
  return {
    ...named,
    id: randomUUID(),
    target,
    verb,
    run: id ?? null,
    graceMs: graceMs ?? null,
    tenure: grant === null ? null : { epoch: grant.epoch, owner: grant.owner },
    sentAtMs: when.sentAtMs,
    deadlineMs: when.sentAtMs + Math.min(when.withinMs, LONGEST_DEADLINE_MS),
  };
}

/** The same for what runs beside us: by the same rules, so that each host action has a fencing token. */
export async function sendHere(lender: Lender, order: Order, clock: Clock): Promise<Reply> {
  const startedMs = clock.monotonic();
  const acted = await lender.act(order);
  if (!('refused' in acted)) return acted.reply;
  const text = `not done here, ${acted.refused}: ${acted.because}`.slice(0, 300);
  return { effect: 'none', status: null, text, tookMs: Math.round(clock.monotonic() - startedMs) };
}
