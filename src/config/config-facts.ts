import type { ClusterConfig, EkimiConfig } from '../model/config.js';
import type { Breach, Rule } from './rule.js';
import { nameShown } from './shown.js';

/** What the rules read: the result, and how the DCS hosts were written, since a bare list has no names of its own. */
export interface ConfigFacts {
  readonly config: EkimiConfig;
  readonly values: {
    readonly clusters: readonly {
      readonly dcs: { readonly hosts: unknown };
      readonly proxy?: unknown;
      readonly proxies?: object;
    }[];
    readonly notifications?: {
      readonly contacts: Readonly<Record<string, readonly string[]>>;
      readonly routes: readonly { readonly to: readonly string[] }[];
      readonly escalation: readonly { readonly to: readonly string[] }[];
      readonly reports: readonly { readonly to: readonly string[] }[];
    } | null;
  };
}

export type ClusterCheck = (cluster: ClusterConfig, at: string, facts: ConfigFacts, index: number) => readonly Breach[];

/** A rule that looks at one cluster at a time. */
export const eachCluster =
  (check: ClusterCheck): Rule<ConfigFacts>['check'] =>
  (facts) =>
    facts.config.clusters.flatMap((cluster, index) => check(cluster, `clusters[${index}]`, facts, index));

/** Keys whose value another key before them has. */
export function repeated(
  rows: readonly (readonly [key: string, value: string])[],
  expected: string,
  remedy: string,
  shown: (value: string) => string = nameShown,
): Breach[] {
  const first = new Map<string, string>();
  const breaches: Breach[] = [];
  for (const [key, value] of rows) {
    const before = first.get(value);
    if (before === undefined) first.set(value, key);
    else breaches.push({ key, found: `${shown(value)}, as in ${before}`, expected, remedy });
  }
  return breaches;
}
