import { describeChanges, widens } from '../config/compare.js';
import { applyPolicy, refusePolicy } from './commands.js';
import { loadFiles } from './daemon.js';
import type { Session } from './session.js';

/**
 * SIGHUP: both files are read and checked as a whole. Only the policy takes effect; infrastructure needs a restart and says so. Anything
 * wrong changes nothing and is told.
 */
export async function reload(
  sessions: readonly Session[],
  configFile: string,
  configHash: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const files = loadFiles(configFile, env);
  const told: string[] = [];
  for (const session of sessions) {
    if (!files.ok) {
      await refusePolicy(session, files.errors.join('\n'));
      continue;
    }
    const { policy, policyHash: hash } = files;
    const changes = describeChanges(session.policy, policy);
    await applyPolicy(session, { policy, hash, changes, widened: widens(session.policy, policy) });
    told.push(...changes);
  }
  if (!files.ok) return files.errors;
  if (files.configHash !== configHash)
    told.push(`${configFile} changed: its cluster, journal and api parts take effect at the next start`);
  return told;
}
