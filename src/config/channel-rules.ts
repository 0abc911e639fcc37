import { HOST_DRIVERS, type HostDriverName, type HostDriverRow } from '../model/host-drivers.js';
import type { ClusterConfig } from '../model/config.js';
import { eachCluster, type ConfigFacts } from './config-facts.js';
import type { Breach, Rule } from './rule.js';
import { durationText } from './units.js';

/** How each part is reached, and that one command or backend is never taken for another. */
export const CHANNEL_RULES: readonly Rule<ConfigFacts>[] = [
  {
    id: 'namespace-apart',
    severity: 'error',
    keys: ['clusters[].dcs.namespace', 'clusters[].dcs.ekimiNamespace'],
    check: eachCluster(({ dcs }, at) =>
      !dcs.ekimiNamespace.startsWith(dcs.namespace) && !dcs.namespace.startsWith(dcs.ekimiNamespace)
        ? []
        : [
            {
              key: `${at}.dcs.ekimiNamespace`,
              found: `${dcs.ekimiNamespace}, inside or around Patroni's ${dcs.namespace}`,
              expected: 'a prefix of its own',
              remedy: 'leave it at /ekimi/: Patroni must never see our keys as a cluster',
            },
          ],
    ),
  },
  {
    // Tenure is renewed by calls; one slow call must not lose it.
    id: 'tenure-outlives-call',
    severity: 'error',
    keys: ['clusters[].dcs.tenureTtl', 'clusters[].deadlines.dcs'],
    check: eachCluster(({ dcs, deadlines }, at) =>
      dcs.tenureTtlMs >= 3 * deadlines.dcs && dcs.tenureTtlMs % 1000 === 0
        ? []
        : [
            {
              key: `${at}.dcs.tenureTtl`,
              found: `${durationText(dcs.tenureTtlMs)}, with deadlines.dcs ${durationText(deadlines.dcs)}`,
              expected: 'whole seconds, at least three times deadlines.dcs',
              remedy: 'raise tenureTtl or lower deadlines.dcs',
            },
          ],
    ),
  },
  {
    // One statement reads one database, and a second one for each member and look would cost as much again.
    id: 'heartbeat-readable',
    severity: 'warning',
    keys: ['clusters[].postgres.heartbeat.database', 'clusters[].postgres.database'],
    check: eachCluster(({ postgres }, at) =>
      postgres?.heartbeat === undefined || postgres.heartbeat.database === postgres.database
        ? []
        : [
            {
              key: `${at}.postgres.heartbeat.database`,
              found: 'another database than postgres.database',
              expected: 'the same database, for lag in seconds',
              remedy:
                'make the table in the database that Ekimi connects to; as it is the heartbeat finds a leader that cannot write, and tells no lag',
            },
          ],
    ),
  },
  {
    id: 'tls-pair',
    severity: 'error',
    keys: ['clusters[].patroni.tls', 'clusters[].dcs.tls', 'clusters[].postgres.tls', 'clusters[].proxies.NAME.tls'],
    check: eachCluster((cluster, at) =>
      tlsOf(cluster)
        .filter(([, tls]) => (tls.cert === null) !== (tls.key === null))
        .map(([where, tls]) => ({
          key: `${at}.${where}`,
          found: tls.cert === null ? 'key without cert' : 'cert without key',
          expected: 'cert and key, or neither',
          remedy: 'add the other one',
        })),
    ),
  },
  {
    id: 'tls-insecure',
    severity: 'warning',
    keys: ['clusters[].patroni.tls', 'clusters[].dcs.tls', 'clusters[].postgres.tls', 'clusters[].proxies.NAME.tls'],
    check: eachCluster((cluster, at) =>
      tlsOf(cluster)
        .filter(([, tls]) => tls.insecure)
        .map(([where]) => ({
          key: `${at}.${where}.insecure`,
          found: 'true',
          expected: 'false outside a lab',
          // etcd3's credentials have no way to say it, so the connection would fail later and less clearly.
          ...(where === 'dcs.tls' ? { severity: 'error' as const } : {}),
          remedy:
            'name the authority in `ca` instead: now anybody in between can read passwords and answer for a member',
        })),
    ),
  },
  {
    id: 'driver-commands',
    severity: 'error',
    keys: ['clusters[].hosts.driver', 'clusters[].tags.driver'],
    check: eachCluster(({ hosts, tags }, at) => {
      const needing = [
        ...(hosts === null
          ? []
          : driversOf(hosts).flatMap((driver) =>
              needsOf(driver).map((need) => ['hosts', driver, need, hosts[need]] as const),
            )),
        ...(tags?.driver === 'command' ? [['tags', 'command', 'commands', tags.commands] as const] : []),
      ];
      return needing
        .filter(([, , , value]) => value == null)
        .map(([part, driver, need]) => ({
          key: `${at}.${part}.driver`,
          found: `${driver}, without ${need}`,
          expected: `${part}.${need}`,
          remedy: `write ${part}.${need}, or choose another driver`,
        }));
    }),
  },
  {
    // A fence is planned by what the host driver says or fails to say: without one nothing is ever fenced.
    id: 'power-beside-hosts',
    severity: 'error',
    keys: ['clusters[].power', 'clusters[].hosts'],
    check: eachCluster(({ power, hosts }, at) =>
      power == null || hosts !== null
        ? []
        : [
            {
              key: `${at}.power`,
              found: 'power, without hosts',
              expected: 'a host driver beside it',
              remedy: 'add hosts: power is cut only where the host driver gives no answer',
            },
          ],
    ),
  },
  {
    id: 'command-names-target',
    severity: 'error',
    keys: [
      'clusters[].hosts.commands',
      'clusters[].power.commands',
      'clusters[].tags.commands',
      'clusters[].tags.file',
    ],
    check: eachCluster(commandsWithoutTarget),
  },
  {
    // One directory for two members would tell the room of one as that of the other.
    id: 'data-names-member',
    severity: 'error',
    keys: ['data', 'wal', 'controldata', 'waldump'].map((part) => `clusters[].hosts.systemd.${part}`),
    check: eachCluster(({ hosts }, at) => {
      const systemd = hosts?.systemd ?? null;
      const count = Object.keys(hosts?.members ?? {}).length;
      if (hosts === null || systemd === null || count < 2 || !driversOf(hosts).includes('systemd')) return [];
      return (['data', 'wal', 'controldata', 'waldump'] as const).flatMap((part) => {
        const named = systemd[part] ?? null;
        const words = typeof named === 'string' ? [named] : named;
        return words === null || words.some((word) => word.includes('{name}'))
          ? []
          : [
              {
                key: `${at}.hosts.systemd.${part}`,
                found: typeof named === 'string' ? `"${named}" for ${count} members` : `one for ${count} members`,
                expected: '{name} in it, which stands for the one that is meant',
                remedy: 'add {name}, or name under hosts.members only the member of this machine',
              },
            ];
      });
    }),
  },
  {
    id: 'tags-need-containers',
    severity: 'error',
    keys: ['clusters[].tags.driver', 'clusters[].hosts.driver'],
    check: eachCluster(({ tags, hosts }, at) =>
      tags?.driver !== 'docker' || (hosts?.driver === 'docker' && Object.keys(hosts.members).length > 0)
        ? []
        : [
            {
              key: `${at}.tags.driver`,
              found: 'docker, without hosts.driver docker and hosts.members',
              expected: 'to know the containers of the members',
              remedy: 'add hosts with driver docker, or choose the driver file or command',
            },
          ],
    ),
  },
];

const tlsOf = (cluster: ClusterConfig) =>
  (
    [
      ['patroni.tls', cluster.patroni.tls],
      ['dcs.tls', cluster.dcs.tls],
      ['postgres.tls', cluster.postgres?.tls ?? null],
      ['hosts.peers.tls', cluster.hosts?.peers?.tls ?? null],
      ...cluster.proxies.map(({ name, tls }) => [`proxies.${name}.tls`, tls] as const),
    ] as const
  ).flatMap(([where, tls]) => (tls === null ? [] : [[where, tls] as const]));

const needsOf = (driver: HostDriverName): HostDriverRow['needs'] => HOST_DRIVERS[driver].needs;

const driversOf = ({ driver, peers }: NonNullable<ClusterConfig['hosts']>): readonly HostDriverName[] =>
  driver === 'peers' && peers?.local != null ? [peers.local] : [driver];

/** Without `{name}` every member's command would be the same one. */
function commandsWithoutTarget({ hosts, power, tags, members }: ClusterConfig, at: string): readonly Breach[] {
  const commands = [
    ...Object.entries(hosts?.commands ?? {}).flatMap(([verb, argv]) =>
      // `logs` may be left out.
      Array.isArray(argv) ? [[`${at}.hosts.commands.${verb}`, argv as readonly string[]] as const] : [],
    ),
    ...Object.entries(power?.commands ?? {}).map(([verb, argv]) => [`${at}.power.commands.${verb}`, argv] as const),
    ...Object.entries(tags?.commands ?? {}).map(([verb, argv]) => [`${at}.tags.commands.${verb}`, argv] as const),
    ...(tags?.driver === 'file' && members.length > 1 ? [[`${at}.tags.file`, [tags.file]] as const] : []),
  ];
  return commands
    .filter(([, argv]) => !argv.some((word) => word.includes('{name}')))
    .map(([key, argv]) => ({
      key,
      found: argv.length === 0 ? 'no command' : 'words without it, not shown',
      expected: '{name} in it, which stands for the one that is meant',
      remedy: 'add {name}: without it every member would get the same',
    }));
}
