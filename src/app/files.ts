import { errorText, type ConfigError, type Locator } from '../config/config-error.js';
import { loadConfig } from '../config/load-config.js';
import { loadClusterPolicy, loadPolicy, type LoadedPolicy } from '../config/load-policy.js';
import { checkTogether } from '../config/together.js';
import type { ClusterConfig, EkimiConfig } from '../model/config.js';
import type { Policy } from '../model/policy.js';

/** The policy of one cluster: that of the policy file, with what the cluster has of its own. */
export interface ClusterPolicy {
  readonly policy: Policy;
  readonly hash: string;
  /** Where each key stands, for what only the cluster's own waits can contradict. */
  readonly locator: Locator;
}

export type ReadClusterPolicy = ({ readonly ok: true; readonly warnings: readonly string[] } & ClusterPolicy) | Faulty;

interface Faulty {
  readonly ok: false;
  readonly errors: readonly string[];
}

interface Common {
  readonly ok: true;
  readonly config: EkimiConfig;
  readonly configHash: string;
  /** That of the policy file alone. */
  readonly general: ClusterPolicy;
  readonly warnings: readonly string[];
}

/** All files, each cluster's policy for itself: one cluster's faulty file is no other one's. */
export type ReadFiles = (Common & { readonly byScope: ReadonlyMap<string, ReadClusterPolicy> }) | Faulty;

/** All files without a fault. */
export type LoadedFiles = (Common & { readonly policies: ReadonlyMap<string, ClusterPolicy> }) | Faulty;

const textsOf = (rows: readonly ConfigError[], severity: ConfigError['severity']): string[] =>
  rows.filter((row) => row.severity === severity).map(errorText);

export function readFiles(configFile: string, env: NodeJS.ProcessEnv): ReadFiles {
  const loaded = loadConfig(configFile, env);
  if (!loaded.ok) return { ok: false, errors: loaded.errors.map(errorText) };
  const { config } = loaded;
  const loadedPolicy = loadPolicy(config.policyFile);
  if (!loadedPolicy.ok) return { ok: false, errors: loadedPolicy.errors.map(errorText) };
  const { policy, hash, locator } = loadedPolicy;
  const general: ClusterPolicy = { policy, hash, locator };
  const shared = config.clusters.filter(({ policyFile }) => policyFile === undefined);
  const rows = checkTogether({ ...config, clusters: shared }, policy, locator);
  const errors = textsOf(rows, 'error');
  if (errors.length > 0) return { ok: false, errors };
  return {
    ok: true,
    config,
    configHash: loaded.hash,
    general,
    byScope: new Map(
      config.clusters.map((cluster) => [
        cluster.scope,
        cluster.policyFile === undefined
          ? { ok: true, ...general, warnings: [] }
          : ownPolicy(config, cluster, loadClusterPolicy(config.policyFile, cluster.policyFile)),
      ]),
    ),
    warnings: [...loaded.warnings, ...loadedPolicy.warnings].map(errorText).concat(textsOf(rows, 'warning')),
  };
}

function ownPolicy(config: EkimiConfig, cluster: ClusterConfig, loaded: LoadedPolicy): ReadClusterPolicy {
  // A line of the policy file may be at fault only together with the cluster's own file.
  const told = (texts: readonly string[]): string[] =>
    texts.map((text) => `${text} (in the policy of cluster ${cluster.scope}, which has a file of its own)`);
  if (!loaded.ok) return { ok: false, errors: told(loaded.errors.map(errorText)) };
  const { policy, hash, locator } = loaded;
  const rows = checkTogether({ ...config, clusters: [cluster] }, policy, locator);
  const errors = textsOf(rows, 'error');
  if (errors.length > 0) return { ok: false, errors: told(errors) };
  const warnings = told([...loaded.warnings.map(errorText), ...textsOf(rows, 'warning')]);
  return { ok: true, policy, hash, locator, warnings };
}

/** All files, checked alone and together; all errors at once, or values. */
export function loadFiles(configFile: string, env: NodeJS.ProcessEnv): LoadedFiles {
  const files = readFiles(configFile, env);
  if (!files.ok) return files;
  const { byScope, warnings, ...rest } = files;
  const errors = [...byScope.values()].flatMap((read) => (read.ok ? [] : read.errors));
  if (errors.length > 0) return { ok: false, errors };
  const policies = [...byScope].flatMap(([scope, read]) => (read.ok ? [[scope, read] as const] : []));
  return {
    ...rest,
    policies: new Map(policies),
    warnings: [...warnings, ...policies.flatMap(([, read]) => read.warnings)],
  };
}

/** Of a cluster of these files. */
export function policyFor(files: Extract<LoadedFiles, { ok: true }>, scope: string): ClusterPolicy {
  const found = files.policies.get(scope);
  if (found === undefined) throw new Error(`no policy was loaded for ${scope}`);
  return found;
}
