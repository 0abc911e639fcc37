import { errorText } from '../../config/config-error.js';
import { loadPolicy } from '../../config/load-policy.js';
import { replayer, type Replayer } from '../../replay/replay.js';
import { badConfig } from './bad-config.js';

/** Decides again under the policy of that file, checked as a daemon checks it; null: under the recorded one. */
export function replayerOf(policyFile: string | null): Replayer {
  if (policyFile === null) return replayer();
  const loaded = loadPolicy(policyFile);
  if (loaded.ok) return replayer(loaded.policy);
  throw badConfig(loaded.errors.map(errorText));
}
