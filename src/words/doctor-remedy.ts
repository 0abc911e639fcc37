import type { ReadingFault } from '../model/reading.js';

/** A part that the doctor asks for an answer. */
export type AskedPart =
  'api' | 'sql' | 'hosts' | 'disk' | 'power' | 'tags' | 'etcd' | 'alarms' | 'config' | 'proxy' | 'pooler' | 'peer';

/** What a person needs of a part to mend it: each is a clause that begins with a verb. */
interface Hints {
  /** Key of ekimi.yaml that says where it is. */
  readonly key: string;
  /** How to see from this machine what Ekimi sees. */
  readonly tryIt: string;
  /** Where it refuses us. */
  readonly login: string;
  /** Where it is not configured. */
  readonly configure: string;
}

const HINTS: Readonly<Record<AskedPart, Hints>> = {
  api: {
    key: 'clusters[].patroni.members',
    tryIt: 'curl -s http://MEMBER:8008/health',
    login: 'correct clusters[].patroni.auth, or restapi.allowlist of the member',
    configure: 'name it in clusters[].patroni.members',
  },
  sql: {
    key: 'clusters[].postgres.members',
    tryIt: 'pg_isready -h MEMBER -p 5432',
    login:
      'correct clusters[].postgres.user and its password, or pg_hba.conf of the member; config/rights/postgres.sql',
    configure: 'name it in clusters[].postgres; config/rights/postgres.sql makes the user',
  },
  hosts: {
    key: 'clusters[].hosts',
    tryIt: "run its status command as Ekimi's user (docker inspect CONTAINER, systemctl status UNIT)",
    login: "let Ekimi's user ask it: docs/rights.md says how, for each driver",
    configure: 'name what runs it in clusters[].hosts; docs/generated/host-drivers.md has the drivers',
  },
  disk: {
    key: 'clusters[].hosts.systemd.data or .commands.disk',
    tryIt: "df -Pk DATA_DIRECTORY/ DATA_DIRECTORY/pg_wal/ on that machine, as Ekimi's user",
    login: "let Ekimi's user search that directory, or name hosts.systemd.wal or .df: docs/rights.md says how",
    configure:
      'name hosts.systemd.data (driver systemd) or hosts.commands.disk (driver command), there where it is lent',
  },
  power: {
    key: 'clusters[].power',
    tryIt: "run power.commands.status as Ekimi's user",
    login: 'correct the login that power.commands use',
    configure: 'name its outlet in clusters[].power, if a dead machine is to be fenced',
  },
  tags: {
    key: 'clusters[].tags',
    tryIt: "read that file as Ekimi's user",
    login: "let Ekimi's user read and write that file",
    configure: 'name the file in clusters[].tags, if a drain by tag is wanted; a drain by the proxy needs none',
  },
  etcd: {
    key: 'clusters[].dcs.hosts',
    tryIt: 'etcdctl --endpoints URL endpoint health',
    login: 'correct clusters[].dcs.auth or dcs.tls; config/rights/etcd.sh gives the rights',
    configure: 'name it in clusters[].dcs.hosts',
  },
  alarms: {
    key: 'clusters[].dcs.hosts',
    tryIt: 'etcdctl --endpoints URL alarm list',
    login: 'correct clusters[].dcs.auth; config/rights/etcd.sh gives the rights',
    configure: 'name an endpoint in clusters[].dcs.hosts',
  },
  config: {
    key: 'clusters[].dcs.hosts and clusters[].patroni.members',
    tryIt: 'curl -s http://MEMBER:8008/config',
    login: 'correct clusters[].dcs.auth; config/rights/etcd.sh gives the rights',
    configure: 'name an endpoint in clusters[].dcs.hosts',
  },
  proxy: {
    key: 'clusters[].proxies.NAME.stats and .runtime',
    tryIt: "curl -s 'STATS;csv'",
    login: 'correct clusters[].proxies.NAME.statsAuth',
    configure: 'name it in clusters[].proxies, if HAProxy stands before the cluster',
  },
  pooler: {
    key: 'clusters[].poolers.NAME.address',
    tryIt: "psql -h HOST -p 6432 -U USER pgbouncer -c 'SHOW VERSION'",
    login: 'name our user in admin_users of pgbouncer.ini, and correct poolers.NAME.passwordEnv',
    configure: 'name it in clusters[].poolers',
  },
  peer: {
    key: 'clusters[].hosts.peers',
    tryIt: 'ekimi doctor, on that machine',
    login: 'give all instances the same hosts.peers.tokenEnv or tokenFile, and certificates of one authority',
    configure: 'name the others in clusters[].hosts.peers',
  },
};

/** Whatever else is wrong there: its own log knows. */
const OTHERWISE = ({ key, tryIt }: Hints): string => `look at its log, and see what it answers: ${tryIt} (${key})`;
const NO_WAY = ({ key, tryIt }: Hints): string =>
  `correct ${key}, or open the way from this machine to it; then: ${tryIt}`;

const BY_FAULT: Readonly<Partial<Record<ReadingFault, (hints: Hints) => string>>> = {
  'not-configured': ({ configure }) => configure,
  refused: ({ key, tryIt }) => `start it, or correct ${key} if it listens elsewhere; then: ${tryIt}`,
  unresolved: NO_WAY,
  unreachable: NO_WAY,
  timeout: ({ tryIt }) => `see where it hangs, it or the way to it: ${tryIt}`,
  denied: ({ login }) => login,
  certificate: ({ key }) => `name the authority of its certificate in tls.ca beside ${key}`,
  'wrong-scope': ({ key }) => `correct ${key}: the address leads to another one`,
  'too-many-clients': () => 'end sessions there or raise max_connections; superuser_reserved_connections keeps a place',
  'starting-up': () => 'wait until it has started, then: ekimi doctor',
  'no-quorum': () => 'start the etcd members that are down: ekimi run-procedure recover-dcs --plan shows how',
  'not-read-yet': () => 'ask again: ekimi doctor',
};

/** What a person does about a part that gave no answer, by why it gave none. Begins with a verb. */
export const remedyFor = (part: AskedPart, fault: ReadingFault): string => (BY_FAULT[fault] ?? OTHERWISE)(HINTS[part]);

/** What a person does about what an answer showed. */
export const REMEDY = {
  reach: 'try one from this machine: curl http://MEMBER:8008/health, then etcdctl endpoint health',
  'no-pass': 'see the other rows; then: ekimi doctor',
  'no-keys':
    "compare dcs.namespace and scope with patroni.yml (a Citus cluster's scope ends in /GROUP; Patroni's `etcd:` is the v2 API, which we do not read)",
  nospace: 'ekimi run-procedure defragment-dcs --plan shows how the space is won back',
  'etcd-size':
    'use a release of etcd that tells it to every user again, or watch etcd_mvcc_db_total_size_in_bytes of etcd itself',
  corrupt: 'replace that member of etcd: its data cannot be trusted',
  'no-identifier': 'nothing, if the cluster is being made; else look for /initialize under dcs.namespace',
  stranger: "correct the addresses of that member in ekimi.yaml: they lead to another cluster's",
  addresses:
    'correct the address in ekimi.yaml; where NAT or a tunnel lies between, name the one of etcd in `advertised`',
  'addresses-later': 'ask again when etcd answers: ekimi doctor',
  action: 'configure that part in ekimi.yaml, or leave it: the action is then never planned',
  ladder:
    'configure one of these channels in ekimi.yaml, or leave it: the action is then never planned for this problem',
  policy: 'correct policy.yaml, or the setting of the cluster: patronictl edit-config',
  rewind: 'patronictl edit-config --set postgresql.use_pg_rewind=true; with wal_log_hints or data checksums',
  notifications: 'name channels under notifications in ekimi.yaml: docs/notifications.md',
  'pooler-databases': 'write them as clients name them',
  'pooler-paused': 'RESUME in its console, unless a switchover is under way or somebody paused it on purpose',
  'before-stop':
    'set it for all members: docs/runbook/switchover.md, "A second less: before_stop"; nothing, if each patroni.yml has it',
  'marked-down': 'write `on-marked-down shutdown-sessions` at each server of the write pool in haproxy.cfg',
  clock: 'let both machines keep the time: chronyc tracking',
  certificate: 'renew its certificate, then SIGHUP there',
  blind: 'on that machine: ekimi doctor',
  'lends-nothing': 'name it under hosts there, or correct hosts.peers here',
  'lends-ours': 'correct hosts there if it was copied from another machine, or hosts.peers here',
} as const;

/** Where a pooler gives clients up too soon. */
export const waitLonger = (seconds: number): string =>
  `set query_wait_timeout = ${seconds} or more in pgbouncer.ini (0: no limit), then RELOAD in its console`;
