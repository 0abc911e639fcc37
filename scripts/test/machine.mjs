// What the tests need of the machine: on Debian as root it is installed, elsewhere the tests that lack it skip themselves.
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { lastLines, run, say } from './run.mjs';

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const DEBIAN_POSTGRES = '/usr/lib/postgresql';

/** Debian keeps PostgreSQL's server programs off the PATH. */
function hasPostgres() {
  const versions = existsSync(DEBIAN_POSTGRES) ? readdirSync(DEBIAN_POSTGRES) : [];
  const folders = versions.map((version) => join(DEBIAN_POSTGRES, version, 'bin'));
  return onPath('pg_basebackup') || folders.some((folder) => existsSync(join(folder, 'pg_basebackup')));
}

const NEEDED = [
  { package: 'chromium', for: 'browser', there: () => existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium') },
  { package: 'etcd-server', for: 'contract', there: () => onPath('etcd') },
  { package: 'etcd-client', for: 'contract', there: () => onPath('etcdctl') },
  // postgresql-15 on Debian 12, whatever it is elsewhere.
  { package: 'postgresql', for: 'contract', there: hasPostgres },
  { package: 'openssl', for: 'contract', there: () => onPath('openssl') },
  { package: 'openssh-server', for: 'contract', there: () => existsSync('/usr/sbin/sshd') && onPath('ssh-keygen') },
  { package: 'haproxy', for: 'contract', there: () => existsSync('/usr/sbin/haproxy') },
  { package: 'pgbouncer', for: 'contract', there: () => existsSync('/usr/sbin/pgbouncer') },
  {
    package: 'prometheus-alertmanager',
    for: 'contract',
    there: () => existsSync('/usr/bin/prometheus-alertmanager'),
  },
  { package: 'prometheus', for: 'contract', there: () => onPath('promtool') },
  { package: 'systemd', for: 'contract', there: () => onPath('systemd-analyze') },
  { package: 'runit', for: 'contract', there: () => onPath('runsvdir') },
  { package: 'curl', for: 'e2e', there: () => onPath('curl') },
  { package: 'procps', for: 'e2e', there: () => onPath('pgrep') },
];

/**
 * Debian starts what it installs, and makes a cluster with PostgreSQL: both would sit on the ports that the lab publishes. Puts our two files
 * there for as long as `work` takes, unless the machine has its own.
 */
async function withoutServices(work) {
  const ours = [];
  const put = (file, text, mode) => {
    if (existsSync(file)) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
    ours.push(file);
  };
  put('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
  put('/etc/postgresql-common/createcluster.conf', 'create_main_cluster = false\n', 0o644);
  try {
    return await work();
  } finally {
    for (const file of ours) rmSync(file, { force: true });
  }
}

const APT = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];

/** Installs what the chosen groups lack. Answers why that could not be done, or null. */
export async function prepareMachine(groups) {
  const missing = NEEDED.filter((row) => groups.has(row.for) && !row.there()).map((row) => row.package);
  if (missing.length === 0) return null;
  const lacks = `this machine lacks ${missing.join(', ')}`;
  if (process.getuid?.() !== 0) return `${lacks}, and only root can install it`;
  if (!existsSync('/etc/debian_version') || !onPath('apt-get')) return `${lacks}, and it is no Debian`;
  say(`installing ${missing.join(', ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', [...APT, 'update', '-qq'], { log: 'apt-update', env });
  const done = await withoutServices(() =>
    run('apt-get', [...APT, 'install', '-y', '-qq', '--no-install-recommends', ...missing], {
      log: 'apt-install',
      limitMs: 900_000,
      env,
    }),
  );
  return done.code === 0 ? null : `${lacks}, and apt-get could not install it: ${lastLines(done.text, 3)}`;
}
