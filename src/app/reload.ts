import { describeChanges, widens } from '../config/compare.js';
import { errorText, type Locator } from '../config/config-error.js';
import { checkAgainstCluster } from '../config/cluster-rules.js';
import type { Policy } from '../model/policy.js';
import { lastValue } from '../model/reading.js';
import { applyPolicy, refusePolicy } from '../kernel/commands.js';
import { loadFiles } from './daemon.js';
import type { Session } from '../kernel/session.js';

/**
 * SIGHUP: both files are read and checked as a whole. Only the policy takes effect; infrastructure needs a restart and says so. Anything
 * wrong changes nothing and is told. Our own PEM files are read anew whatever the rest says, beside it: a disk that hangs must not hold up a
 * policy that takes our rights away.
 */
export async function reload(
  sessions: readonly Session[],
  configFile: string,
  configHash: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const files = loadFiles(configFile, env);
  const renewing = renewed(sessions);
  const told: string[] = [];
  for (const session of sessions) {
    if (!files.ok) {
      await refusePolicy(session, files.errors.join('\n'));
      continue;
    }
    const { policy, policyHash: hash, policyLocator: locator } = files;
    const contradictions = contradicts(session, policy, locator);
    if (contradictions.length > 0) {
      await refusePolicy(session, contradictions.join('\n'));
      told.push(...contradictions);
      continue;
    }
    const changes = describeChanges(session.policy, policy);
    await applyPolicy(session, { policy, hash, locator, changes, widened: widens(session.policy, policy) });
    told.push(...changes);
  }
  if (!files.ok) return [...(await renewing), ...told, ...files.errors];
  if (files.configHash !== configHash)
    told.push(`${configFile} changed: its cluster, journal and api parts take effect at the next start`);
  return [...(await renewing), ...told];
}

async function renewed(sessions: readonly Session[]): Promise<readonly string[]> {
  const rows = await Promise.all(
    sessions.map(async ({ parts: { ports, target } }) => {
      const beganMs = ports.clock.now();
      const reading = await ports.certificates?.reread?.();
      return (reading === undefined ? [] : (lastValue(reading) ?? [])).flatMap(({ where, renewedAtMs, fault }) => {
        if (fault !== null) return [`${target.scope} ${where}: ${fault}; the former files stay in use`];
        return renewedAtMs !== null && renewedAtMs >= beganMs ? [`${target.scope} ${where}: renewed`] : [];
      });
    }),
  );
  return rows.flat();
}

/** Against the cluster's own ttl and loop_wait, as last read. */
function contradicts(session: Session, policy: Policy, locator: Locator): readonly string[] {
  const reading = session.view?.config;
  if (reading === undefined || reading.kind === 'unknown') return [];
  return checkAgainstCluster(policy, reading.value, locator)
    .filter((row) => row.severity === 'error')
    .map(errorText);
}
