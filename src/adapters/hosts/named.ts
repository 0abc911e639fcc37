import type { ClusterConfig } from '../../model/config.js';
import type { HostTarget } from '../../model/host.js';

const GROUPS = { member: 'members', store: 'dcs', proxy: 'proxy' } as const;

/** The container or unit of a target, as `hosts` of the configuration names it; undefined: it names none. */
export const hostNamed = ({ hosts }: Pick<ClusterConfig, 'hosts'>, { kind, name }: HostTarget): string | undefined =>
  hosts?.[GROUPS[kind]][name];

/** Every configured container or unit with our own word for it. */
export const namesOfHosts = ({ hosts }: Pick<ClusterConfig, 'hosts'>): ReadonlyMap<string, string> =>
  new Map(
    Object.values(GROUPS).flatMap((group) =>
      Object.entries(hosts?.[group] ?? {}).map(([name, host]): [string, string] => [host, name]),
    ),
  );
