import { DEMO_SCRIPT } from './demo-script.js';
import type { Scenario } from './scenario.js';

const MB = 1024 * 1024;
const HEALTHY = 'Three members in good health: patroni1 leads, patroni2 and patroni3 stream from it and serve reads.';
const quiet = () => undefined;

const LEADER_KILLED: Scenario = {
  name: 'leader-killed',
  endsAtSeconds: 60,
  rows: [
    { atSeconds: 0.5, say: HEALTHY, do: quiet },
    {
      atSeconds: 8,
      say: 'The container of patroni1, the leader, is killed. Patroni alone waits until its key expires.',
      do: ({ cluster }) => {
        cluster.killContainer('patroni1');
      },
    },
  ],
};

const LAG: Scenario = {
  name: 'lag',
  endsAtSeconds: 50,
  rows: [
    { atSeconds: 0.5, say: HEALTHY, do: quiet },
    {
      atSeconds: 5,
      say: 'A batch job floods the leader with writes, and the link of patroni3 cannot keep up.',
      do: ({ cluster }) => {
        cluster.setLoad(30 * MB);
        cluster.lag('patroni3', 4 * MB);
      },
    },
    {
      atSeconds: 14,
      say: 'The batch job is done; the link stays slow.',
      do: ({ cluster }) => {
        cluster.setLoad(MB / 8);
      },
    },
    {
      atSeconds: 22,
      say: 'The link is repaired and patroni3 catches up.',
      do: ({ cluster }) => {
        cluster.healLag('patroni3');
      },
    },
  ],
};

const ETCD_LOST: Scenario = {
  name: 'etcd-lost',
  endsAtSeconds: 70,
  rows: [
    { atSeconds: 0.5, say: HEALTHY, do: quiet },
    {
      atSeconds: 6,
      say: 'etcd2 and etcd3 are killed: etcd has no majority, and the leader cannot renew its key.',
      do: ({ cluster }) => {
        cluster.killEtcd('etcd2');
        cluster.killEtcd('etcd3');
      },
    },
  ],
};

const DISK_FULL: Scenario = {
  name: 'disk-full',
  endsAtSeconds: 60,
  rows: [
    { atSeconds: 0.5, say: HEALTHY, do: quiet },
    {
      atSeconds: 5,
      say: 'Something else fills the data volume of patroni2, a replica.',
      do: ({ cluster }) => {
        cluster.fillDisk('patroni2', 'data');
      },
    },
    {
      atSeconds: 40,
      say: 'Somebody makes room on patroni2.',
      do: ({ cluster }) => {
        cluster.freeDisk('patroni2');
      },
    },
  ],
};

const ROLLING_RESTART: Scenario = {
  name: 'rolling-restart',
  needsEkimi: true,
  endsAtSeconds: 90,
  rows: [
    { atSeconds: 0.5, say: HEALTHY, do: quiet },
    {
      atSeconds: 6,
      say: 'A person starts a rolling restart: replicas first, then a switchover, then the former leader.',
      do: ({ start }) => {
        start('rolling-restart');
      },
    },
  ],
};

/** What `ekimi demo --scenario` can tell, by name. */
export const DEMO_SCENARIOS: Readonly<Record<string, Scenario>> = {
  tour: DEMO_SCRIPT,
  'leader-killed': LEADER_KILLED,
  lag: LAG,
  'etcd-lost': ETCD_LOST,
  'disk-full': DISK_FULL,
  'rolling-restart': ROLLING_RESTART,
};
