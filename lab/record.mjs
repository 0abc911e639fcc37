#!/usr/bin/env node
// record.mjs - write down what a running lab answers, as the tests of the adapters read it.
//
// Usage: LAB_PREFIX=NAME LAB_ADDR=ADDRESS node lab/record.mjs FOLDER       e.g. test/fixtures/replies/debian-13
//
// Brings the cluster into some states (paused, synchronous, lagging, switched over, servers drained) and back again. A lab of its own, then.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64, Lab, MEMBERS, SCOPE } from './measure/lab.mjs';
import { sleep, until } from './measure/pause.mjs';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: LAB_PREFIX=NAME LAB_ADDR=ADDRESS node lab/record.mjs FOLDER\n');
  process.exit(2);
}
const lab = new Lab({
  prefix: process.env.LAB_PREFIX ?? 'email',
  addr: process.env.LAB_ADDR ?? '127.0.0.1',
  patroni: '',
  sync: false,
});
const WITHIN_MS = 60_000;
const READS = ['patroni', 'cluster', 'config', 'history', 'metrics', 'health', 'replica', 'readiness', 'liveness'];

const write = (name, text) => writeFileSync(join(folder, name), text.endsWith('\n') ? text : `${text}\n`);
const writeJson = (name, value) => write(name, JSON.stringify(value, null, 1));

/** One request to a member's Patroni, and its answer word for word. */
async function patroni(name, node, method, path, body) {
  const answer = await fetch(lab.api(node, path), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  const type = answer.headers.get('content-type');
  const content = type === 'application/json' ? { body: JSON.parse(text) } : { body_text: text };
  const request = { method, path, node, ...(body === undefined ? {} : { body }) };
  writeJson(`patroni/${name}.json`, { request, status: answer.status, curl_exit: 0, content_type: type, ...content });
}

async function reads(prefix, node, paths = READS) {
  for (const path of paths) await patroni(`${prefix}.get-${path}`, node, 'GET', `/${path}`);
}

const runtime = (command) => lab.inside('haproxy', 'bash', '-c', `echo '${command}' | socat - tcp:127.0.0.1:9999`);

/** Until every member has seen the configuration: a loop of each. */
const seen = (what, holds) =>
  until(
    what,
    async () => {
      for (const member of MEMBERS) {
        const answer = await fetch(lab.api(member, '/patroni'), { signal: AbortSignal.timeout(3_000) });
        if (!holds(await answer.json(), member)) return false;
      }
      return true;
    },
    { withinMs: WITHIN_MS },
  );

async function ofPatroni() {
  const leader = await lab.leader();
  const [replica] = await lab.replicas();
  await reads('primary', leader);
  await reads('replica', replica);

  await patroni('pause.patch', leader, 'PATCH', '/config', { pause: true });
  await seen('paused', ({ pause }) => pause === true);
  await reads('paused.primary', leader, ['patroni', 'metrics']);
  await reads('paused', leader, ['cluster']);
  await patroni('resume.patch', leader, 'PATCH', '/config', { pause: null });
  await seen('resumed', ({ pause }) => pause !== true);

  await lab.fault('pending-restart', null);
  await seen('pending', ({ pending_restart: pending }) => pending === true);
  await reads('pending-restart.primary', leader, ['patroni']);
  await reads('pending-restart', leader, ['cluster']);
  await lab.heal('pending-restart', null);

  const modes = Number((await lab.versions()).Patroni.split('.')[0]) >= 4 ? [true, 'quorum'] : [true];
  for (const mode of modes) {
    const name = mode === true ? 'sync' : 'quorum';
    await lab.rest(leader, 'PATCH', '/config', { synchronous_mode: mode });
    const standby = `${name}_standby`;
    await until(
      `a replica is ${standby}`,
      async () => {
        const answers = await Promise.all(
          MEMBERS.map((member) => fetch(lab.api(member, '/patroni')).then((answer) => answer.json())),
        );
        return answers.some((answer) => answer[standby] === true);
      },
      { withinMs: WITHIN_MS },
    );
    for (const member of MEMBERS) await reads(`${name}.${member}`, member, ['patroni']);
    await reads(name, leader, ['cluster']);
  }
  await lab.rest(leader, 'PATCH', '/config', { synchronous_mode: null });

  await lab.fault('lag', replica, '40');
  await sleep(12_000);
  await reads('lagging', leader, ['cluster']);
  await reads('lagging.replica', replica, ['patroni']);
  await lab.heal('lag', replica);

  await lab.fault('bad-config', replica);
  await reads('start-failed', leader, ['cluster']);
  await reads('start-failed.replica', replica, ['patroni', 'metrics']);
  await lab.heal('bad-config', replica);
  await until('both replicas stream', async () => (await lab.streaming()).length === 2, { withinMs: WITHIN_MS });

  await patroni('switchover.same', leader, 'POST', '/switchover', { leader, candidate: leader });
  await patroni('switchover.ok', leader, 'POST', '/switchover', { leader, candidate: replica });
  await reads('after-switchover-0s', replica, ['cluster', 'patroni']);
  await until('both replicas stream', async () => (await lab.streaming()).length === 2, { withinMs: WITHIN_MS });
  await reads('after-switchover', replica, ['cluster', 'history']);
  await patroni('reinitialize.on-leader', replica, 'POST', '/reinitialize', {});
}

async function ofHaproxy() {
  const stats = async () => (await fetch(`http://${lab.addr}:7000/stats;csv`)).text();
  write('haproxy/stats.csv', await stats());
  const said = {
    'show-stat.csv': ['show stat', []],
    'show-servers-state.txt': ['show servers state', []],
    'show-info.txt': ['show info', []],
    'show-stat.drain.csv': ['show stat', ['state drain']],
    'show-servers-state.drain.txt': ['show servers state', ['state drain']],
    'show-stat.maint.csv': ['show stat', ['state maint']],
    'show-servers-state.maint.txt': ['show servers state', ['state maint']],
    'show-stat.weight-0.csv': ['show stat', ['weight 0']],
    'show-servers-state.weight-0.txt': ['show servers state', ['weight 0']],
    'unknown-command.txt': ['no such command', []],
  };
  const [replica] = await lab.replicas();
  for (const [file, [question, changes]] of Object.entries(said)) {
    for (const change of changes) await runtime(`set server postgres_replicas/${replica} ${change}`);
    write(`haproxy/${file}`, await runtime(question));
    await runtime(`set server postgres_replicas/${replica} state ready`);
    await runtime(`set server postgres_replicas/${replica} weight 1`);
  }
  write('haproxy/no-such-server.txt', await runtime('set server postgres_replicas/nobody state drain'));
}

async function ofEtcd() {
  const post = async (name, path, body) => {
    const answer = await fetch(lab.etcd('etcd1', path), { method: 'POST', body: JSON.stringify(body) });
    return [name, await answer.json()];
  };
  const get = async (name, path) => [name, await (await fetch(lab.etcd('etcd1', path))).json()];
  const prefix = `/service/${SCOPE}/`;
  const answers = await Promise.all([
    get('version', '/version'),
    get('health', '/health'),
    post('status', '/v3/maintenance/status', {}),
    post('member-list', '/v3/cluster/member/list', {}),
    post('alarms', '/v3/maintenance/alarm', { action: 'GET' }),
    post('keys', '/v3/kv/range', { key: base64(prefix), range_end: base64(`${prefix.slice(0, -1)}0`) }),
  ]);
  for (const [name, answer] of answers) writeJson(`etcd/${name}.json`, answer);
}

for (const part of ['patroni', 'haproxy', 'etcd']) {
  rmSync(join(folder, part), { recursive: true, force: true });
  mkdirSync(join(folder, part), { recursive: true });
}
await ofHaproxy();
await ofPatroni();
await ofEtcd();
writeJson('versions.json', { ...(await lab.versions()), recorded: new Date().toISOString().slice(0, 10) });
process.stdout.write(`recorded in ${folder}\n`);
