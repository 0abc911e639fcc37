import { z } from 'zod';
import { leaderKeyHolder } from '../assess/leader.js';
import type { MemberName } from '../model/names.js';
import type { ConfigDocument, Json, Step } from '../model/plan.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';

/** Patroni's dynamic configuration as etcd has it in this pass, with its revision; a text: why it is not known. */
export function configNow(
  view: ClusterView,
): { readonly document: ConfigDocument; readonly revision: string } | string {
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return 'etcd gave no linearizable answer in this pass';
  if (keys.config?.known !== true) return keys.config?.why ?? "etcd does not show Patroni's configuration";
  const { document } = keys.config;
  const revision = keys.configRevision ?? null;
  return document === undefined || revision === null
    ? "etcd does not show Patroni's configuration word for word"
    : { document, revision };
}

/** The configuration belongs to no member: who leads stands for the cluster, else whoever is first. */
export const standsForCluster = (view: ClusterView): MemberName | { readonly none: string } =>
  leaderKeyHolder(view) ?? view.members[0]?.name ?? { none: 'the cluster has no member' };

const json: z.ZodType<Json> = z.json();

/** A patch, and the revision of what it was made for. */
export const CONFIG_BOND = z.object({ patch: z.record(z.string(), json), configRevision: z.string() });

/** Another writer in between makes etcd refuse it. */
export const writeStep = ({ patch, configRevision }: z.infer<typeof CONFIG_BOND>): Step => ({
  port: 'dcs',
  call: 'write-config',
  patch,
  configRevision,
});

/** The look before the request must show the very configuration that it was planned for. */
export function whyChanged(view: ClusterView, configRevision: string): string | null {
  const now = configNow(view);
  if (typeof now === 'string') return now;
  return now.revision === configRevision
    ? null
    : `somebody else changed Patroni's configuration meanwhile (mod revision ${now.revision}, planned for ${configRevision})`;
}
