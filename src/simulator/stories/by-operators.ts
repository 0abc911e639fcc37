import { byHand } from './stage.js';
import { mayHandOver } from './standing.js';
import { ANY, type Happening, NOBODY, REPLICA, row } from './row.js';

const switchoverInS = (figure: number): number => 10 + Math.round(figure * 500) / 10;
const restartInS = (figure: number): number => 5 + Math.round(figure * 400) / 10;

export const OPERATORS: readonly Happening[] = [
  row('the cluster is paused', {
    weight: 4,
    benign: true,
    roles: NOBODY,
    lasts: [10, 90],
    begin: ({ cluster }) => {
      cluster.pause();
    },
    end: ({ cluster }) => {
      cluster.resume();
    },
  }),
  row('a switchover', {
    weight: 4,
    benign: true,
    roles: NOBODY,
    begin: ({ cluster }) => {
      cluster.switchover(null);
    },
    meets: ({ cluster }) => mayHandOver(cluster, null),
  }),
  row('a switchover to it', {
    weight: 3,
    benign: true,
    roles: REPLICA,
    begin: ({ cluster }, member) => {
      cluster.switchover(member);
    },
    meets: ({ cluster }, member) => mayHandOver(cluster, member),
  }),
  row('a switchover is scheduled', {
    weight: 2,
    benign: true,
    roles: REPLICA,
    begin: ({ cluster }, member, figure) => {
      cluster.scheduleSwitchover(cluster.nowMs() + switchoverInS(figure) * 1000, member);
    },
    meets: ({ cluster }, member) => mayHandOver(cluster, member),
    delayS: switchoverInS,
  }),
  row('it is restarted by hand', {
    weight: 4,
    benign: true,
    roles: ANY,
    begin: ({ cluster }, member) => {
      byHand(cluster, member, '/restart');
    },
  }),
  row('it is reloaded by hand', {
    weight: 2,
    benign: true,
    roles: ANY,
    begin: ({ cluster }, member) => {
      byHand(cluster, member, '/reload');
    },
  }),
  row('it is rebuilt by hand', {
    weight: 1,
    roles: REPLICA,
    begin: ({ cluster }, member) => {
      byHand(cluster, member, '/reinitialize');
    },
  }),
  row('a restart of it is scheduled', {
    weight: 2,
    benign: true,
    roles: ANY,
    begin: ({ cluster }, member, figure) => {
      cluster.scheduleRestart(member, cluster.nowMs() + restartInS(figure) * 1000);
    },
    delayS: restartInS,
  }),
  row('it is drained by hand', {
    weight: 3,
    benign: true,
    roles: REPLICA,
    lasts: [20, 120],
    begin: ({ cluster }, member) => {
      cluster.operatorDrain(member);
    },
    end: ({ cluster }, member) => {
      cluster.operatorUndrain(member);
    },
  }),
  row('it is tagged nofailover', {
    weight: 2,
    roles: REPLICA,
    lasts: [30, 120],
    begin: ({ cluster }, member) => {
      cluster.operatorTag(member, { nofailover: true });
    },
    end: ({ cluster }, member) => {
      cluster.operatorTag(member, { nofailover: false });
    },
  }),
  row('its Patroni is upgraded', {
    weight: 1,
    benign: true,
    roles: REPLICA,
    begin: ({ cluster }, member) => {
      cluster.upgradePatroni(member, '4.1.4');
    },
  }),
  row('a base backup is taken', {
    weight: 2,
    benign: true,
    roles: NOBODY,
    lasts: [20, 90],
    begin: ({ cluster }) => {
      cluster.baseBackup(true);
    },
    end: ({ cluster }) => {
      cluster.baseBackup(false);
    },
  }),
  row('clients write much', {
    weight: 2,
    benign: true,
    roles: NOBODY,
    lasts: [20, 90],
    begin: ({ cluster }, _, figure) => {
      cluster.setLoad(1024 * 1024 + Math.round(figure * 30 * 1024 * 1024));
    },
    end: ({ cluster }) => {
      cluster.setLoad(64 * 1024);
    },
  }),
  row('somebody breaks the key config', {
    weight: 1,
    roles: NOBODY,
    begin: ({ cluster }) => {
      cluster.breakConfig();
    },
  }),
];
