import { describeChanges } from '../config/compare.js';
import { errorText, type Locator } from '../config/config-error.js';
import { checkAgainstCluster } from '../config/cluster-rules.js';
import { waitingKeys } from '../config/config-changes.js';
import type { EkimiConfig } from '../model/config.js';
import type { Policy } from '../model/policy.js';
import { lastValue } from '../model/reading.js';
import { applyPolicy, refusePolicy } from '../kernel/commands.js';
import { readFiles, type ReadClusterPolicy, type ReadFiles } from './files.js';
import type { Session } from '../kernel/session.js';
import { waitsForRestart } from '../words/reload.js';
import type { Daemon } from './daemon.js';

export interface ReloadParts {
  readonly daemon: Pick<Daemon, 'sessions' | 'takeIn'>;
  readonly configFile: string;
  /** What the process was started with. */
  readonly start: EkimiConfig;
  readonly env: NodeJS.ProcessEnv;
  /** Whom the API lets in from then on; sentences on what changed. Absent: there is no API. */
  readonly access?: (config: EkimiConfig) => Promise<readonly string[]>;
}

/**
 * SIGHUP: all files are read and checked. Policies take effect, and whom the API lets in (`access`), and what a cluster's configuration has
 * become, by beginning that cluster anew; the keys that need a restart are named. Anything wrong changes nothing and is told: in a file that all
 * share for all, in a cluster's own file for that cluster. Our own PEM files are read anew whatever the rest says, beside it: a disk that hangs must
 * not hold up a policy that takes our rights away.
 */
export async function reload({ daemon, configFile, start, env, access }: ReloadParts): Promise<readonly string[]> {
  const { sessions } = daemon;
  const files = filesNow(configFile, env);
  // First: a token that was stolen is refused while a cluster hangs, and nothing is said before its successor is known as a secret.
  const letIn = files.ok && access !== undefined ? accessNow(access, files.config) : Promise.resolve([]);
  const renewing = renewed(sessions);
  const told: string[] = files.ok ? [] : [...files.errors];
  // Each takes its policy between two passes of its own: one that hangs must not keep another one's from it.
  const perCluster = await Promise.all(
    sessions.map(async (session) => {
      const { isGood, lines } = await taken(session, files);
      // Its policy first, which may take rights away. A cluster whose own policy is refused is left as it is.
      if (!isGood || !files.ok) return lines;
      return [...lines, ...(await daemon.takeIn(session.parts.target.scope, files))];
    }),
  );
  told.push(...perCluster.flat());
  const waiting = files.ok ? waitingKeys(start, files.config) : [];
  if (waiting.length > 0) told.push(waitsForRestart(configFile, waiting));
  return [...(await letIn), ...(await renewing), ...told];
}

const accessNow = (
  access: (config: EkimiConfig) => Promise<readonly string[]>,
  config: EkimiConfig,
): Promise<readonly string[]> =>
  access(config).catch((error: unknown) => [
    `api.tokens: ${error instanceof Error ? error.message : String(error)}; those in force stay in force`,
  ]);

/** What cannot be read for a reason of our own (a part that cannot be loaded) is refused like any other: it must not be thought taken. */
function filesNow(configFile: string, env: NodeJS.ProcessEnv): ReadFiles {
  try {
    return readFiles(configFile, env);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, errors: [`the reload failed: ${why}; what was in force stays in force`] };
  }
}

function nextFor(session: Session, files: ReadFiles): ReadClusterPolicy {
  if (!files.ok) return files;
  const { scope } = session.parts.target;
  const next = files.byScope.get(scope) ?? withoutCluster(session, files);
  if (!next.ok) return next;
  const errors = contradicts(session, next.policy, next.locator);
  return errors.length === 0 ? next : { ok: false, errors };
}

/** Of a cluster that the configuration has no longer. With it a policy of its own is gone, and the general one may allow more. */
function withoutCluster(session: Session, files: Extract<ReadFiles, { ok: true }>): ReadClusterPolicy {
  if (session.inForce.locator.file === files.general.locator.file) return { ok: true, ...files.general, warnings: [] };
  const { scope } = session.parts.target;
  const why = `cluster ${scope} is no longer in the configuration: its policy stays in force until the next start`;
  return { ok: false, errors: [why] };
}

/** `isGood`: what the files have for it is in force. */
async function taken(
  session: Session,
  files: ReadFiles,
): Promise<{ readonly isGood: boolean; readonly lines: readonly string[] }> {
  const next = nextFor(session, files);
  if (!next.ok) {
    await refusePolicy(session, next.errors.join('\n'));
    return { isGood: false, lines: files.ok ? next.errors : [] };
  }
  const { policy, hash, locator } = next;
  const changes = describeChanges(session.policy, policy);
  await applyPolicy(session, { policy, hash, locator });
  return { isGood: true, lines: changes };
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
