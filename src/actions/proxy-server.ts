import type { ProxyServer } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';

/** The member's line in the primary pool; null: no proxy, no answer, or no such server. */
export const primaryServerOf = (view: ClusterView, member: string): ProxyServer | null =>
  freshValue(view.proxy)?.servers.find((row) => row.backend === view.pools?.primary && row.server === member) ?? null;
