// Each alert of config/prometheus, and the real fault that it is played with.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const policyWith = (drain, limits = '') => `mode: enforce
poll: { interval: 1s, suspectInterval: 500ms }
actions: { start-member: approve, restart-member: off, expedite-failover: off, drain-replica: ${drain} }
${limits}`;

export const POLICY = policyWith('off');
/** One drain is all that an hour allows: it uses the budget, and opens the breaker. */
const ONE_AN_HOUR = policyWith('auto', 'limits: { perHour: 1 }\n');

const reload = (lab, policy) => {
  writeFileSync(lab.policy, policy);
  lab.ekimi.kill('SIGHUP');
};

async function killed(lab, member) {
  await lab.docker('kill', lab.container(member));
}

/**
 * A file system of its own for the journal, which can be made to stand still: whoever writes then waits, as on a disk or NFS server that hangs.
 * Needs root and a loop device.
 */
export function journalDisk(folder) {
  const [image, at] = [join(folder, 'journal.img'), join(folder, 'journal')];
  writeFileSync(image, '');
  truncateSync(image, 64 * 2 ** 20);
  execFileSync('mkfs.ext4', ['-q', image]);
  mkdirSync(at);
  execFileSync('mount', ['-o', 'loop', image, at]);
  const stand = (how) => {
    execFileSync('fsfreeze', [how, at]);
  };
  let stands = false;
  return {
    at,
    hang: () => {
      stand('--freeze');
      stands = true;
    },
    goOn: () => {
      if (stands) stand('--unfreeze');
      stands = false;
    },
    remove() {
      this.goOn();
      execFileSync('umount', ['--lazy', at]);
    },
  };
}

/** What is done, what it must set off, and how it is undone; without `undo` by `lab/heal all`. */
export const FAULTS = [
  {
    what: 'a replica of 3 is killed',
    alerts: ['PostgresNodeUnhealthy', 'PostgresInsufficientReplicas', 'EkimiApprovalWaiting'],
    do: async (lab) => killed(lab, await lab.member('replica')),
  },
  {
    what: '2 of 3 etcd members are killed',
    alerts: ['EtcdMemberDown', 'EtcdUnhealthy', 'EkimiTenureLost', 'EkimiProblem'],
    do: (lab) => lab.docker('kill', lab.container('etcd2'), lab.container('etcd3')),
  },
  {
    what: 'all members are killed',
    alerts: ['PostgresNoLeader', 'PostgresNodeUnhealthy', 'EkimiNeedsPerson'],
    do: (lab) => lab.docker('kill', ...['patroni1', 'patroni2', 'patroni3'].map((name) => lab.container(name))),
  },
  {
    what: 'a replica falls 150 MB behind',
    alerts: ['PostgresReplicationLag', 'PostgresReplicationLagCritical'],
    do: (lab) => lab.script('fault', 'lag', 'replica', '150'),
  },
  {
    what: 'a replica is promoted while the cluster is paused',
    alerts: ['PostgresTwoPrimaries'],
    do: (lab) => lab.script('fault', 'rogue-promote', 'replica', 'paused'),
  },
  {
    what: 'all but 5 connections of the leader are taken',
    alerts: ['PostgresConnectionsHigh'],
    do: (lab) => lab.script('fault', 'connections', 'leader', '5'),
  },
  {
    what: 'the volume of a replica is filled',
    alerts: ['PostgresDiskFilling'],
    do: (lab) => lab.script('fault', 'fill-disk', 'replica', 'rows'),
  },
  {
    what: 'a replica is drained where an hour allows one action',
    alerts: ['EkimiBudgetUsed', 'EkimiBreakerOpen'],
    do: async (lab) => {
      reload(lab, ONE_AN_HOUR);
      await lab.script('fault', 'lag', 'replica', '150');
    },
    undo: async (lab) => {
      reload(lab, POLICY);
      await lab.script('heal', 'all');
      await lab.cli('resume', '--subject', 'breaker');
    },
  },
  {
    what: 'the channel of a killed replica refuses every message',
    alerts: ['EkimiNotificationFailing'],
    do: async (lab) => {
      lab.channel.refuses = true;
      await killed(lab, await lab.member('replica'));
    },
    undo: async (lab) => {
      lab.channel.refuses = false;
      await lab.script('heal', 'all');
    },
  },
  {
    what: 'the disk of the journal hangs',
    alerts: ['EkimiStalled'],
    do: (lab) => {
      lab.journal.hang();
    },
    undo: (lab) => {
      lab.journal.goOn();
    },
  },
  {
    what: 'Ekimi is frozen',
    alerts: ['EkimiDown'],
    do: (lab) => lab.ekimi.kill('SIGSTOP'),
    undo: (lab) => lab.ekimi.kill('SIGCONT'),
  },
  {
    what: 'a policy is reloaded that is refused',
    alerts: ['EkimiObserverImpaired'],
    do: (lab) => {
      reload(lab, 'mode: enforced\n');
    },
    undo: (lab) => {
      reload(lab, POLICY);
    },
  },
];

/** The configuration of the lab, with its journal on that disk and a channel that is told everything. */
export const configured = (file, { journal, hook, spool }) =>
  readFileSync(file, 'utf8')
    .replace(/^journal:.*$/m, `journal: { directory: ${journal} }`)
    .concat(
      `notifications:\n  webhook: { hook: { url: '${hook}' } }\n  routes: [{ to: [hook] }]\n  spool: { directory: ${spool} }\n`,
    );
