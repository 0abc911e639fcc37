import { ACTION_NAMES } from '../model/plan.js';
import type { ActionPolicy, Policy } from '../model/policy.js';

/** An action that the version of then did not have was off: the ladder that has it by now goes on to what was decided. */
export function withLaterActions(policy: Policy): Policy {
  const missing = ACTION_NAMES.filter((name) => !Object.hasOwn(policy.actions, name));
  if (missing.length === 0) return policy;
  const off: ActionPolicy = { mode: 'off', window: 'any', cooldownMs: 0, attempts: 0, timeoutMs: 0 };
  return { ...policy, actions: { ...policy.actions, ...Object.fromEntries(missing.map((name) => [name, off])) } };
}
