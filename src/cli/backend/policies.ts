import { policyFor } from '../../app/files.js';
import { windowsAt } from '../../config/calendar.js';
import type { ClusterConfig } from '../../model/config.js';
import { EMPTY_LEDGER } from '../../model/ledger.js';
import type { Actuators } from '../../model/view.js';
import { policyMatrix } from '../../words/policy-matrix.js';
import type { NamedPolicy } from '../backend.js';
import { filesOf } from './files.js';

/** What the files say of each cluster; kill switches and the breaker are a daemon's, and not among it. */
export function policiesOf(configFile: string, nowMs: number): readonly NamedPolicy[] {
  const files = filesOf(configFile);
  return files.config.clusters.map((cluster) => {
    const { policy } = policyFor(files, cluster.scope);
    const windows = windowsAt(policy, nowMs);
    return { scope: cluster.scope, policy: policyMatrix(policy, EMPTY_LEDGER, windows, nowMs, configured(cluster)) };
  });
}

const configured = ({ proxies, tags, postgres, hosts }: ClusterConfig): Actuators => ({
  proxy: proxies.some(({ runtime }) => runtime !== null),
  tags: tags !== null,
  sql: postgres !== null,
  host: hosts !== null,
});
