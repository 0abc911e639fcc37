import type { HostDriverName, LocalDriverName } from './host-drivers.js';
import type { Intention } from './intention.js';
import type { MemberName } from './names.js';
import type { NotificationsConfig } from './notify.js';
import type { CronWindow } from './policy.js';
import type { PoolerDriverName } from './pooler-drivers.js';
import type { ProxyPools } from './proxy.js';
import type { TlsConfig } from './tls.js';

/** `ekimi.yaml` after defaults and validation: infrastructure only; what may be done is the policy's. Secrets are resolved values, never logged. */
export interface EkimiConfig {
  readonly clusters: readonly ClusterConfig[];
  readonly journal: { readonly directory: string; readonly maxFileBytes: number; readonly keepFiles: number };
  readonly api: ApiConfig;
  /** Absent: persons are told in the log alone. */
  readonly notifications?: NotificationsConfig;
  /** Absolute path of the policy file. */
  readonly policyFile: string;
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'; readonly pretty: boolean };
  /** Ours, for tenure: host name and process by default. */
  readonly instance: string;
}

export interface ApiConfig {
  readonly host: string;
  readonly port: number;
  /** Who comes from a loopback address may read without a token. Absent: yes. */
  readonly openOnLoopback?: boolean;
  /** How many event streams may be open at once. Absent: 1,000. */
  readonly streams?: number;
  /** Ours, and who signs those of clients (`ca`), who then must show one. Null or absent: HTTP in clear. */
  readonly tls?: TlsConfig | null;
  readonly tokens: readonly ApiToken[];
}

export interface ApiToken {
  readonly name: string;
  readonly role: ApiRole;
  /** Empty where only its digest is known. */
  readonly token: string;
  /** SHA-256 of the token, 64 hexadecimal digits, where the configuration has that in its place. */
  readonly sha256?: string;
}

/**
 * Each may do what those before it may. viewer reads; operator pauses, resumes, acknowledges and starts procedures; approver also approves and
 * rejects; recovery also begins what goes on without etcd. Where no token has the role approver, operators approve, as they did before it.
 */
export const API_ROLES = ['viewer', 'operator', 'approver', 'recovery'] as const;
export type ApiRole = (typeof API_ROLES)[number];

export interface ProxyConfig {
  /** Ours for it, in what is told and in requests. */
  readonly name: string;
  readonly stats: string;
  readonly statsAuth: { readonly username: string; readonly password: string } | null;
  /** Towards the statistics page. */
  readonly tls: TlsConfig | null;
  /** `tcp://HOST:PORT` or `unix:///PATH`; null: we can look but not touch. */
  readonly runtime: string | null;
  readonly pools: ProxyPools;
  /** Server of the proxy to member, where the operator says it; null: no member's. */
  readonly servers: Readonly<Record<string, MemberName | null>>;
}

/** Other instances, each beside what it lends its own host driver for. */
export interface PeersConfig {
  /** Driver of what this instance reaches itself; null: nothing. */
  readonly local: LocalDriverName | null;
  /** Where it lends that; null: to nobody. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** URL of who lends it, by member, etcd endpoint and proxy. */
  readonly members: Readonly<Record<string, string>>;
  readonly dcs: Readonly<Record<string, string>>;
  readonly proxy: Readonly<Record<string, string>>;
  /** Towards the others and of our own listener: with `ca` it takes only clients with a certificate of that authority. */
  readonly tls: TlsConfig | null;
  /** That all instances of the cluster share; null: none is asked for. */
  readonly token: string | null;
}

export interface PoolerConfig {
  /** Ours for it, in what is told and in requests. */
  readonly name: string;
  readonly driver: PoolerDriverName;
  /** Of its console: `tcp://HOST:PORT` or `unix:///DIRECTORY/.s.PGSQL.PORT`. */
  readonly address: string;
  readonly user: string;
  readonly password: string | null;
  readonly tls: TlsConfig | null;
  /** Those that lead to this cluster, as its clients name them; empty: all of them. */
  readonly databases: readonly string[];
}

export interface ClusterConfig {
  readonly scope: string;
  /** Absolute path of the file with the keys of the policy that are this cluster's own; absent: none. */
  readonly policyFile?: string;
  readonly members: readonly MemberName[];
  readonly patroni: {
    readonly urls: Readonly<Record<string, string>>;
    /** As etcd has it (`api_url`), where NAT or a tunnel lies between us and the member. */
    readonly advertised?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
    readonly auth: { readonly username: string; readonly password: string } | null;
    readonly tls: TlsConfig | null;
  };
  /** The site of members, etcd endpoints, `proxy` and `ekimi`, by name; absent: none is configured. */
  readonly sites?: Readonly<Record<string, string>>;
  /** What is on purpose, by member; absent: nothing is declared. */
  readonly intended?: Readonly<Record<string, readonly Intention[]>>;
  readonly dcs: {
    readonly hosts: readonly { readonly name: string; readonly url: string }[];
    readonly namespace: string;
    readonly auth: { readonly username: string; readonly password: string } | null;
    readonly tls: TlsConfig | null;
    /** Our own corner: tenure and ledger. */
    readonly ekimiNamespace: string;
    readonly tenureTtlMs: number;
    /** etcd's `--quota-backend-bytes`. Absent: etcd's default, 2 GiB. */
    readonly quotaBytes?: number;
  };
  readonly postgres: {
    readonly hosts: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
    /** As etcd has it (`conn_url`), where NAT or a tunnel lies between us and the member. */
    readonly advertised?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
    readonly user: string;
    readonly password: string | null;
    readonly database: string;
    readonly tls: TlsConfig | null;
    /** Where one row a second is written on the leader; absent: nowhere. `table` may have its schema before a point. */
    readonly heartbeat?: { readonly database: string; readonly table: string };
    /** How data is checked by pg_amcheck. Absent: as CHECK_DEFAULTS says. */
    readonly check?: {
      readonly program: string;
      readonly withinMs: number;
      readonly statementTimeoutMs: number;
      readonly schedule: CronWindow | null;
    };
  } | null;
  /** In the order of the file; empty: none. */
  readonly proxies: readonly ProxyConfig[];
  /** In the order of the file. Absent: none. */
  readonly poolers?: readonly PoolerConfig[];
  readonly hosts: {
    readonly driver: HostDriverName;
    /** docker: `unix:///var/run/docker.sock` or `http://HOST:PORT`. */
    readonly socket: string;
    /** command: argv templates, `{name}` is replaced; exit code and output are the answer. */
    readonly commands: {
      readonly status: readonly string[];
      readonly start: readonly string[];
      readonly stop: readonly string[];
      readonly restart: readonly string[];
      readonly kill: readonly string[];
      /** `{lines}` becomes the number of lines; null: logs are not to be had. */
      readonly logs?: readonly string[] | null;
      /** Prints `df -Pk` of the data directory, and behind a line `== wal` that of pg_wal; null: not to be had. */
      readonly disk?: readonly string[] | null;
      /** `{suffix}` and prints what config/ekimi-move-aside prints; null: not to be had. */
      readonly moveAside?: readonly string[] | null;
      /** Prints what config/ekimi-list-aside prints; null: not to be had. */
      readonly listAside?: readonly string[] | null;
      /** `{directory}` and prints what config/ekimi-remove-aside prints; null: not to be had. */
      readonly removeAside?: readonly string[] | null;
      /** Prints what pg_controldata prints under LC_ALL=C; null: not to be had. */
      readonly controldata?: readonly string[] | null;
      /** Of an etcd member: `holds=member` or `holds=nothing`; null: not to be had. */
      readonly storeData?: readonly string[] | null;
      /** Of an etcd member: `{suffix}` and prints what config/ekimi-move-store-aside prints; null: not to be had. */
      readonly moveStoreAside?: readonly string[] | null;
      /** Of an etcd member: prints what config/ekimi-list-store-aside prints; null: not to be had. */
      readonly listStoreAside?: readonly string[] | null;
      /** `{timeline}` and `{lsn}` from where on; prints what config/ekimi-waldump prints; null: not to be had. */
      readonly waldump?: readonly string[] | null;
    } | null;
    /** docker: data directory of etcd in its containers; null: not to be had. */
    readonly dcsData?: string | null;
    /** systemd: its programs with what stands before them, and how a name becomes a unit where it is none. Absent: another driver. */
    readonly systemd?: {
      readonly systemctl: readonly string[];
      readonly journalctl: readonly string[];
      readonly unit: string;
      /** Data directory of a member, `{name}` in it as in `unit`; absent, null: its room cannot be had. */
      readonly data?: string | null;
      /** Where its pg_wal lies; absent, null: in `data`. */
      readonly wal?: string | null;
      /** Prints what pg_controldata prints; absent, null: not to be had. */
      readonly controldata?: readonly string[] | null;
      /** As in `commands`; absent, null: not to be had. */
      readonly waldump?: readonly string[] | null;
      /** Absent: `df` itself. */
      readonly df?: readonly string[];
    } | null;
    /** peers: who lends what; null: nobody. With it `members`, `dcs` and `proxy` below name what this instance reaches itself. */
    readonly peers?: PeersConfig | null;
    readonly members: Readonly<Record<string, string>>;
    readonly dcs: Readonly<Record<string, string>>;
    readonly proxy: Readonly<Record<string, string>>;
  } | null;
  /** Absent, null: nothing cuts the power of a machine. */
  readonly power?: {
    readonly commands: { readonly status: readonly string[]; readonly off: readonly string[] };
    /** Member to outlet. */
    readonly members: Readonly<Record<string, string>>;
    /** etcd endpoints whose machine hangs on the same outlet as a member's. */
    readonly dcs: Readonly<Record<string, string>>;
  } | null;
  readonly tags: {
    readonly driver: 'docker' | 'file' | 'command';
    /** docker: path inside the container; file: path template with `{name}`. */
    readonly file: string;
    readonly commands: { readonly read: readonly string[]; readonly write: readonly string[] } | null;
  } | null;
  /** Names of the environment variables that hold our secrets: the operator's commands do not inherit them. */
  readonly secretEnv?: readonly string[];
  /** Deadlines of single calls, in milliseconds. */
  readonly deadlines: {
    readonly read: number;
    readonly slowRead: number;
    readonly sql: number;
    readonly dcs: number;
    readonly proxy: number;
    readonly host: number;
  };
}
