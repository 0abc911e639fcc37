#!/usr/bin/env node
// `npm run lab:alerts`: each alert of config/prometheus pending, firing and resolved for its real fault, with a real Prometheus and Alertmanager
// beside a lab, and a table of it.
//
//   npm run lab:alerts -- TEXT...     the faults whose name contains one of these
//   LAB_PREFIX, LAB_ADDR, PATRONI     the lab, as for lab/up; it is brought up where it is missing (with disks that can be filled), and stays
//
// Needs root, a loop device, and Debian's prometheus and prometheus-alertmanager. Every `for` of the rules is a tenth, so that a run takes minutes. What PagerDuty would get
// goes to a stand-in. Exits 1 if an alert was not pending (where it has a `for`), did not fire, or did not
// resolve, by the evaluations that Prometheus kept.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { configured, FAULTS, journalDisk, POLICY } from './alerts/faults.mjs';
import { lifeOf, samplesIn, waitsIn } from './alerts/judge.mjs';
import { ROOT } from './ready.mjs';

const FOR_DIVISOR = 10;
const FIRES_WITHIN_MS = 180_000;
/** From the end of the heal on. */
const RESOLVES_WITHIN_MS = 180_000;
const SETTLES_MS = 8_000;
/** Between two faults: until nothing of the one before is left. */
const QUIET_WITHIN_MS = 180_000;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Beside the watch, which must not miss what happens while it runs. */
const run = async (program, args) =>
  (await promisify(execFile)(program, args, { encoding: 'utf8', env: { ...process.env, PGPASSWORD: 'postgres' } }))
    .stdout;

/** One that is asked while it is busy, or over a connection that went idle meanwhile, is asked again a moment later. */
async function alertsOf(url) {
  try {
    const answer = await fetch(`${url}/api/v1/alerts`, { signal: AbortSignal.timeout(5_000) });
    return (await answer.json()).data.alerts;
  } catch {
    return null;
  }
}

/** Until no alert is there, whatever it is of; null: some are, and a person should know which. */
async function quiet(url) {
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  let left = [];
  while (performance.now() < untilMs) {
    const alerts = await alertsOf(url);
    left = (alerts ?? []).map(({ labels }) => labels.alertname);
    if (alerts !== null && left.length === 0) return;
    await after(1_000);
  }
  process.stdout.write(`still there before the next fault: ${[...new Set(left)].join(', ')}\n`);
}

const prefix = process.env.LAB_PREFIX ?? 'email';
const address = process.env.LAB_ADDR ?? '127.0.0.1';
const folder = mkdtempSync(join(tmpdir(), 'ekimi-alerts-'));
const children = [];
let journal = null;

function start(program, args, env = {}) {
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env }, stdio: 'ignore' });
  children.push(child);
  return child;
}

/** Events that PagerDuty would have got, as `trigger: summary`. */
async function pagerDuty() {
  const events = [];
  const server = createServer((request, reply) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { event_action: action, payload } = JSON.parse(body);
      events.push(`${action}: ${payload.summary}`);
      reply.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success"}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { events, server, url: `http://127.0.0.1:${server.address().port}/v2/enqueue` };
}

function alertmanager(port, pagerUrl) {
  writeFileSync(join(folder, 'pagerduty.key'), 'a-routing-key');
  const text = readFileSync(join(ROOT, 'config/prometheus/alertmanager.yml'), 'utf8')
    .replace('global: {', `global: { pagerduty_url: '${pagerUrl}',`)
    .replace('/etc/prometheus/pagerduty.key', join(folder, 'pagerduty.key'))
    .replace('group_wait: 10s', 'group_wait: 1s')
    .replace('group_interval: 1m', 'group_interval: 2s');
  writeFileSync(join(folder, 'alertmanager.yml'), text);
  start('/usr/bin/prometheus-alertmanager', [
    '--config.file=alertmanager.yml',
    '--storage.path=am',
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
}

function prometheus(port, alertPort, ekimiPort) {
  const seconds = { s: 1, m: 60, h: 3600 };
  const rules = readFileSync(join(ROOT, 'config/prometheus/ekimi.rules.yml'), 'utf8').replaceAll(
    /for: (\d+)([smh])/g,
    (_, count, unit) => `for: ${Math.max(1, Math.round((count * seconds[unit]) / FOR_DIVISOR))}s`,
  );
  writeFileSync(join(folder, 'rules.yml'), rules);
  const targets = (ports) => JSON.stringify(ports.map((each) => `${address}:${each}`));
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:${alertPort}'] }] }] }
scrape_configs:
  - { job_name: patroni, static_configs: [{ targets: ${targets([8008, 8009, 8010])} }] }
  - { job_name: etcd, static_configs: [{ targets: ${targets([2379, 2381, 2383])} }] }
  - { job_name: ekimi, static_configs: [{ targets: ['127.0.0.1:${ekimiPort}'] }] }
`,
  );
  start('/usr/bin/prometheus', [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=tsdb',
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
}

/** What Prometheus kept of the last seconds: every evaluation of every alert. */
async function keptOf(url, seconds) {
  const query = new URLSearchParams({ query: `ALERTS[${Math.ceil(seconds)}s]` });
  for (;;) {
    const answer = await fetch(`${url}/api/v1/query?${query}`, { signal: AbortSignal.timeout(10_000) })
      .then((reply) => reply.json())
      .catch(() => null);
    if (answer?.status === 'success') return samplesIn(answer.data.result);
    await after(500);
  }
}

/** Until each of these alerts is as it should be; how it came there is read afterwards from what Prometheus kept. */
async function watch(url, wanted, until, withinMs) {
  const untilMs = performance.now() + withinMs;
  const left = new Set(wanted);
  while (performance.now() < untilMs) {
    const alerts = await alertsOf(url);
    const statesOf = (name) => alerts.filter(({ labels }) => labels.alertname === name).map(({ state }) => state);
    if (alerts !== null) for (const name of left) if (until(statesOf(name))) left.delete(name);
    if (left.size === 0) return;
    await after(250);
  }
}

const nowS = () => Date.now() / 1000;

async function play(lab, url, fault, waits) {
  const faultS = nowS();
  await fault.do(lab);
  await watch(url, fault.alerts, (states) => states.includes('firing'), FIRES_WITHIN_MS);
  await (fault.undo?.(lab) ?? lab.script('heal', 'all'));
  const healedS = nowS();
  await watch(url, fault.alerts, (states) => states.length === 0, RESOLVES_WITHIN_MS);
  await quiet(url);
  // What is over is over for so long that no evaluation on its way says otherwise.
  await after(SETTLES_MS);
  const untilS = nowS();
  const kept = await keptOf(url, untilS - faultS);
  const text = (value) => (value === null ? 'NOT' : `${value.toFixed(1)} s`);
  return fault.alerts.map((alert) => {
    const hasFor = waits.get(alert) === true;
    const samples = kept.get(alert) ?? { pending: [], firing: [] };
    const { pending, firing, resolved, missing } = lifeOf(samples, { faultS, healedS, untilS, waits: hasFor });
    return {
      ok: missing.length === 0,
      alert,
      what: fault.what,
      pending: hasFor ? text(pending) : 'has no for',
      firing: text(firing),
      resolved: resolved === null ? 'NOT' : `within ${text(resolved)} of the heal`,
    };
  });
}

/** A channel that takes what it is sent, or refuses it. */
async function webhook() {
  const channel = { refuses: false };
  const server = createServer((request, reply) => {
    request.resume();
    request.on('end', () => reply.writeHead(channel.refuses ? 503 : 204).end());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(channel, { server, url: `http://127.0.0.1:${server.address().port}/ekimi` });
}

const texts = process.argv.slice(2);
const chosen = (what) => texts.length === 0 || texts.some((text) => what.includes(text));

async function main() {
  execFileSync(join(ROOT, 'lab/up'), { stdio: 'inherit', env: { LAB_DATA_SIZE: '768', ...process.env } });
  const [ports, pager] = [await Promise.all([freePort(), freePort(), freePort()]), await pagerDuty()];
  const channel = await webhook();
  journal = journalDisk(folder);
  const [promPort, alertPort, ekimiPort] = ports;
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, POLICY);
  const env = { ...process.env, EKIMI_LISTEN: `127.0.0.1:${ekimiPort}` };
  const made = execFileSync(join(ROOT, 'lab/with-ekimi'), ['--config', policy], { env, encoding: 'utf8' }).trim();
  const config = join(folder, 'ekimi.yaml');
  writeFileSync(config, configured(made, { journal: journal.at, hook: channel.url, spool: join(folder, 'spool') }));
  const ekimi = join(ROOT, 'dist/cli/main.js');
  const lab = {
    policy,
    container: (name) => `${prefix}-${name}`,
    docker: (...args) => run('docker', args),
    script: (name, ...args) => run(join(ROOT, 'lab', name), args),
    cli: (...args) => run(process.execPath, [ekimi, ...args, '--config', config]),
    member: async (role) =>
      (await run('bash', ['-c', `. ${ROOT}/lab/lib.sh; LAB_DIR=${ROOT}/lab; resolve ${role}`])).trim(),
    channel,
    journal,
    ekimi: start(process.execPath, [ekimi, 'run', '--config', config], { PGPASSWORD: 'postgres' }),
  };
  alertmanager(alertPort, pager.url);
  prometheus(promPort, alertPort, ekimiPort);
  const url = `http://127.0.0.1:${promPort}`;
  for (;;) {
    const answer = await fetch(`${url}/api/v1/query?query=count(up==1)`)
      .then((reply) => reply.json())
      .catch(() => null);
    if (answer?.data?.result?.[0]?.value?.[1] === '7') break;
    await after(500);
  }
  const waits = waitsIn(readFileSync(join(ROOT, 'config/prometheus/ekimi.rules.yml'), 'utf8'));
  const rows = [];
  for (const fault of FAULTS.filter(({ what }) => chosen(what))) {
    const found = await play(lab, url, fault, waits);
    rows.push(...found);
    for (const row of found) process.stdout.write(`${JSON.stringify(row)}\n`);
  }
  await after(5_000);
  process.stdout.write(
    `PagerDuty: ${pager.events.filter((each) => each.startsWith('trigger')).length} triggered, ${pager.events.filter((each) => each.startsWith('resolve')).length} resolved\n${[...new Set(pager.events)].join('\n')}\n`,
  );
  pager.server.close();
  channel.server.close();
  return rows.every(({ ok }) => ok) ? 0 : 1;
}

/** Nothing that we started outlives us, however we end. */
function clear() {
  // Whoever waits for a disk cannot even be killed.
  journal?.remove();
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    clear();
    process.exit(1);
  });
try {
  process.exitCode = await main();
} finally {
  clear();
}
