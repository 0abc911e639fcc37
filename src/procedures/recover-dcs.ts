import { z } from 'zod';
import type { ProcedureRecord } from './procedure.js';
import {
  awaitAllStores,
  bringBackStores,
  isOfStore,
  storesInOrder,
  storesText,
  whyLost,
  whyNotTold,
} from './stores.js';

const shape = z.object({
  /** etcd members in the order in which they are started. */
  order: z.array(z.string()),
});

/**
 * Runbook, Recovery Procedures > Scenario 4: members of etcd that are stopped are started one by one, the one that stopped last first. None is
 * ever stopped, so a majority that serves is never touched.
 */
export const recoverDcs: ProcedureRecord<z.infer<typeof shape>> = {
  name: 'recover-dcs',
  shape,
  goal: (input) => {
    const { view, memory } = input;
    if (!view.actuators.host)
      return { kind: 'refused', why: 'no host driver is configured (hosts): nothing can be started' };
    const dark = whyNotTold(view) ?? whyLost(view, memory);
    if (dark !== null) return { kind: 'refused', why: dark };
    const order = storesInOrder(view);
    const left = [...bringBackStores(view, order), ...awaitAllStores(view)];
    return left.length === 0
      ? { kind: 'refused', why: `every etcd member serves: ${order.join(', ')}` }
      : { kind: 'goal', goal: { order: [...order] } };
  },
  // One of which nobody says any more whether it runs is not started, and keeps no other one.
  refuse: () => null,
  isSpare: isOfStore,
  *remaining({ view }, { order }) {
    yield* bringBackStores(view, order);
    yield* awaitAllStores(view);
  },
  leaves: ({ view }) => storesText(view),
  onward: () => 'ekimi run-procedure recover-dcs',
};
