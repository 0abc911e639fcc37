// What is no fault: other people's work and passing trouble. A controller that sends anything is wrong. Rows as in scenarios.mjs; `holdMs` is
// counted from the beginning, and short: many of them run one after the other in one series (series.mjs).
import { ETCDS, MEMBERS } from './lab.mjs';
import { sleep } from './pause.mjs';

const leader = (lab) => lab.leader();
const replica = async (lab) => (await lab.replicas())[Math.floor(Math.random() * 2)];

const etcdMember = (leads) => async (lab) => {
  for (const name of ETCDS) {
    const table = await lab.inside(name, 'etcdctl', 'endpoint', 'status', '-w', 'json');
    const [{ Status }] = JSON.parse(table);
    if ((Status.leader === Status.header.member_id) === leads) return name;
  }
  throw new Error(`no etcd member says that it ${leads ? 'leads' : 'follows'}`);
};

async function freezeFor(lab, who, ms, signal) {
  const pids = await lab.patroniPids(who);
  await lab.inside(who, 'kill', '-STOP', ...pids);
  try {
    await sleep(ms, signal);
  } finally {
    await lab.inside(who, 'kill', '-CONT', ...pids);
  }
}

async function hang(lab, who, signal) {
  await lab.fault('hang', who);
  await sleep(1_500, signal);
  await lab.heal('hang', who);
}

async function asked(lab, who, path, body) {
  const reply = await lab.rest(who, 'POST', path, body);
  if (reply.status !== 200 && reply.status !== 202)
    throw new Error(`POST ${path} answered ${reply.status}: ${reply.text}`);
}

async function switchover(lab, who) {
  const [candidate] = await lab.replicas();
  await asked(lab, who, '/switchover', { leader: who, candidate });
}

/** A base backup of one replica, made from the other, slow enough to be seen. */
async function baseBackup(lab, who) {
  const other = (await lab.replicas()).find((name) => name !== who);
  const command =
    'PGPASSWORD=replicator pg_basebackup -h "$1" -U replicator -D /tmp/measure -X stream -c fast -r 5M; rm -rf /tmp/measure';
  await lab.inside(other, 'bash', '-c', `PATH=$PATH:/usr/lib/postgresql/bin; ${command}`, 'base-backup', who);
}

async function load(lab, who) {
  const command =
    'export PGPASSWORD=postgres; pgbench -q -i -s 2 -h haproxy -p 5000 -U postgres postgres && ' +
    'pgbench -n -c 4 -j 2 -R 200 -T 8 -h haproxy -p 5000 -U postgres postgres';
  await lab.inside(who, 'bash', '-c', `PATH=$PATH:/usr/lib/postgresql/bin; ${command}`);
}

async function moveEtcdLeader(lab, who) {
  const table = await lab.inside(who, 'etcdctl', 'member', 'list', '-w', 'json');
  // Ids are 64-bit: JSON.parse would round them.
  const ids = [...table.matchAll(/"ID":(\d+),"name":"(\w+)"/g)].map(([, id, name]) => [name, BigInt(id).toString(16)]);
  const [, target] = ids.find(([name]) => name !== who);
  await lab.inside(who, 'etcdctl', 'move-leader', target);
}

async function killEtcd(lab, who, signal) {
  await lab.fault('kill', who);
  await sleep(8_000, signal);
  await lab.heal('stop-etcd', who);
}

async function bulk(lab, who) {
  const rows = `SELECT i, repeat('x', 100) AS text FROM generate_series(1, 150000) i`;
  await lab.sql(who, `DROP TABLE IF EXISTS measure_bulk; CREATE TABLE measure_bulk AS ${rows}`, 20_000);
}

async function vacuumFull(lab, who) {
  await bulk(lab, who);
  await lab.sql(who, 'UPDATE measure_bulk SET i = i + 1', 20_000);
  await lab.sql(who, 'VACUUM FULL measure_bulk', 20_000);
}

async function reloadAll(lab) {
  for (const member of MEMBERS) await asked(lab, member, '/reload', {});
}

const benign = (what, who, fault, holdMs = 12_000) => ({
  what,
  who,
  fault,
  holdMs,
  heal: null,
  benign: true,
  deadlineMs: 90_000,
});

export const BENIGN = {
  switchover: benign("POST /switchover: an operator's work", leader, switchover),
  'replica-restart': benign("POST /restart of a replica: an operator's work", replica, (lab, who) =>
    asked(lab, who, '/restart', {}),
  ),
  'leader-restart': benign("POST /restart of the leader: an operator's work", leader, (lab, who) =>
    asked(lab, who, '/restart', {}),
  ),
  reload: benign("POST /reload of all members: an operator's work", leader, reloadAll, 8_000),
  'etcd-leader-killed': benign('the etcd member that leads is killed for 8 s', etcdMember(true), killEtcd),
  'etcd-follower-killed': benign('an etcd member that follows is killed for 8 s', etcdMember(false), killEtcd),
  'etcd-leader-moved': benign('etcdctl move-leader', etcdMember(true), moveEtcdLeader, 8_000),
  'slow-replica-api': benign("a replica's Patroni stands still for 3 s", replica, (lab, who, signal) =>
    freezeFor(lab, who, 3_000, signal),
  ),
  'slow-leader-api': benign("the leader's Patroni stands still for 3 s", leader, (lab, who, signal) =>
    freezeFor(lab, who, 3_000, signal),
  ),
  'replica-hangs': benign("a replica's container stands still for 1.5 s (docker pause)", replica, hang),
  'leader-hangs': benign("the leader's container stands still for 1.5 s (docker pause)", leader, hang),
  'base-backup': benign('pg_basebackup from a replica', replica, baseBackup),
  pgbench: benign('pgbench through the proxy, 200 transactions a second', replica, load),
  'bulk-load': benign('CREATE TABLE AS of 150,000 rows, CHECKPOINT', leader, async (lab, who) => {
    await bulk(lab, who);
    await lab.sql(who, 'CHECKPOINT', 20_000);
  }),
  'vacuum-full': benign('UPDATE of 150,000 rows, VACUUM FULL', leader, vacuumFull),
  'slow-query': benign('a query of 10 s on a replica', replica, (lab, who) =>
    lab.sql(who, 'SELECT pg_sleep(10)', 15_000),
  ),
  'proxy-restart': benign(
    'HAProxy is restarted',
    () => 'haproxy',
    (lab) => lab.restart('haproxy'),
  ),
};
