import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../ports/clock.js';
import type { TenureGrant } from '../../../ports/dcs.js';
import { LONGEST_DEADLINE_MS, type Lender } from './lender.js';
import type { ClusterNamed, Order, Work, Worked } from './wire.js';

/** One piece of work as it is asked of whoever lends the driver, under a new id. */
export function orderOf(
  work: Work,
  named: ClusterNamed,
  grant: TenureGrant | null,
  when: { readonly sentAtMs: number; readonly withinMs: number },
): Order {
  return {
    ...named,
    ...work,
    id: randomUUID(),
    tenure: grant === null ? null : { epoch: grant.epoch, owner: grant.owner },
    sentAtMs: when.sentAtMs,
    deadlineMs: when.sentAtMs + Math.min(when.withinMs, LONGEST_DEADLINE_MS),
  };
}

/** The same for what runs beside us: by the same rules, so that each host action has a fencing token. */
export async function actHere(lender: Lender, order: Order, clock: Clock): Promise<Worked> {
  const startedMs = clock.monotonic();
  const acted = await lender.act(order);
  if (!('refused' in acted)) return acted.reply;
  const text = `not done here, ${acted.refused}: ${acted.because}`.slice(0, 300);
  return { effect: 'none', status: null, text, tookMs: Math.round(clock.monotonic() - startedMs) };
}
