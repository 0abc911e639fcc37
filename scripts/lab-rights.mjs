#!/usr/bin/env node
// `npm run lab:rights`: TLS and a login everywhere, Ekimi with no right but those of config/rights, and the leader is killed.
//
//   LAB_LINE=12 npm run lab:rights [RUNS]      12, 13 or unstable (the default); 3 runs
//
// Brings a lab up (LAB_TLS, LAB_AUTH, LAB_RIGHTS), gives the rights by the scripts, asks the doctor, kills the leader RUNS times under a client
// that writes through HAProxy, prints the seconds without a write, takes the rights at PgBouncer's console away one after the other and asks the
// doctor again, takes the lab down. Needs a Docker engine, haproxy and etcdctl on this host.
// Exits 1 where the doctor finds something lost, or does not find what was taken away, a run takes 4 s or longer, or an acknowledged row is gone.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { sleep, until } from '../lab/measure/pause.mjs';
import { Writer } from '../lab/measure/writer.mjs';
import { built, ROOT } from './ready.mjs';

const run = promisify(execFile);
const RUNS = Number(process.argv[2] ?? 3);
const LIMIT_MS = 4_000;
const [PREFIX, ADDR, SCOPE] = ['rights', '127.0.0.71', 'email-cluster'];
const LINE = process.env.LAB_LINE ?? 'unstable';
const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
const ETCDS = { etcd1: 2379, etcd2: 2381, etcd3: 2383 };
const STATE = process.env.LAB_STATE ?? join(homedir(), '.local/state/ekimi-lab');
const TLS = join(STATE, `tls-${PREFIX}`);
const folder = mkdtempSync(join(tmpdir(), 'ekimi-lab-rights-'));
const guarded = join(folder, 'docker.sock');
const ours = {
  EKIMI_PASSWORD: 'least-of-all',
  PATRONI_PASSWORD: 'secret',
  STATS_PASSWORD: 'ekimi',
  POOLER_PASSWORD: 'ekimi',
};
const tls = { ca: join(TLS, 'ca.crt'), cert: join(TLS, 'client.crt'), key: join(TLS, 'client.key') };
const container = (name) => `${PREFIX}-${name}`;
const say = (text) => process.stdout.write(`${text}\n`);

const lab = (script) =>
  run(join(ROOT, 'lab', script), [], {
    timeout: 300_000,
    env: {
      ...process.env,
      LAB_PREFIX: PREFIX,
      LAB_ADDR: ADDR,
      LAB_LINE: LINE,
      ...{ LAB_TLS: '1', LAB_AUTH: '1', LAB_RIGHTS: '1', LAB_READY: '150' },
    },
  });
const inside = async (name, args, input) => {
  const asked = run('docker', ['exec', '-i', container(name), ...args], { timeout: 20_000 });
  asked.child.stdin.end(input ?? '');
  return (await asked).stdout.trim();
};
const psql = (member, text) => inside(member, ['psql', '-XqAt', '-U', 'postgres', '-c', text]);

/** The member that accepts writes, by SQL from inside. */
async function leader() {
  const said = await Promise.all(
    MEMBERS.map((name) =>
      psql(name, 'SELECT pg_is_in_recovery()').then(
        (text) => text === 'f' && name,
        () => false,
      ),
    ),
  );
  return said.find((name) => name !== false) ?? null;
}

const settled = (withinMs = 120_000) =>
  until(
    'a leader with two streaming replicas',
    async () => {
      const name = await leader();
      return (
        name !== null &&
        (await psql(name, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")) === '2'
      );
    },
    { withinMs, everyMs: 1_000 },
  );

/** etcd: users of Patroni and of Ekimi, then nobody without one. */
async function rightsInEtcd() {
  const env = {
    PATH: process.env.PATH,
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: `https://${ADDR}:2379`,
    ETCDCTL_CACERT: tls.ca,
    ETCDCTL_CERT: tls.cert,
    ETCDCTL_KEY: tls.key,
  };
  const ctl = (args, input = '') => execFileSync('etcdctl', args, { env, input, stdio: ['pipe', 'pipe', 'pipe'] });
  ctl(['user', 'add', 'root', '--interactive=false'], 'root\n');
  ctl(['role', 'add', 'root']);
  ctl(['user', 'grant-role', 'root', 'root']);
  ctl(['role', 'add', 'patroni']);
  ctl(['role', 'grant-permission', 'patroni', 'readwrite', `/service/${SCOPE}/`, '--prefix']);
  ctl(['user', 'add', 'patroni', '--interactive=false'], 'patroni\n');
  ctl(['user', 'grant-role', 'patroni', 'patroni']);
  execFileSync('sh', [join(ROOT, 'config/rights/etcd.sh')], {
    env: { ...env, SCOPE, EKIMI_PASSWORD: ours.EKIMI_PASSWORD },
    stdio: 'pipe',
  });
  ctl(['auth', 'enable']);
}

async function rightsInPostgres() {
  const script = readFileSync(join(ROOT, 'config/rights/postgres.sql'), 'utf8');
  const args = [
    'env',
    `EKIMI_PASSWORD=${ours.EKIMI_PASSWORD}`,
    'psql',
    '-Xq',
    '-U',
    'postgres',
    '-v',
    'ON_ERROR_STOP=1',
  ];
  await inside(await leader(), args, script);
}

/** The engine's socket with nothing but the verbs of the members let through. */
async function guardedDocker() {
  const env = { ...process.env, LISTEN: guarded, CONTAINERS: MEMBERS.map(container).join('|'), EXEC: '1' };
  const child = spawn('/usr/sbin/haproxy', ['-db', '-f', join(ROOT, 'config/rights/docker-proxy.cfg')], {
    stdio: 'ignore',
    env,
  });
  const status = async () => {
    const args = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', guarded, 'http://docker/info'];
    return (await run('curl', args)).stdout;
  };
  await until('the guarded socket refuses what is not ours', async () => (await status()) === '403', {
    withinMs: 10_000,
  });
  return child;
}

/** A pooler of the lab's own image, whose console lets us in as config/rights/pgbouncer.ini has it: `ekimi` in admin_users. */
async function pooler() {
  const network = ['--network', `ekimi-lab-${PREFIX}_default`, '-p', `${ADDR}:6432:6432`, '-e', 'UPSTREAM=haproxy'];
  const image = ['--entrypoint', 'pgbouncer-entrypoint', `ekimi-lab/infra:${LINE}`];
  await run('docker', ['run', '-d', '--rm', '--name', container('pgbouncer'), ...network, ...image]);
  await until('PgBouncer listens', () => atConsole('admin_users = ekimi', 'stats_users = watch').then(() => true), {
    withinMs: 20_000,
  });
}

/** Who may what at the console from now on, without a new process. */
async function atConsole(admins, stats) {
  const edit = `sed -i 's/^admin_users.*/${admins}/; s/^stats_users.*/${stats}/' /etc/pgbouncer/lab.ini && kill -HUP 1`;
  await inside('pgbouncer', ['sh', '-c', edit]);
  await sleep(1_000);
}

/** Each right at the console taken away, and what the doctor says is lost then. */
async function poolerRights(file) {
  const cases = [
    ['SHOW alone', 'admin_users = nobody', 'stats_users = watch, ekimi'],
    ['none at all', 'admin_users = nobody', 'stats_users = watch'],
  ];
  const wrong = [];
  for (const [what, admins, stats] of cases) {
    await atConsole(admins, stats);
    const named = new Set(await lost(file));
    say(`PgBouncer gives ${what}: ${[...named].join(', ') || 'nothing'} lost`);
    if (!['pause-pooler', 'resume-pooler'].every((name) => named.has(name))) wrong.push(what);
  }
  await atConsole('admin_users = ekimi', 'stats_users = watch');
  if ((await lost(file)).length > 0) wrong.push('what was given back');
  return wrong;
}

function files() {
  const each = (value) => Object.fromEntries(MEMBERS.map((name, index) => [name, value(name, index)]));
  const config = {
    clusters: [
      {
        scope: SCOPE,
        patroni: {
          members: each((_, index) => `https://${ADDR}:${8008 + index}`),
          auth: { username: 'admin', passwordEnv: 'PATRONI_PASSWORD' },
          tls,
        },
        dcs: {
          hosts: Object.fromEntries(Object.entries(ETCDS).map(([name, port]) => [name, `https://${ADDR}:${port}`])),
          auth: { username: 'ekimi', passwordEnv: 'EKIMI_PASSWORD' },
          tls,
        },
        postgres: {
          members: each((_, index) => `${ADDR}:${5432 + index}`),
          user: 'ekimi',
          passwordEnv: 'EKIMI_PASSWORD',
          tls,
        },
        proxies: {
          proxy: {
            stats: `https://${ADDR}:7000/stats`,
            statsAuth: { username: 'ekimi', passwordEnv: 'STATS_PASSWORD' },
            tls,
            runtime: `tcp://${ADDR}:9999`,
            pools: { writes: 'postgres_primary', reads: ['postgres_replicas'] },
          },
        },
        hosts: { driver: 'docker', socket: `unix://${guarded}`, members: each(container) },
        poolers: {
          bouncer: {
            driver: 'pgbouncer',
            address: `tcp://${ADDR}:6432`,
            user: 'ekimi',
            passwordEnv: 'POOLER_PASSWORD',
          },
        },
      },
    ],
    journal: { directory: join(folder, 'journal') },
    api: { listen: `${ADDR}:8470` },
    policy: join(folder, 'policy.yaml'),
  };
  const policy = {
    mode: 'enforce',
    // The same member dies more than once within the minutes that a cool-down lasts.
    actions: {
      'expedite-failover': { mode: 'auto', cooldown: '1s' },
      'start-member': { mode: 'auto', timeout: '1m', cooldown: '1s' },
    },
    limits: { concurrent: 1, perHour: 20, minHealthyReplicas: 1, minReadPool: 1 },
  };
  const file = join(folder, 'ekimi.yaml');
  writeFileSync(file, stringify(config));
  writeFileSync(config.policy, stringify(policy));
  return file;
}

const cli = (args) => [join(ROOT, 'dist/cli/main.js'), ...args];
const env = { ...process.env, ...ours };

/** What etcd from 3.5.28 on gives to root alone: no script can give it. */
const KEPT_TO_ROOT = 'defragment-dcs';

/** What the doctor says is lost. */
async function lost(file) {
  const { stdout } = await run(process.execPath, cli(['doctor', '--json', '--config', file]), { env }).catch(
    (error) => error,
  );
  const rows = JSON.parse(stdout);
  const found = (Array.isArray(rows) ? rows : rows.rows).filter(
    ({ verdict }) => verdict === 'fail' || verdict === 'warn',
  );
  for (const { check, verdict, detail, disables } of found)
    say(`doctor: ${verdict} ${check}: ${detail}${disables.length > 0 ? ` -> ${disables.join(', ')}` : ''}`);
  return found.flatMap(({ disables }) => disables).filter((name) => name !== KEPT_TO_ROOT);
}

const longestGap = (acks, sinceMs) =>
  acks.reduce((most, { atMs }, index) => {
    const before = acks[index - 1]?.atMs ?? atMs;
    return atMs < sinceMs ? most : Math.max(most, atMs - before);
  }, 0);

async function oneRun(number) {
  const ssl = { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
  const writer = new Writer({ host: ADDR, port: 5000, password: 'postgres', run: `r${number}`, memberAt: String, ssl });
  await writer.prepare();
  writer.start();
  await until('writes flow', () => writer.flowingForMs() > 5_000, { withinMs: 30_000 });
  const victim = await leader();
  const killedMs = performance.timeOrigin + performance.now();
  await run('docker', ['kill', container(victim)]);
  await until('writes flow again', () => writer.flowingForMs() > 3_000 && writer.acks.at(-1).atMs > killedMs + 4_000, {
    withinMs: 60_000,
  });
  const there = await writer.readBack();
  await writer.stop();
  const gone = writer.acks.filter(({ id, atMs }) => atMs < killedMs && !there.has(id)).length;
  const gapMs = longestGap(writer.acks, killedMs);
  say(
    `run ${number}: ${victim} killed, ${(gapMs / 1000).toFixed(2)} s without a write, ${gone} acknowledged rows gone`,
  );
  return { gapMs, gone };
}

async function main() {
  built();
  mkdirSync(folder, { recursive: true });
  const children = [];
  try {
    await lab('down');
    await lab('up');
    await settled();
    await rightsInEtcd();
    await rightsInPostgres();
    children.push(await guardedDocker());
    await pooler();
    // Patroni stumbles over authentication that is turned on under it: its next loops bring it back.
    await sleep(15_000);
    await settled();
    const file = files();
    const missing = await lost(file);
    const wrong = await poolerRights(file);
    if (wrong.length > 0) process.exitCode = 1;
    const log = openSync(join(folder, 'daemon.log'), 'a');
    children.push(spawn(process.execPath, cli(['run', '--config', file]), { stdio: ['ignore', log, log], env }));
    const ready = async () => (await fetch(`http://${ADDR}:8470/readyz`)).status === 200;
    await until('the daemon is ready', ready, { withinMs: 40_000 });
    const results = [];
    for (let number = 1; number <= RUNS; number += 1) {
      // The start grace, or the time in which a new leader settles.
      await sleep(number === 1 ? 12_000 : 5_000);
      results.push(await oneRun(number));
      await settled();
    }
    const gaps = results.map(({ gapMs }) => gapMs).sort((a, b) => a - b);
    const said = gaps.map((ms) => (ms / 1000).toFixed(2)).join(', ');
    const load = readFileSync('/proc/loadavg', 'utf8').split(' ')[0];
    say(`line ${LINE}: ${said} s without a write in ${gaps.length} runs; ${missing.length} actions lost; load ${load}`);
    if (missing.length > 0 || gaps.some((ms) => ms >= LIMIT_MS) || results.some(({ gone }) => gone > 0))
      process.exitCode = 1;
  } catch (error) {
    process.exitCode = 1;
    say(error.stderr ?? error.message);
    for (const name of ['patroni1', 'haproxy']) {
      const { stdout, stderr } = await run('docker', ['logs', '--tail', '25', container(name)]).catch((gone) => gone);
      say(`---- ${name}\n${stdout ?? ''}${stderr ?? ''}`);
    }
    const log = join(folder, 'daemon.log');
    if (existsSync(log)) say(readFileSync(log, 'utf8').slice(-3_000));
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await run('docker', ['rm', '-f', container('pgbouncer')]).catch(() => undefined);
    await lab('down');
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
