import { ANY, etcdOf, type Happening, meetsBoth, NOBODY, otherThan, row } from './row.js';

const cutFrom = (kind: 'dcs' | 'peers' | 'proxy' | 'observer' | 'all', weight: number): Happening =>
  row(`it is cut off from ${kind === 'observer' ? 'the controllers' : kind}`, {
    weight,
    roles: ANY,
    lasts: [3, 90],
    begin: ({ cluster }, member) => {
      cluster.partition(member, kind);
    },
    end: ({ cluster }, member) => {
      cluster.heal(member);
    },
  });

export const NETWORK: readonly Happening[] = [
  cutFrom('dcs', 5),
  cutFrom('peers', 4),
  cutFrom('proxy', 3),
  cutFrom('observer', 4),
  cutFrom('all', 4),
  row('the link to another member is cut', {
    weight: 5,
    roles: ANY,
    lasts: [5, 150],
    begin: (stage, member, figure) => {
      stage.cluster.cutLink(member, otherThan(stage, member, figure));
    },
    end: (stage, member, figure) => {
      stage.cluster.healLink(member, otherThan(stage, member, figure));
    },
    meets: meetsBoth,
  }),
  row('it can open no connection to another member', {
    weight: 3,
    roles: ANY,
    lasts: [5, 150],
    begin: (stage, member, figure) => {
      stage.cluster.cutOneWay(member, otherThan(stage, member, figure));
    },
    end: (stage, member, figure) => {
      stage.cluster.healLink(member, otherThan(stage, member, figure));
    },
    meets: meetsBoth,
  }),
  row('the proxy reaches only its REST API', {
    weight: 1,
    roles: ANY,
    lasts: [10, 60],
    begin: ({ cluster }, member) => {
      cluster.cutOneWay('proxy', member, 'sql');
    },
    end: ({ cluster }, member) => {
      cluster.healLink('proxy', member);
    },
  }),
  row('its link to an etcd member is cut', {
    weight: 3,
    roles: ANY,
    lasts: [10, 120],
    begin: (stage, member, figure) => {
      stage.cluster.cutLink(member, etcdOf(stage, figure));
    },
    end: (stage, member, figure) => {
      stage.cluster.healLink(member, etcdOf(stage, figure));
    },
  }),
  row('the controllers have its address and that of another the wrong way round', {
    weight: 1,
    roles: ANY,
    lasts: [20, 90],
    begin: (stage, member, figure) => {
      stage.cluster.swapAddresses(member, otherThan(stage, member, figure));
    },
    end: ({ cluster }) => {
      cluster.healAddresses();
    },
    meets: meetsBoth,
  }),
  row('its API is slow', {
    weight: 3,
    roles: ANY,
    lasts: [10, 90],
    begin: ({ cluster }, member, figure) => {
      cluster.slowApi(member, 500 + Math.round(figure * 6000));
    },
    end: ({ cluster }, member) => {
      cluster.slowApi(member, 0);
    },
  }),
  row('its API answers nonsense', {
    weight: 2,
    roles: ANY,
    lasts: [10, 60],
    begin: ({ cluster }, member) => {
      cluster.garbageApi(member);
    },
    end: ({ cluster }, member) => {
      cluster.garbageApi(member, false);
    },
  }),
  row('the next request is executed, its answer lost', {
    weight: 2,
    roles: NOBODY,
    begin: ({ cluster }) => {
      cluster.failSend('answer-lost');
    },
  }),
  row('the next request never arrives', {
    weight: 2,
    roles: NOBODY,
    begin: ({ cluster }) => {
      cluster.failSend('never-arrives');
    },
  }),
];

export const BLIPS: readonly Happening[] = [
  row('a blip: it is cut off from all', {
    weight: 3,
    benign: true,
    roles: ANY,
    lasts: [0.3, 1.5],
    begin: ({ cluster }, member) => {
      cluster.partition(member, 'all');
    },
    end: ({ cluster }, member) => {
      cluster.heal(member);
    },
  }),
  row('a blip: the controllers do not see it', {
    weight: 3,
    benign: true,
    roles: ANY,
    lasts: [0.3, 4],
    begin: ({ cluster }, member) => {
      cluster.partition(member, 'observer');
    },
    end: ({ cluster }, member) => {
      cluster.heal(member);
    },
  }),
  row('its API is a little slow', {
    weight: 3,
    benign: true,
    roles: ANY,
    lasts: [5, 60],
    begin: ({ cluster }, member, figure) => {
      cluster.slowApi(member, 100 + Math.round(figure * 900));
    },
    end: ({ cluster }, member) => {
      cluster.slowApi(member, 0);
    },
  }),
];
