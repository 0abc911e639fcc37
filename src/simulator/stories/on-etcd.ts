import { etcdOf, type Happening, NOBODY, pick, row } from './row.js';
import { standing } from './standing.js';

export const ETCD: readonly Happening[] = [
  row('an etcd member is killed', {
    weight: 4,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => {
      stage.cluster.killEtcd(etcdOf(stage, figure));
    },
    end: (stage, _, figure) => {
      stage.cluster.returnEtcd(etcdOf(stage, figure));
    },
  }),
  row('an etcd member hangs', {
    weight: 3,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => {
      stage.cluster.hangEtcd(etcdOf(stage, figure));
    },
    end: (stage, _, figure) => {
      stage.cluster.returnEtcd(etcdOf(stage, figure));
    },
  }),
  row('an etcd member is cut off from the others', {
    weight: 3,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => {
      stage.cluster.isolateEtcd(etcdOf(stage, figure));
    },
    end: ({ cluster }) => {
      cluster.healEtcd();
    },
  }),
  row('an etcd member is slow', {
    weight: 3,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => {
      stage.cluster.slowEtcd(etcdOf(stage, figure), 100 + Math.round(figure * 3000));
    },
    end: (stage, _, figure) => {
      stage.cluster.slowEtcd(etcdOf(stage, figure), 0);
    },
  }),
  row('etcd loses its majority', {
    weight: 2,
    roles: NOBODY,
    lasts: [5, 90],
    begin: ({ cluster }) => {
      cluster.stopEtcd(2);
    },
    end: ({ cluster }) => {
      cluster.startEtcd();
    },
  }),
  row('etcd is past its quota', {
    weight: 2,
    roles: NOBODY,
    lasts: [20, 120],
    begin: ({ cluster }) => {
      cluster.sizeEtcd(cluster.options.etcdQuotaBytes);
    },
    end: ({ cluster }) => {
      cluster.sizeEtcd(40_960);
      cluster.clearAlarms();
    },
  }),
  row('a host with an etcd member and a member is lost', {
    weight: 3,
    roles: NOBODY,
    lasts: [20, 150],
    begin: ({ cluster }, _, figure) => {
      cluster.loseSite(pick(Object.keys(cluster.options.sites), figure));
    },
    end: ({ cluster }, _, figure) => {
      cluster.returnSite(pick(Object.keys(cluster.options.sites), figure));
    },
    meets: ({ cluster }, _, figure) =>
      (cluster.options.sites[pick(Object.keys(cluster.options.sites), figure)] ?? [])
        .filter((part) => cluster.options.members.includes(part))
        .map((name) => standing(cluster, name))
        .join(', '),
  }),
  row('etcd elects', {
    weight: 3,
    benign: true,
    roles: NOBODY,
    begin: ({ cluster }) => {
      cluster.electEtcd();
    },
  }),
];
