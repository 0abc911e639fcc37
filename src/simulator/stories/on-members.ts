import { ANY, type Happening, LEADER, REPLICA, row } from './row.js';

export const MACHINES: readonly Happening[] = [
  row('its container is killed', {
    weight: 12,
    roles: ANY,
    lasts: [15, 120],
    begin: ({ cluster }, member) => {
      cluster.killContainer(member);
    },
    end: ({ cluster }, member) => {
      cluster.startContainer(member);
    },
  }),
  row('its container is killed for good', {
    weight: 4,
    roles: ANY,
    begin: ({ cluster }, member) => {
      cluster.killContainer(member);
    },
  }),
  row('its container is stopped', {
    weight: 4,
    roles: ANY,
    lasts: [15, 90],
    begin: ({ cluster }, member) => {
      cluster.stopContainer(member);
    },
    end: ({ cluster }, member) => {
      cluster.startContainer(member);
    },
  }),
  row('its container is paused', {
    weight: 5,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => {
      cluster.pauseContainer(member);
    },
    end: ({ cluster }, member) => {
      cluster.startContainer(member);
    },
  }),
  row('its postmaster is killed', {
    weight: 5,
    roles: ANY,
    begin: ({ cluster }, member) => {
      cluster.stopPostgres(member);
    },
  }),
  row('its PostgreSQL is frozen', {
    weight: 4,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => {
      cluster.freezePostgres(member);
    },
    end: ({ cluster }, member) => {
      cluster.thaw(member);
    },
  }),
  row('its Patroni is frozen', {
    weight: 4,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => {
      cluster.freezePatroni(member);
    },
    end: ({ cluster }, member) => {
      cluster.thaw(member);
    },
  }),
  row('its Patroni is killed', {
    weight: 4,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => {
      cluster.killPatroni(member);
    },
    end: ({ cluster }, member) => {
      cluster.startPatroni(member);
    },
  }),
];

export const DATA: readonly Happening[] = [
  row('its data directory is destroyed', {
    weight: 4,
    roles: REPLICA,
    begin: ({ cluster }, member) => {
      cluster.breakData(member);
    },
  }),
  row('its data directory is destroyed while it leads', {
    weight: 1,
    roles: LEADER,
    begin: ({ cluster }, member) => {
      cluster.breakData(member);
    },
  }),
  row('the WAL that it needs is gone', {
    weight: 2,
    roles: REPLICA,
    begin: ({ cluster }, member) => {
      cluster.walGap(member);
    },
  }),
  row('pg_rewind will fail there', {
    weight: 2,
    roles: LEADER,
    begin: ({ cluster }, member) => {
      cluster.breakRewind(member);
    },
  }),
  row('it receives slowly', {
    weight: 4,
    roles: REPLICA,
    lasts: [20, 120],
    begin: ({ cluster }, member, figure) => {
      cluster.lag(member, Math.round(figure * 20_000));
    },
    end: ({ cluster }, member) => {
      cluster.healLag(member);
    },
  }),
  row('its replay stands still', {
    weight: 3,
    roles: REPLICA,
    lasts: [20, 120],
    begin: ({ cluster }, member) => {
      cluster.lag(member, 'stop-replay');
    },
    end: ({ cluster }, member) => {
      cluster.healLag(member);
    },
  }),
  row('a query holds up its replay', {
    weight: 3,
    roles: REPLICA,
    begin: ({ cluster }, member, figure) =>
      void cluster.blockReplay(member, 'select pg_sleep(3600)', { stubborn: figure < 0.3 }),
  }),
  row('it refuses replication connections', {
    weight: 2,
    roles: LEADER,
    lasts: [30, 120],
    begin: ({ cluster }, member) => {
      cluster.refuseReplication(member);
    },
    end: ({ cluster }, member) => {
      cluster.refuseReplication(member, false);
    },
  }),
  row('its data disk is full', {
    weight: 3,
    roles: ANY,
    lasts: [20, 120],
    begin: ({ cluster }, member) => {
      cluster.fillDisk(member, 'data', 0);
    },
    end: ({ cluster }, member) => {
      cluster.freeDisk(member);
    },
  }),
  row('a forgotten slot keeps its WAL', {
    weight: 1,
    roles: LEADER,
    lasts: [20, 120],
    begin: ({ cluster }, member) => {
      cluster.holdWal(member);
    },
    end: ({ cluster }, member) => {
      cluster.releaseWal(member);
    },
  }),
  row('it stays connected and acknowledges nothing', {
    weight: 2,
    roles: REPLICA,
    lasts: [10, 90],
    begin: ({ cluster }, member) => {
      cluster.muteStandby(member);
    },
    end: ({ cluster }, member) => {
      cluster.muteStandby(member, false);
    },
  }),
  row('it refuses writes', {
    weight: 2,
    roles: LEADER,
    lasts: [10, 60],
    begin: ({ cluster }, member, figure) => {
      cluster.setReadOnly(member, figure < 0.5 ? 'setting' : 'file-system');
    },
    end: ({ cluster }, member) => {
      cluster.setReadOnly(member, null);
    },
  }),
  row('it is promoted by hand', {
    weight: 1,
    roles: REPLICA,
    begin: ({ cluster }, member) => {
      cluster.roguePromote(member);
    },
  }),
  row('its promotions fail', {
    weight: 2,
    roles: REPLICA,
    lasts: [30, 90],
    begin: ({ cluster }, member) => {
      cluster.setPromotion(member, 'fails');
    },
    end: ({ cluster }, member) => {
      cluster.setPromotion(member, 'works');
    },
  }),
  row('its promotions hang', {
    weight: 1,
    roles: REPLICA,
    lasts: [30, 90],
    begin: ({ cluster }, member) => {
      cluster.setPromotion(member, 'hangs');
    },
    end: ({ cluster }, member) => {
      cluster.setPromotion(member, 'works');
    },
  }),
];
