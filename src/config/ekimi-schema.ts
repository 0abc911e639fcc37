import { cron, timezone } from './cron.js';
import { hostPort, name, namespace, serverName, socketUrl, statsUrl, thing, webUrl } from './addresses.js';
import { duration, flag, listOf, mapOf, nullable, oneOf, Refusal, size, text, whole, type Format } from './formats.js';
import { path, variable } from './files-and-variables.js';
import { API_ROLES } from '../model/config.js';
import { POOLER_DRIVER_NAMES, POOLER_DRIVERS } from '../model/pooler-drivers.js';
import { INTENTIONS } from '../model/intention.js';
import { HOSTS } from './hosts-schema.js';
import { NOTIFICATIONS } from './notifications-schema.js';
import { POWER } from './power-schema.js';
import { key, list, named, optional, REQUIRED, section } from './schema.js';

/** `ekimi.yaml`: where things are. What may be done to them is the policy's. */

const argv = listOf(text());

const POOLERS_TEXT = `${POOLER_DRIVER_NAMES.map((driver) => `${driver}: ${POOLER_DRIVERS[driver].summary}`).join('. ')}.`;

const tls = optional('TLS towards these addresses. Paths of PEM files, read anew every 30 s and at SIGHUP.', {
  ca: key(nullable(path), null, 'Certificates to trust instead of the system ones.'),
  cert: key(nullable(path), null, 'Our certificate, where the other end asks for one. Needs `key`.'),
  key: key(nullable(path), null, 'Private key of `cert`.'),
  insecure: key(flag, false, 'Accept any certificate. For a lab only, and not for etcd.'),
});

const auth = optional('User name and password. The password comes from the environment or a file, never from here.', {
  username: key(text(), REQUIRED, 'User name.'),
  passwordEnv: key(nullable(variable), null, 'Environment variable that holds the password.'),
  passwordFile: key(nullable(path), null, 'File that holds the password; its final end of line is not part of it.'),
});

const memberUrl = webUrl({ path: false, example: 'http://10.0.0.1:8008' });
const dcsUrl = webUrl({ path: false, example: 'http://10.0.0.1:2379' });

/** A list of URLs, or a map of name to URL. A list is named by `hosts.dcs` in its order, else etcd1, etcd2, ... */
const dcsHosts: Format<readonly string[] | Readonly<Record<string, string>>> = {
  type: 'list of URL, or map of name to URL',
  read: (raw) =>
    typeof raw === 'string'
      ? new Refusal('a list of URLs, or a map { NAME: URL, ... }', 'write each endpoint as an entry of a list, - URL')
      : Array.isArray(raw)
        ? listOf(dcsUrl).read(raw)
        : mapOf(name, dcsUrl).read(raw),
};

/** One member that hangs holds up the pass for so long. */
const callDeadline = duration({ minMs: 50, maxMs: 30_000 });

const CLUSTER = {
  scope: key(name, REQUIRED, "Patroni's scope; an answer from another scope is never believed."),
  policy: key(
    nullable(path),
    null,
    'A file with the keys of policy.yaml that are otherwise for this cluster; all others are those of the policy file, and both are checked as a whole. Null: the policy file alone.',
  ),
  patroni: section("Patroni's REST API.", {
    members: key(
      mapOf(name, memberUrl),
      REQUIRED,
      'Every member by its Patroni name, with the URL of its REST API. This is the inventory: nothing is inferred from `/cluster`.',
    ),
    advertised: key(
      mapOf(name, hostPort({ listen: false })),
      {},
      "HOST:PORT of a member's API as etcd has it (`api_url`), where NAT, a tunnel or a published port lies between us and it: only so can a swapped address be told there.",
    ),
    auth,
    tls,
  }),
  sites: key(
    mapOf(name, name),
    {},
    'Where things stand, by name: a member, an etcd endpoint, a proxy, `proxy` (each proxy that is not named here), `ekimi` (this instance). A site of which nothing answers is one problem; an instance on a site that is cut off says that it is the blind one; among equal candidates the site of the old leader is preferred; `limits.minReadPoolPerSite` keeps readers on each.',
  ),
  intended: key(
    mapOf(name, listOf(oneOf(INTENTIONS))),
    {},
    'What is on purpose, by member: delayed (replays late), archive-only (does not stream), retired (gone for good), not-for-reads.',
  ),
  dcs: section('etcd, as Patroni uses it, and our own corner of it.', {
    hosts: key(
      dcsHosts,
      REQUIRED,
      'Every etcd endpoint: a list of URLs, or a map of name to URL. A list takes its names from `hosts.dcs` in the same order, else etcd1, etcd2, ...',
    ),
    namespace: key(namespace, '/service/', "Patroni's key prefix."),
    auth,
    tls,
    ekimiNamespace: key(namespace, '/ekimi/', 'Our own key prefix: tenure, ledger and kill switches.'),
    tenureTtl: key(
      duration({ minMs: 5_000, maxMs: 300_000 }),
      '15s',
      'How long tenure outlives a controller that has died. In whole seconds.',
    ),
    quota: key(
      size({ minBytes: 16 * 1024 * 1024 }),
      '2GB',
      'What etcd was started with as `--quota-backend-bytes`; beyond it etcd refuses writes.',
    ),
  }),
  postgres: optional('PostgreSQL asked directly. Without it every SQL reading is unknown.', {
    members: key(mapOf(name, hostPort({ listen: false })), REQUIRED, 'HOST:PORT of each member.'),
    advertised: key(
      mapOf(name, hostPort({ listen: false })),
      {},
      'As `patroni.advertised`, of PostgreSQL (`conn_url` in etcd).',
    ),
    user: key(text(), REQUIRED, 'Needs pg_monitor, and pg_signal_backend to cancel queries.'),
    passwordEnv: key(nullable(variable), null, 'Environment variable that holds the password.'),
    passwordFile: key(nullable(path), null, 'File that holds the password.'),
    database: key(text(), 'postgres', 'Database to connect to.'),
    heartbeat: optional(
      'One row a second, written on the leader by the holder of tenure in mode enforce: it finds a leader that reads and cannot write, and each replica shows by it how many seconds it lags. Make the table yourself: CREATE TABLE ekimi_heartbeat (scope text PRIMARY KEY, instance text NOT NULL, beat_at timestamptz NOT NULL); GRANT SELECT, INSERT, UPDATE ON ekimi_heartbeat TO our user.',
      {
        database: key(
          text(),
          'postgres',
          'Database that has the table. Lag in seconds is read from it only if it is `database` above.',
        ),
        table: key(
          text(/^[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)?$/, 'TABLE or SCHEMA.TABLE'),
          'public.ekimi_heartbeat',
          'Table; upper and lower case count. Without a schema: public.',
        ),
      },
    ),
    check: optional(
      'Checks of the data by pg_amcheck, one replica at a time: `ekimi check-data MEMBER`, which needs none of these keys, and by a schedule. They read and never repair. Each database needs CREATE EXTENSION amcheck, and our user EXECUTE on its functions.',
      {
        program: key(
          text(),
          'pg_amcheck',
          'The program, by its name on PATH or by its path: Debian has it in /usr/lib/postgresql/NN/bin.',
        ),
        within: key(
          duration({ minMs: 10_000, maxMs: 7 * 86_400_000 }),
          '4h',
          'A check that takes longer is ended; what it had found counts.',
        ),
        statementTimeout: key(
          duration({ minMs: 1_000, maxMs: 86_400_000 }),
          '30m',
          'One table or index takes no longer. On a replica it is also how long a check can stand in the way of replay beyond max_standby_streaming_delay.',
        ),
        cron: key(
          nullable(cron),
          null,
          'When a check begins by itself, of the replica that was checked longest ago. Null: never. Five fields; day of month and day of week must both match.',
        ),
        timezone: key(timezone, 'UTC', 'IANA time zone of `cron`.'),
      },
    ),
    tls,
  }),
  proxies: named(
    'HAProxy, each by a name of your choice: all that route to this cluster, or a drain is none. Without any nothing can be drained at a proxy.',
    name,
    {
      stats: key(statsUrl, REQUIRED, 'Statistics page, without `;csv`.'),
      statsAuth: auth,
      tls,
      runtime: key(
        nullable(socketUrl(['tcp'])),
        null,
        'Runtime API, level admin. Without it we look and do not touch.',
      ),
      pools: section('Its backends by what they are for.', {
        writes: key(nullable(thing), 'postgres_primary', 'Backend that routes to the primary. Null: none does.'),
        reads: key(listOf(thing), ['postgres_replicas'], 'Backends that route to replicas, any number.'),
      }),
      servers: key(
        mapOf(serverName, nullable(name)),
        {},
        'Server to member, where a server is not called like its member: SERVER, or BACKEND/SERVER where the pools name it differently; null: no member, such as a page that says sorry. What is not here is found by the name of the member, else by address and port of its PostgreSQL; `ekimi doctor` shows what was found.',
      ),
    },
  ),
  proxy: optional(
    'One HAProxy, as version 0.1.0 wrote it: the same as one of `proxies` that is called `proxy`. Never both.',
    {
      stats: key(statsUrl, REQUIRED, 'Statistics page, without `;csv`.'),
      statsAuth: auth,
      runtime: key(nullable(socketUrl(['tcp'])), null, 'Runtime API. Without it we look and do not touch.'),
      primaryBackend: key(thing, 'postgres_primary', 'Backend that routes to the primary.'),
      replicaBackend: key(thing, 'postgres_replicas', 'Backend that routes to the replicas.'),
    },
  ),
  poolers: named(
    'Connection poolers in front of this cluster, each by a name of your choice: all that its clients come through, or some of them are not held. Around a switchover clients wait in them instead of being cut off (`pooler` of the policy).',
    name,
    {
      driver: key(oneOf(POOLER_DRIVER_NAMES), 'pgbouncer', POOLERS_TEXT),
      address: key(
        socketUrl(['tcp']),
        REQUIRED,
        'Where it listens; its console is the database `pgbouncer` there. A socket is `unix:///DIRECTORY/.s.PGSQL.PORT`.',
      ),
      user: key(text(), REQUIRED, 'One of `admin_users`. With one of `stats_users` we look and cannot pause.'),
      passwordEnv: key(nullable(variable), null, 'Environment variable that holds the password.'),
      passwordFile: key(nullable(path), null, 'File that holds the password.'),
      tls,
      databases: key(
        listOf(text(/^[^"\\;\r\n]+$/, 'the name of a database')),
        [],
        'Its databases that lead to the primary of this cluster, as clients name them; only these are paused. Empty: all that it has.',
      ),
    },
  ),
  hosts: HOSTS,
  power: POWER,
  tags: optional("Each member's own patroni.yml: the only place where a tag means anything.", {
    driver: key(
      oneOf(['docker', 'file', 'command']),
      REQUIRED,
      'Inside the container, on this host, or by commands of your own.',
    ),
    file: key(
      text(),
      '/etc/patroni.yml',
      'docker: path inside the container. file: path, with `{name}` for the member.',
    ),
    commands: optional('command: argv; `{name}` becomes the member.', {
      read: key(argv, REQUIRED, 'Prints the file.'),
      write: key(argv, REQUIRED, 'Takes the file on standard input.'),
    }),
  }),
  deadlines: section('How long one call may take.', {
    read: key(callDeadline, '3s', "A GET of Patroni's."),
    slowRead: key(
      duration({ minMs: 50, maxMs: 120_000 }),
      '12s',
      '`GET /cluster` and `/history`, which wait for the DCS. At least retry_timeout + 2s.',
    ),
    sql: key(callDeadline, '3s', 'A query.'),
    dcs: key(callDeadline, '2s', 'A request to etcd.'),
    proxy: key(callDeadline, '2s', "A request to HAProxy, or to a pooler's console."),
    host: key(callDeadline, '5s', 'A request to the host driver.'),
  }),
};

export const EKIMI_SCHEMA = {
  clusters: list('The clusters that this controller looks after.', 1, CLUSTER),
  journal: section('What was seen, decided and done.', {
    directory: key(
      path,
      './var/journal',
      'Folder of the journals; each cluster has a folder of its own in it, named by its scope.',
    ),
    maxFile: key(
      size(),
      '64MB',
      'A file that would grow beyond this is followed by a new one, as each start begins one.',
    ),
    keepFiles: key(
      whole(0, 100_000),
      32,
      'A cluster keeps as many bytes as this number of full files; the oldest files are removed. 0 keeps all.',
    ),
  }),
  api: section('HTTP: health, metrics, JSON, events and the dashboard.', {
    listen: key(hostPort({ listen: true }), '127.0.0.1:8470', 'Where to listen.'),
    openOnLoopback: key(
      flag,
      true,
      'Whether programs on this host may read without a token. Set false where a reverse proxy runs on this host: whoever comes through it has a loopback address too.',
    ),
    streams: key(
      whole(1, 10_000),
      1_000,
      'How many may follow `/v1/events` at once, each open dashboard among them. Further ones are answered with 503.',
    ),
    tls: optional(
      'TLS of this address: HTTPS alone is spoken then. Paths of PEM files, read anew at SIGHUP. Without it tokens and answers travel in clear.',
      {
        cert: key(path, REQUIRED, 'Our certificate, with those between it and the one that clients trust.'),
        key: key(path, REQUIRED, 'Private key of `cert`, without a passphrase.'),
        ca: key(
          nullable(path),
          null,
          'Who signs certificates of clients. With it whoever asks must show one, for `/healthz` and `/metrics` too, and a token besides.',
        ),
      },
    ),
    tokens: list('Bearer tokens. Without one nobody can change anything over HTTP.', 0, {
      name: key(name, REQUIRED, 'Who it is; written to the journal with what they did.'),
      role: key(
        oneOf(API_ROLES),
        REQUIRED,
        'viewer reads; operator also pauses, resumes, acknowledges and starts procedures; approver also approves and rejects (as long as no token has this role, operators do); recovery also starts what goes on while etcd is lost (recover-dcs, defragment-dcs, cold-start).',
      ),
      tokenEnv: key(nullable(variable), null, 'Environment variable that holds the token.'),
      tokenFile: key(nullable(path), null, 'File that holds the token.'),
      tokenSha256: key(
        nullable(text(/^[0-9a-f]{64}$/i, 'a SHA-256 digest: 64 hexadecimal digits')),
        null,
        'SHA-256 of the token in its place, so that nothing here opens anything: for a token of 32 random bytes, since a short one is guessed from it.',
      ),
    }),
  }),
  policy: key(
    path,
    './policy.yaml',
    'The policy file, for all clusters; `clusters[].policy` may differ from it. Without one nothing runs.',
  ),
  notifications: NOTIFICATIONS,
  log: section('Our own log, on standard output: one JSON object a line.', {
    level: key(oneOf(['trace', 'debug', 'info', 'warn', 'error']), 'info', 'Least level that is written.'),
    pretty: key(flag, false, 'Words for people instead of JSON.'),
  }),
  instance: key(nullable(name), null, 'Our name in tenure. Default: host name and process number.'),
};
