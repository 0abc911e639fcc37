// How each of the alternatives is set up: from Debian 12's own packages, by what its documentation says, fsync off as in the lab.
import { execFileSync, spawnSync } from 'node:child_process';
import { Lab, MEMBERS } from './lab.mjs';
import { sleep, until } from './pause.mjs';
import { whole } from './whole.mjs';

const IMAGE = 'ekimi-lab/alternatives:12';
const PORT = 5432;

const docker = (...args) =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const sh = (container, script) => docker('exec', container, 'bash', '-c', script);
/** Goes on after this command: what it writes is kept in the container. */
const shLater = (container, name, script) =>
  docker('exec', '-d', container, 'bash', '-c', `${script} >/tmp/${name}.log 2>&1`);

const faultsOf = (containerOf) => ({
  kill: (name) => docker('kill', containerOf(name)),
  stall: (name) => docker('pause', containerOf(name)),
  goOn: (name) => docker('unpause', containerOf(name)),
});

const takesWrites = (container) =>
  sh(container, "psql -XqAt -h 127.0.0.1 -d postgres -c 'SELECT NOT pg_is_in_recovery()' || true") === 't';

/** Plain containers on a network of their own; each of them is one machine. */
class Machines {
  constructor({ prefix, addr }, names) {
    this.prefix = prefix;
    this.names = names;
    this.subnet = `172.30.${addr.split('.').at(-1)}`;
  }

  container(name) {
    return `${this.prefix}-${name}`;
  }

  address(name) {
    return `${this.subnet}.${51 + this.names.indexOf(name)}`;
  }

  up() {
    docker('network', 'create', '--subnet', `${this.subnet}.0/24`, this.prefix);
    for (const name of this.names) {
      const at = ['--network', this.prefix, '--ip', this.address(name), '--hostname', name, '--network-alias', name];
      docker('run', '-d', '--init', '--shm-size', '128m', '--name', this.container(name), ...at, IMAGE);
    }
  }

  static down({ prefix }) {
    const names = docker('ps', '-aq', '--filter', `network=${prefix}`);
    if (names !== '') docker('rm', '-f', '-v', ...names.split('\n'));
    spawnSync('docker', ['network', 'rm', prefix], { stdio: 'ignore' });
  }

  /** What a client and the one who kills have to know of those with data. */
  ends(data) {
    return {
      client: { hosts: data.map((name) => this.address(name)), port: PORT },
      nameOf: (address) => data.find((name) => this.address(name) === address) ?? address,
      ...faultsOf((name) => this.container(name)),
      primaries: async () => data.filter((name) => takesWrites(this.container(name))).length,
    };
  }
}

const streams = (machines, primary, count, user) => () =>
  sh(
    machines.container(primary),
    `psql -XqAt -U ${user} -h 127.0.0.1 -d postgres -c "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"`,
  ) === `${count}`;

/** A monitor and two nodes, as its tutorial has them. `settings`: of the monitor's PostgreSQL. */
const autoFailover = (settings) => ({
  image: true,
  async up(where, signal) {
    const machines = new Machines(where, ['monitor', 'node1', 'node2']);
    Machines.down(where);
    machines.up();
    const open = '--auth trust --no-ssl';
    const monitor = machines.container('monitor');
    shLater(monitor, 'autoctl', `pg_autoctl create monitor --auth trust --no-ssl --hostname monitor --run`);
    const isUp = (name, db) => () =>
      sh(machines.container(name), `psql -XqAt -h 127.0.0.1 -d ${db} -c 'SELECT 1'`) === '1';
    await until('the monitor answers', isUp('monitor', 'pg_auto_failover'), { withinMs: 60_000, signal });
    // Whoever is in this network may ask the monitor: it opens itself for its own machine alone.
    sh(monitor, `echo 'host all all ${machines.subnet}.0/24 trust' >> $PGDATA/pg_hba.conf`);
    for (const [key, value] of Object.entries(settings))
      sh(monitor, `psql -Xq -d pg_auto_failover -c "ALTER SYSTEM SET ${key} = '${value}'"`);
    sh(monitor, `psql -Xq -d pg_auto_failover -c 'SELECT pg_reload_conf()'`);
    for (const name of ['node1', 'node2']) {
      const to = `--monitor postgres://autoctl_node@monitor:${PORT}/pg_auto_failover`;
      const what = `pg_autoctl create postgres --hostname ${name} --name ${name} ${open} ${to} --run`;
      shLater(machines.container(name), 'autoctl', what);
      await until(`${name} answers`, isUp(name, 'postgres'), { withinMs: 90_000, signal });
      sh(
        machines.container(name),
        `echo 'host all all ${machines.subnet}.0/24 trust' >> $PGDATA/pg_hba.conf; pg_ctl reload -s`,
      );
      if (name === 'node1')
        sh(
          machines.container(name),
          `psql -Xq -d postgres -c 'ALTER SYSTEM SET fsync = off' -c 'SELECT pg_reload_conf()'`,
        );
    }
    const states = () =>
      sh(
        monitor,
        `psql -XqAt -d pg_auto_failover -c "SELECT string_agg(reportedstate::text, ' ' ORDER BY nodename) FROM pgautofailover.node"`,
      );
    await until('primary and secondary', () => states() === 'primary secondary', { withinMs: 90_000, signal });
    return machines.ends(['node1', 'node2']);
  },
  down: (where) => Machines.down(where),
});

/** A primary and two standbys, a daemon on each. `settings`: of repmgr.conf. */
const repmgr = (settings) => ({
  image: true,
  async up(where, signal) {
    const names = ['node1', 'node2', 'node3'];
    const machines = new Machines(where, names);
    Machines.down(where);
    machines.up();
    for (const [index, name] of names.entries()) {
      const lines = {
        node_id: index + 1,
        node_name: name,
        conninfo: `host=${name} user=repmgr dbname=repmgr connect_timeout=2`,
        data_directory: '/var/lib/postgresql/data',
        pg_bindir: '/usr/lib/postgresql/15/bin',
        failover: 'automatic',
        promote_command: 'repmgr standby promote -f /tmp/repmgr.conf --log-to-file',
        follow_command: 'repmgr standby follow -f /tmp/repmgr.conf --log-to-file --upstream-node-id=%n',
        ...settings,
      };
      const text = Object.entries(lines).map(([key, value]) => `${key}='${value}'`);
      sh(machines.container(name), `printf '%s\\n' "${text.join('" "')}" > /tmp/repmgr.conf`);
    }
    await this.primary(machines);
    const start = 'pg_ctl start -s -w -l /tmp/postgres.log';
    for (const name of names.slice(1)) {
      const container = machines.container(name);
      sh(
        container,
        `repmgr -h node1 -U repmgr -d repmgr -f /tmp/repmgr.conf standby clone --fast-checkpoint && ${start}`,
      );
      sh(container, 'repmgr -f /tmp/repmgr.conf standby register --wait-sync=30');
    }
    for (const name of names)
      shLater(machines.container(name), 'repmgrd', 'repmgrd -f /tmp/repmgr.conf --daemonize=false --no-pid-file');
    await until('both stream', streams(machines, 'node1', 2, 'postgres'), { withinMs: 60_000, signal });
    await sleep(5_000, signal);
    return machines.ends(names);
  },
  async primary(machines) {
    const container = machines.container('node1');
    const conf = [
      "listen_addresses = '*'",
      'fsync = off',
      'wal_log_hints = on',
      'hot_standby = on',
      "shared_preload_libraries = 'repmgr'",
    ];
    sh(
      container,
      `initdb -A trust >/dev/null && printf '%s\\n' "${conf.join('" "')}" >> $PGDATA/postgresql.conf
       printf 'host %s all ${machines.subnet}.0/24 trust\\n' all replication >> $PGDATA/pg_hba.conf
       pg_ctl start -s -w -l /tmp/postgres.log && createuser -s repmgr && createdb repmgr -O repmgr
       repmgr -f /tmp/repmgr.conf primary register`,
    );
  },
  down: (where) => Machines.down(where),
});

/** The lab with shorter times than Patroni and HAProxy have by themselves, and nobody beside them. */
const patroniTuned = {
  image: false,
  async up({ prefix, addr }, signal) {
    Object.assign(process.env, { LAB_TTL: '20', LAB_LOOP_WAIT: '5', LAB_RETRY_TIMEOUT: '5' });
    const lab = new Lab({ prefix, addr, patroni: '3.0', sync: false });
    await lab.down();
    await lab.up();
    await lab.inside('haproxy', 'sed', '-i', 's/inter 3s/inter 1s/', '/etc/haproxy/haproxy.cfg');
    docker('restart', '-t', '2', lab.container('haproxy'));
    await whole(lab, { withinMs: 60_000, signal });
    return {
      client: { host: addr, port: 5000 },
      nameOf: (address) => lab.memberAt(address),
      ...faultsOf((name) => lab.container(name)),
      primaries: async () => {
        const said = await Promise.all(MEMBERS.map((name) => lab.sql(name, 'SELECT NOT pg_is_in_recovery() AS yes')));
        return said.filter(([{ yes }]) => yes).length;
      },
    };
  },
  down: ({ prefix, addr }) => new Lab({ prefix, addr, patroni: '3.0', sync: false }).down(),
};

/** By the word of the command line; `what` is for the page. */
export const SETUPS = {
  'patroni-tuned': {
    ...patroniTuned,
    what: 'Patroni 3.0 alone, tuned: `ttl` 20, `loop_wait` 5, `retry_timeout` 5, HAProxy `inter 1s`; two standbys',
  },
  pg_auto_failover: { ...autoFailover({}), what: 'pg_auto_failover 2.0 as it ships; a monitor, one standby' },
  'pg_auto_failover-tuned': {
    ...autoFailover({
      'pgautofailover.health_check_period': '1000',
      'pgautofailover.health_check_timeout': '1000',
      'pgautofailover.health_check_max_retries': '1',
      'pgautofailover.health_check_retry_delay': '500',
      'pgautofailover.node_considered_unhealthy_timeout': '3000',
      'pgautofailover.primary_demote_timeout': '3000',
    }),
    what: 'pg_auto_failover 2.0 tuned: health checks every 1 s with 1 retry, unhealthy after 3 s, `primary_demote_timeout` 3 s',
  },
  repmgr: {
    ...repmgr({}),
    what: 'repmgr 5.3 as it ships (`reconnect_attempts` 6, `reconnect_interval` 10); two standbys',
  },
  'repmgr-tuned': {
    ...repmgr({ reconnect_attempts: 2, reconnect_interval: 1, monitor_interval_secs: 1 }),
    what: 'repmgr 5.3 tuned: `reconnect_attempts` 2, `reconnect_interval` 1, `monitor_interval_secs` 1; two standbys',
  },
};

export const NAMES = Object.keys(SETUPS);
