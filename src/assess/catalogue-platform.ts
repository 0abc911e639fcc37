import { fixed, type ProblemRow } from './problem-row.js';

/** What the cluster stands on. None of it is repaired by Ekimi. */
export const PLATFORM_ROWS: readonly ProblemRow[] = [
  {
    code: 'dcs-slow',
    level: 'warning',
    rank: 60.3,
    seenBy: 'how long our linearizable read of etcd takes, against a twentieth of retry_timeout',
    grace: fixed(15_000, 5, 30_000),
    ladder: [],
    page: 'at-once',
    meaning:
      'etcd answers late. When a loop of Patroni does not get through within retry_timeout, the leader demotes itself without anything being broken.',
    advice:
      "Look at the etcd members' disks (etcd_disk_wal_fsync_duration_seconds), their CPU and the network between them.",
  },
  {
    code: 'dcs-electing',
    level: 'warning',
    rank: 60.2,
    seenBy: 'terms of raft, as the etcd members tell them, over an hour',
    grace: fixed(0, 1, 60_000),
    ladder: [],
    page: 'at-once',
    meaning: 'etcd elects a leader again and again. Each election stops all reads and writes for a second or two.',
    advice:
      'Look in the logs of etcd for "slow fdatasync" and "lost leader". Look at disks and network; compare heartbeat-interval with the round trip.',
  },
  {
    code: 'dcs-nearly-full',
    level: 'critical',
    rank: 60.5,
    seenBy: "size of each etcd member's database, dcs.quota of ekimi.yaml",
    grace: fixed(10_000, 2, 60_000),
    milder: {
      when: ({ percent }) => typeof percent === 'number' && percent < 90,
      level: 'warning',
      grace: fixed(10_000, 2, 60_000),
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'The database of etcd is near its quota. At the quota etcd raises NOSPACE and takes no new keys and leases.',
    advice:
      'Run etcdctl compact, then etcdctl defrag member by member, the leader last. Set dcs.quota if etcd has another quota than 2 GiB.',
  },
  {
    code: 'dcs-membership-differs',
    level: 'warning',
    rank: 60.1,
    seenBy: "etcd's list of members, dcs.hosts of ekimi.yaml",
    grace: fixed(60_000, 2, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'etcd has other members than ekimi.yaml lists, or one without a vote. An address that no member has will never answer again.',
    advice:
      'Run etcdctl member list -w table. Bring dcs.hosts of ekimi.yaml (and of every patroni.yml) up to date; promote a learner that is meant to vote.',
  },
  {
    code: 'versions-differ',
    level: 'warning',
    rank: 23.2,
    seenBy: 'versions that PostgreSQL, Patroni and etcd members tell',
    grace: fixed(60_000, 3, 0),
    milder: { when: ({ isMajor }) => isMajor !== true, level: 'info', grace: fixed(60_000, 3, 0), page: 'never' },
    ladder: [],
    page: 'at-once',
    meaning:
      'Members run different versions, as in the middle of an upgrade. A replica of another PostgreSQL major version cannot follow and is no candidate.',
    advice: 'Finish the upgrade. Upgrade replicas before the leader.',
  },
];
