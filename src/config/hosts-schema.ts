import { name, socketUrl, thing } from './addresses.js';
import { listOf, mapOf, nullable, oneOf, text } from './formats.js';
import { HOST_DRIVER_NAMES, HOST_DRIVERS } from '../model/host-drivers.js';
import { PEERS } from './peers-schema.js';
import { key, optional, REQUIRED } from './schema.js';

const argv = listOf(text());

const place = text(
  /^\/\S*[^\s/]$/u,
  'an absolute path without a slash at its end, such as /var/lib/postgresql/15/main',
);

const DRIVERS_TEXT = `${HOST_DRIVER_NAMES.map((driver) => `${driver}: ${HOST_DRIVERS[driver].summary}`).join('. ')}.`;

/** `clusters[].hosts`. */
export const HOSTS = optional('What runs the members: how to look at it, start it and stop it.', {
  driver: key(oneOf(HOST_DRIVER_NAMES), REQUIRED, DRIVERS_TEXT),
  socket: key(socketUrl(['http']), 'unix:///var/run/docker.sock', 'docker: where the engine listens.'),
  commands: optional(
    'command: argv of each verb; `{name}` becomes the name below. Exit code and output are the answer.',
    {
      status: key(
        argv,
        REQUIRED,
        'Exits 0 when it runs and 3 when it is stopped; anything else says nothing. May print `id=ID` and `started=SECONDS` of this run, and `host={name}`: then nothing is done to another run, and another host is not believed.',
      ),
      start: key(argv, REQUIRED, 'Starts it.'),
      stop: key(argv, REQUIRED, 'Stops it.'),
      restart: key(argv, REQUIRED, 'Restarts it.'),
      kill: key(argv, REQUIRED, 'Stops it at once, without its consent.'),
      disk: key(
        nullable(argv),
        null,
        'Prints `df -Pk` of its data directory, and behind a line `== wal` that of its pg_wal. Without it a full disk is known by logs and SQL alone.',
      ),
      waldump: key(
        nullable(argv),
        null,
        'Prints what pg_waldump finds from `{lsn}` on timeline `{timeline}` in its pg_wal, as config/ekimi-waldump does. Without it a former leader that cannot be rewound is never rebuilt unasked.',
      ),
      moveAside: key(
        nullable(argv),
        null,
        'Renames its data directory beside itself, with `.{suffix}` behind its name, and prints what config/ekimi-move-aside prints. Without it, or without `listAside`, an old copy is never kept beside a new one.',
      ),
      listAside: key(
        nullable(argv),
        null,
        'Prints what lies aside of its data directory, as config/ekimi-list-aside does.',
      ),
      removeAside: key(
        nullable(argv),
        null,
        'Deletes the one of them whose folder is `{directory}`, and prints what config/ekimi-remove-aside prints. Without it that is done by hand.',
      ),
      controldata: key(
        nullable(argv),
        null,
        'Prints what `LC_ALL=C pg_controldata` of its data directory prints, as config/ekimi-controldata does. Without it nobody knows which copy is the most advanced while nothing runs.',
      ),
      storeData: key(
        nullable(argv),
        null,
        'Of an etcd member: prints `holds=member` or `holds=nothing` of its data directory, as config/ekimi-store-data does. Without it nobody can tell whether the data of etcd is lost.',
      ),
      moveStoreAside: key(
        nullable(argv),
        null,
        'Of an etcd member that is stopped: renames its data, `member` in its data directory, with `.{suffix}` behind that name, and prints what config/ekimi-move-store-aside prints. Without it no new etcd is begun where one member still has data.',
      ),
      listStoreAside: key(
        nullable(argv),
        null,
        'Of an etcd member: prints what lies aside of its data, as config/ekimi-list-store-aside does. Without it nobody is reminded of it.',
      ),
      logs: key(
        nullable(argv),
        null,
        'Prints the last `{lines}` lines of its log, for the evidence of a fence. Without it there are none.',
      ),
    },
  ),
  systemd: optional(
    'systemd: units of the machine on which Ekimi runs. Name only what runs there below: a unit that was never enabled nor run on it proves nothing.',
    {
      unit: key(
        text(
          /^[^\s/]*\{name\}[^\s/]*\.(?:service|scope)$/u,
          'a unit with {name} in it, such as patroni@{name}.service',
        ),
        '{name}.service',
        'How a name below becomes a unit; one that ends in `.service` or `.scope` is a unit as it stands.',
      ),
      systemctl: key(argv, ['systemctl'], 'The program, with what stands before it: `[sudo, -n, systemctl]`.'),
      journalctl: key(argv, ['journalctl'], 'The program of the log, likewise.'),
      data: key(
        nullable(place),
        null,
        'Data directory of the member on this machine; `{name}` becomes the name below. Its volume and that of pg_wal are read by `df`. Without it a disk that fills is not told in advance, and whether a copy has room is known by the log alone.',
      ),
      wal: key(
        nullable(place),
        null,
        "Where pg_wal lies, for a user who may not look into `data`, as Ekimi's own. Null: `pg_wal` in `data`. Where it is no volume of its own: the path of `data` again.",
      ),
      df: key(
        argv,
        ['df'],
        'The program, likewise; it gets `-Pk` or `-Pi` and the two directories, a `/` behind each.',
      ),
      controldata: key(
        nullable(argv),
        null,
        'Program and arguments, likewise: pg_controldata of that version and the data directory. `{name}` becomes the name below. Without it nobody knows which copy is the most advanced while nothing runs.',
      ),
      waldump: key(
        nullable(argv),
        null,
        'The same for config/ekimi-waldump, with `{timeline}` and `{lsn}`. Without it a former leader that cannot be rewound is never rebuilt unasked.',
      ),
    },
  ),
  peers: PEERS,
  members: key(mapOf(name, thing), {}, 'Member to container or unit.'),
  dcs: key(mapOf(name, thing), {}, 'etcd endpoint to container or unit.'),
  dcsData: key(
    nullable(text(/^\/\S+$/u, 'an absolute path, such as /etcd-data')),
    null,
    'docker: data directory of etcd in its containers (`--data-dir`), the same in each. Without it nobody can tell whether the data of etcd is lost.',
  ),
  proxy: key(mapOf(name, thing), {}, 'Proxy to container or unit.'),
});
