import { z } from 'zod';
import { holds } from '../model/config-patch.js';
import { action, actionPolicy, bound, met, pending } from './action.js';
import { CONFIG_BOND, configNow, standsForCluster, whyChanged, writeStep } from './cluster-config.js';

const WISH = z.object({ patch: CONFIG_BOND.shape.patch, configRevision: z.string() });

/**
 * Changes Patroni's dynamic configuration, by one transaction on the revision that a person was shown the difference to. Only as a stage: what
 * may be written at all, and what follows from it, is the procedure's.
 */
export const patchConfig = action({
  name: 'patch-config',
  params: CONFIG_BOND,
  class: 'replica',
  runbook: 'Maintenance Operations > Configuration Changes',
  summary: "change Patroni's dynamic configuration",
  inverse: null,
  inverseNote: 'apply the values of before, which the plan shows',
  refusals: "Patroni's configuration in etcd cannot be read, or is no longer the one that was shown to who asked",
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  countsSuccess: false,
  targetAsked: standsForCluster,
  bind: (_input, _target, _problem, wish) => {
    const asked = WISH.safeParse(wish?.parameters);
    return asked.success
      ? bound(asked.data)
      : { kind: 'nothing', why: 'it says neither what to change nor what it was shown' };
  },
  alreadyTrue: () => false,
  refuse: ({ view }, { params }) => whyChanged(view, params.configRevision),
  steps: ({ policy }, { params }) => [
    {
      step: writeStep(params),
      withinMs: actionPolicy(policy, 'patch-config').timeoutMs,
      expect: ({ view }) => {
        const now = configNow(view);
        if (typeof now === 'string') return pending(now);
        return holds(now.document, params.patch)
          ? met(`Patroni's configuration is as meant (mod revision ${now.revision})`)
          : pending(`Patroni's configuration is at mod revision ${now.revision} and not as meant`);
      },
    },
  ],
});
