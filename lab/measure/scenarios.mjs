// The faults, a row each. A fault is done through lab/fault and undone through lab/heal.
//
//   what      the fault in words, for the report
//   who       the member that it is done to
//   beforehand  what has happened already, under the same controller and the same writer
//   fault     does it; answers once it is done
//   struck    which Docker event is the moment of the fault; without one, the moment is that at which the command began
//   holdMs    how long the fault stays before `heal` (with a controller it may be gone earlier: `heal` must bear that)
//   takeover  not healed before another member takes writes. Started at once, a dead leader would go on as leader, its key unexpired
//   heal      undoes it; null where the cluster (or nothing) has to
//   rejoins   the member needs someone to start it again: the controller is given its time first
//   agrees    actions to which the person on call agrees when the controller asks
//   last      what a person still has to do where no controller has done it
//   modes     of actions, otherwise than in the policy of the measurements
//   deadlineMs  from the fault to a whole cluster
import { BENIGN } from './benign.mjs';
import { nowMs, sleep, until } from './pause.mjs';
import { whole } from './whole.mjs';

const leader = (lab) => lab.leader();
const replica = async (lab) => (await lab.replicas())[0];
const died = (who) => (fact) => fact.what === 'docker' && fact.member === who && fact.detail === 'die';
const signalled = (who) => (fact) =>
  fact.what === 'docker' && fact.member === who && /^exec_start: kill -STOP/.test(fact.detail);

const starts = async (lab, who) => {
  if ((await lab.state(who)) !== 'running') await lab.heal('kill', who);
};

/** A controller may have killed it or started it again: then nothing stands still any more. */
const goesOn = (fault) => async (lab, who) => {
  if ((await lab.state(who)) === 'exited') return lab.heal('kill', who);
  return lab.heal(fault, who).catch(() => {});
};

/** Dead with what nobody else has: its senders are stopped for a moment, and writes go on. */
async function killAhead(lab, who) {
  await lab.fault('hold-wal', who);
  await sleep(1_500);
  await lab.fault('kill', who);
}

async function killBeyondRewind(lab, who) {
  await lab.fault('no-rewind', who);
  await lab.fault('kill', who);
}

async function killBeyondRewindEmpty(lab, who) {
  await lab.fault('no-rewind', who, 'empty');
  await lab.fault('kill', who);
}

/** PostgreSQL's own fast shutdown, waited for. After 1 s Patroni goes on by itself. */
const STOPS_AT_ONCE = '/usr/lib/postgresql/bin/pg_ctl -D /var/lib/patroni/data -m fast -w -t 1 stop';

/** As a person does it: to the replica that Patroni would choose. */
async function switchedOver(lab, who, _signal, ekimi) {
  if (ekimi !== null) return ekimi.switchover();
  const [candidate] = await lab.replicas();
  const { status, text } = await lab.rest(who, 'POST', '/switchover', { leader: who, candidate });
  if (status !== 200) throw new Error(`POST /switchover: ${status} ${text}`);
}

/** Twice and more what Patroni's own guard allows a candidate to be behind, and the leader has published where it stands. */
async function killFarAhead(lab, who, signal) {
  await lab.fault('hold-wal', who);
  await lab.writeWal(who, 4_096);
  await lab.positionPublished(who, { withinMs: 25_000, signal });
  await lab.fault('kill', who);
}

/** Patroni tries for a while; then a person copies the member again. */
async function copiedByHand(lab, who, signal) {
  await sleep(60_000, signal);
  await lab.heal('no-rewind', who);
}

/** From one death to the next. */
const AGAIN_AFTER_MS = 60_000;

/** A leader was killed, and what it cost is over: another one leads, and three members are there. */
async function killedBefore(lab, { ekimi, writer, signal }) {
  const who = await lab.leader();
  const atMs = nowMs();
  await lab.fault('kill', who);
  const isTaken = () => writer.flowingForMs() >= 1_000 && writer.acks.at(-1).member !== who;
  await until('another member takes writes', isTaken, { withinMs: 120_000, signal });
  if (ekimi === null) await starts(lab, who);
  await whole(lab, { withinMs: 180_000, signal });
  await sleep(Math.max(0, AGAIN_AFTER_MS - (nowMs() - atMs)), signal);
}

const partition = (from, what, rest = {}) => ({
  what,
  who: leader,
  fault: (lab, who) => lab.fault('partition', who, from),
  holdMs: 45_000,
  heal: (lab, who) => lab.heal('partition', who),
  rejoins: true,
  deadlineMs: 300_000,
  ...rest,
});

const KILLED = {
  what: "the leader's container is killed (SIGKILL)",
  who: leader,
  fault: (lab, who) => lab.fault('kill', who),
  struck: died,
  holdMs: 0,
  takeover: true,
  heal: starts,
  rejoins: true,
  deadlineMs: 240_000,
};

const FAULTS = {
  'kill-leader': KILLED,
  'kill-leader-again': {
    ...KILLED,
    what: 'the same once more, a minute after another leader was killed (longer where the cluster was not whole by then)',
    beforehand: killedBefore,
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
  'hang-leader': {
    what: "the leader's machine hangs (docker pause: API, PostgreSQL and streams stand still) for 48 s",
    who: leader,
    fault: (lab, who) => lab.fault('hang', who),
    struck: (who) => (fact) => fact.what === 'docker' && fact.member === who && fact.detail === 'pause',
    holdMs: 48_000,
    heal: goesOn('hang'),
    rejoins: true,
    deadlineMs: 300_000,
  },
  'freeze-postgres': {
    what: 'PostgreSQL on the leader is frozen (SIGSTOP of the postmaster and its children) for 48 s, and Patroni hangs with it',
    who: leader,
    fault: (lab, who) => lab.fault('freeze-postgres', who),
    struck: signalled,
    holdMs: 48_000,
    heal: goesOn('freeze-postgres'),
    rejoins: true,
    deadlineMs: 300_000,
  },
  'kill-postgres': {
    what: "the leader's postmaster is killed (SIGKILL), its Patroni lives and starts it again",
    who: leader,
    fault: (lab, who) => lab.fault('kill-postgres', who),
    holdMs: 0,
    heal: null,
    deadlineMs: 120_000,
  },
  'stop-leader': {
    what: "the leader's container is stopped (SIGTERM: Patroni gives the key up)",
    who: leader,
    fault: (lab, who) => lab.fault('stop', who),
    holdMs: 10_000,
    takeover: true,
    heal: starts,
    rejoins: true,
    deadlineMs: 240_000,
  },
  'leader-without-etcd': partition('dcs', 'the leader is cut off from etcd for 45 s, clients still reach it'),
  'leader-without-replicas': partition('peers', 'the leader is cut off from its replicas for 45 s, from nobody else'),
  'leader-without-proxy': partition(
    'proxy',
    'the leader is cut off from the proxy for 20 s: it leads, and no client reaches it',
    { holdMs: 20_000 },
  ),
  'leader-without-controller': partition(
    'host',
    'the host on which the controller runs cannot reach the leader for 45 s; all others can',
  ),
  'leader-cut-off': partition('all', 'the leader is off the network altogether for 45 s'),
  'kill-leader-ahead': {
    ...KILLED,
    what: "the leader's container is killed 1.5 s after its WAL senders were stopped: it has rows that nobody received, and must be rewound",
    fault: killAhead,
  },
  'rewind-fails': {
    what: 'as before, and the WAL that pg_rewind needs is gone; a person agrees to a new copy when Ekimi asks, and makes one 60 s after the start without it',
    who: leader,
    fault: killBeyondRewind,
    struck: died,
    holdMs: 0,
    takeover: true,
    heal: (lab, who) => lab.inside(who, 'true').catch(() => lab.start(who)),
    rejoins: true,
    agrees: ['reinitialize-replica'],
    last: copiedByHand,
    deadlineMs: 480_000,
  },
  'rewind-fails-empty': {
    what: 'the same, and no transaction committed in the WAL that only the old leader has; a rebuild is on auto in this one, and made 60 s after the start without Ekimi',
    who: leader,
    fault: killBeyondRewindEmpty,
    struck: died,
    holdMs: 0,
    takeover: true,
    heal: (lab, who) => lab.inside(who, 'true').catch(() => lab.start(who)),
    rejoins: true,
    modes: { 'reinitialize-replica': 'auto' },
    last: copiedByHand,
    deadlineMs: 480_000,
  },
  'switchover-asked': {
    what: 'a planned switchover, to the replica that is named first: POST /switchover by hand, or ekimi run-procedure switchover',
    who: leader,
    fault: switchedOver,
    holdMs: 0,
    heal: null,
    deadlineMs: 120_000,
  },
  'switchover-ended-at-once': {
    what: 'the same with `before_stop` of Patroni, by which the leader has stopped before Patroni first looks for it (4.1; 3.0 has no such setting)',
    who: leader,
    prepare: (lab) => lab.setBeforeStop(STOPS_AT_ONCE),
    undo: (lab) => lab.setBeforeStop(null),
    fault: switchedOver,
    holdMs: 0,
    heal: null,
    deadlineMs: 120_000,
  },
  leaderless: {
    what: 'the leader is killed when both replicas are 4 MB behind (maximum_lag_on_failover is 1 MB): nobody may be elected. Ekimi starts the old leader, since nothing is lost with it; without it that is done after 60 s',
    who: leader,
    fault: killFarAhead,
    struck: died,
    holdMs: 60_000,
    heal: starts,
    rejoins: true,
    deadlineMs: 300_000,
  },
  'rogue-frozen': {
    what: "a replica's Patroni is frozen and its PostgreSQL promoted: a second primary that nobody demotes; thawed after 48 s",
    who: replica,
    fault: (lab, who) => lab.fault('rogue-frozen', who),
    holdMs: 48_000,
    heal: async (lab, who) => {
      if ((await lab.state(who)) !== 'running') return lab.heal('kill', who);
      return lab.inside(who, 'pkill', '-CONT', '-f', '/usr/bin/patroni').catch(() => {});
    },
    rejoins: true,
    deadlineMs: 300_000,
  },
  'rogue-promote': {
    what: "a replica is promoted behind Patroni's back, Patroni running",
    who: replica,
    fault: (lab, who) => lab.fault('rogue-promote', who, 'unpaused'),
    holdMs: 20_000,
    heal: null,
    deadlineMs: 240_000,
  },
  'rogue-promote-paused': {
    what: 'the cluster is paused, a replica promoted behind its back, the cluster resumed after 20 s',
    who: replica,
    fault: (lab, who) => lab.fault('rogue-promote', who),
    holdMs: 20_000,
    heal: (lab) => lab.heal('pause', null),
    deadlineMs: 240_000,
  },
};

/** Every scenario by its name. */
export const SCENARIOS = { ...FAULTS, ...BENIGN };

/** Names for a word of the command line: a scenario, `benign`, `leader` (all that is not benign) or `all`. */
export function scenarioNames(word) {
  const names = Object.keys(SCENARIOS);
  if (word === 'all') return names;
  if (word === 'benign') return Object.keys(BENIGN);
  if (word === 'leader') return Object.keys(FAULTS);
  if (!names.includes(word))
    throw new Error(`--scenario ${word}: expected ${[...names, 'benign', 'leader', 'all'].join(', ')}`);
  return [word];
}
