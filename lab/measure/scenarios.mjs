// The scenarios, a row each. A fault is done through lab/fault and undone through lab/heal wherever those have it.
//
//   who       the member (or etcd member) that it is done to
//   fault     does it; answers once it is done
//   struck    which Docker event is the moment of the fault; without one, the moment is that at which the command began
//   holdMs    how long the fault stays before `heal` (with a controller it may be gone earlier: `heal` must bear that)
//   healAfterTakeover  not before another member takes writes: started at once, the dead leader would go on as leader, its key unexpired
//   heal      undoes it; null where the cluster (or nothing) has to
//   rejoins   the member needs someone to start it again: the controller is given its time first
//   benign    nothing is broken: a controller that sends anything is wrong
//   deadlineMs  from the fault to a whole cluster
import { ETCDS } from './lab.mjs';
import { sleep } from './pause.mjs';

const leader = (lab) => lab.leader();
const replica = async (lab) => (await lab.replicas())[0];
const died = (who) => (fact) => fact.what === 'docker' && fact.member === who && fact.detail === 'die';
const signalled = (who) => (fact) =>
  fact.what === 'docker' && fact.member === who && /^exec_start: kill -STOP/.test(fact.detail);

/** The etcd member that leads. */
async function etcdLeader(lab) {
  for (const name of ETCDS) {
    const table = await lab.inside(name, 'etcdctl', 'endpoint', 'status', '-w', 'json');
    const [{ Status }] = JSON.parse(table);
    if (Status.leader === Status.header.member_id) return name;
  }
  throw new Error('no etcd member says that it leads');
}

const starts = (fault) => async (lab, who) => {
  if ((await lab.state(who)) !== 'running') await lab.heal(fault, who);
};

async function freezeFor(lab, who, ms, signal) {
  const pid = await lab.patroniPid(who);
  await lab.inside(who, 'kill', '-STOP', pid);
  try {
    await sleep(ms, signal);
  } finally {
    await lab.inside(who, 'kill', '-CONT', pid);
  }
}

async function switchover(lab) {
  const from = await lab.leader();
  const [candidate] = await lab.replicas();
  const reply = await lab.rest(from, 'POST', '/switchover', { leader: from, candidate });
  if (reply.status !== 200) throw new Error(`POST /switchover answered ${reply.status}: ${reply.text}`);
}

/** A base backup of one replica, made from the other, slow enough to be seen. */
async function baseBackup(lab, who) {
  const other = (await lab.replicas()).find((name) => name !== who);
  const command =
    'PGPASSWORD=replicator pg_basebackup -h "$1" -U replicator -D /tmp/measure -X stream -c fast -r 2M; rm -rf /tmp/measure';
  await lab.inside(other, 'bash', '-c', `PATH=$PATH:/usr/lib/postgresql/15/bin; ${command}`, 'base-backup', who);
}

async function load(lab, who) {
  const command =
    'export PGPASSWORD=postgres; pgbench -q -i -s 5 -h haproxy -p 5000 -U postgres postgres && ' +
    'pgbench -n -c 4 -j 2 -R 200 -T 25 -h haproxy -p 5000 -U postgres postgres';
  await lab.inside(who, 'bash', '-c', `PATH=$PATH:/usr/lib/postgresql/15/bin; ${command}`);
}

async function moveEtcdLeader(lab, who) {
  const table = await lab.inside(who, 'etcdctl', 'member', 'list', '-w', 'json');
  // Ids are 64-bit: JSON.parse would round them.
  const ids = [...table.matchAll(/"ID":(\d+),"name":"(\w+)"/g)].map(([, id, name]) => [name, BigInt(id).toString(16)]);
  const [, target] = ids.find(([name]) => name !== who);
  await lab.inside(who, 'etcdctl', 'move-leader', target);
}

async function restart(lab, who) {
  const reply = await lab.rest(who, 'POST', '/restart', {});
  if (reply.status !== 200) throw new Error(`POST /restart answered ${reply.status}: ${reply.text}`);
}

export const SCENARIOS = {
  'kill-leader': {
    what: "the leader's container is killed (SIGKILL)",
    who: leader,
    fault: (lab, who) => lab.fault('kill', who),
    struck: died,
    holdMs: 0,
    healAfterTakeover: true,
    heal: starts('kill'),
    rejoins: true,
    deadlineMs: 240_000,
  },
  'freeze-leader': {
    what: 'Patroni on the leader is frozen (SIGSTOP) for 48 s, PostgreSQL runs on; then thawed',
    who: leader,
    fault: (lab, who) => lab.fault('freeze', who),
    struck: signalled,
    holdMs: 48_000,
    heal: async (lab, who) => {
      if ((await lab.state(who)) !== 'running') return lab.heal('kill', who);
      // A controller may have restarted it: then nothing is frozen any more and there is nothing to thaw.
      return lab.inside(who, 'pkill', '-CONT', '-f', '/usr/bin/patroni').catch(() => {});
    },
    rejoins: true,
    deadlineMs: 300_000,
  },
  'stop-leader': {
    what: "the leader's container is stopped (SIGTERM: Patroni gives the key up)",
    who: leader,
    fault: (lab, who) => lab.fault('stop', who),
    holdMs: 20_000,
    healAfterTakeover: true,
    heal: starts('stop'),
    rejoins: true,
    deadlineMs: 240_000,
  },
  'leader-without-etcd': {
    what: 'the leader is cut off from etcd for 60 s, clients still reach it',
    who: leader,
    fault: (lab, who) => lab.fault('partition', who, 'dcs'),
    holdMs: 60_000,
    heal: (lab, who) => lab.heal('partition', who),
    rejoins: true,
    deadlineMs: 300_000,
  },
  'leader-cut-off': {
    what: 'the leader is off the network altogether for 60 s',
    who: leader,
    fault: (lab, who) => lab.fault('partition', who, 'all'),
    holdMs: 60_000,
    heal: (lab, who) => lab.heal('partition', who),
    rejoins: true,
    deadlineMs: 300_000,
  },
  'rogue-promote': {
    what: 'the cluster is paused, a replica promoted behind its back, the cluster resumed after 20 s',
    who: replica,
    fault: (lab, who) => lab.fault('rogue-promote', who),
    holdMs: 20_000,
    heal: (lab) => lab.heal('pause', null),
    deadlineMs: 240_000,
  },
  'etcd-leader-killed': {
    what: 'the etcd member that leads is killed for 30 s',
    who: etcdLeader,
    fault: (lab, who) => lab.fault('kill', who),
    struck: died,
    holdMs: 30_000,
    heal: async (lab, who) => {
      if ((await lab.state(who)) !== 'running') await lab.heal('stop-etcd', who);
    },
    benign: true,
    deadlineMs: 180_000,
  },
  'base-backup': {
    what: 'pg_basebackup from a replica',
    who: replica,
    fault: baseBackup,
    holdMs: 15_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
  pgbench: {
    what: 'pgbench through the proxy, 200 transactions a second',
    who: replica,
    fault: load,
    holdMs: 15_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
  'replica-restart': {
    what: "POST /restart of a replica: an operator's work",
    who: replica,
    fault: restart,
    holdMs: 30_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
  switchover: {
    what: "POST /switchover: an operator's work",
    who: leader,
    fault: switchover,
    holdMs: 40_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
  'slow-replica-api': {
    what: "a replica's Patroni stands still for 3 s",
    who: replica,
    fault: (lab, who, signal) => freezeFor(lab, who, 3_000, signal),
    holdMs: 30_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
  'slow-leader-api': {
    what: "the leader's Patroni stands still for 3 s",
    who: leader,
    fault: (lab, who, signal) => freezeFor(lab, who, 3_000, signal),
    holdMs: 30_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
  'etcd-leader-moved': {
    what: 'etcdctl move-leader',
    who: etcdLeader,
    fault: moveEtcdLeader,
    holdMs: 30_000,
    heal: null,
    benign: true,
    deadlineMs: 180_000,
  },
};

/** Names for a word of the command line: a scenario, `benign`, `leader` (all that is not benign) or `all`. */
export function scenarioNames(word) {
  const names = Object.keys(SCENARIOS);
  if (word === 'all') return names;
  if (word === 'benign') return names.filter((name) => SCENARIOS[name].benign);
  if (word === 'leader') return names.filter((name) => !SCENARIOS[name].benign);
  if (!names.includes(word))
    throw new Error(`--scenario ${word}: expected ${[...names, 'benign', 'leader', 'all'].join(', ')}`);
  return [word];
}
