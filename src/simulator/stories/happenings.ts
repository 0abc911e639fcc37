import { byHand, type Stage } from './stage.js';
import type { Role } from './story.js';

/** One thing that can happen to a cluster: how often, how long, and what it does. */
export interface Happening {
  readonly what: string;
  readonly weight: number;
  /** Nothing is wrong then: an operator's work, a blip. */
  readonly benign: boolean;
  readonly roles: readonly Role[];
  /** Seconds until somebody puts it right; null: nobody does, or there is nothing to put right. */
  readonly lasts: readonly [number, number] | null;
  readonly begin: (stage: Stage, member: string, figure: number) => void;
  readonly end: ((stage: Stage, member: string, figure: number) => void) | null;
}

type Do = Happening['begin'];

const ANY: readonly Role[] = ['leader', 'replica', 'other-replica'];
const LEADER: readonly Role[] = ['leader'];
const REPLICA: readonly Role[] = ['replica', 'other-replica'];
const NOBODY: readonly Role[] = ['nobody'];

interface Shape {
  readonly weight: number;
  readonly roles: readonly Role[];
  readonly lasts?: readonly [number, number];
  readonly benign?: boolean;
  readonly begin: Do;
  readonly end?: Do;
}

const row = (what: string, { weight, roles, lasts, benign = false, begin, end }: Shape): Happening => ({
  what,
  weight,
  benign,
  roles,
  lasts: lasts ?? null,
  begin,
  end: end ?? null,
});

const pick = <T>(list: readonly T[], figure: number): T => list[Math.floor(figure * list.length) % list.length] as T;
const etcdOf = ({ cluster }: Stage, figure: number): string => pick(cluster.options.dcs, figure);
const otherThan = ({ cluster }: Stage, member: string, figure: number): string =>
  pick(
    cluster.options.members.filter((name) => name !== member),
    figure,
  );

const MACHINES: readonly Happening[] = [
  row('its container is killed', {
    weight: 12,
    roles: ANY,
    lasts: [15, 120],
    begin: ({ cluster }, member) => cluster.killContainer(member),
    end: ({ cluster }, member) => cluster.startContainer(member),
  }),
  row('its container is killed for good', {
    weight: 4,
    roles: ANY,
    begin: ({ cluster }, member) => cluster.killContainer(member),
  }),
  row('its container is stopped', {
    weight: 4,
    roles: ANY,
    lasts: [15, 90],
    begin: ({ cluster }, member) => cluster.stopContainer(member),
    end: ({ cluster }, member) => cluster.startContainer(member),
  }),
  row('its container is paused', {
    weight: 5,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => cluster.pauseContainer(member),
    end: ({ cluster }, member) => cluster.startContainer(member),
  }),
  row('its postmaster is killed', {
    weight: 5,
    roles: ANY,
    begin: ({ cluster }, member) => cluster.stopPostgres(member),
  }),
  row('its PostgreSQL is frozen', {
    weight: 4,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => cluster.freezePostgres(member),
    end: ({ cluster }, member) => cluster.thaw(member),
  }),
  row('its Patroni is frozen', {
    weight: 4,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => cluster.freezePatroni(member),
    end: ({ cluster }, member) => cluster.thaw(member),
  }),
  row('its Patroni is killed', {
    weight: 4,
    roles: ANY,
    lasts: [5, 90],
    begin: ({ cluster }, member) => cluster.killPatroni(member),
    end: ({ cluster }, member) => cluster.startPatroni(member),
  }),
];

const DATA: readonly Happening[] = [
  row('its data directory is destroyed', {
    weight: 4,
    roles: REPLICA,
    begin: ({ cluster }, member) => cluster.breakData(member),
  }),
  row('its data directory is destroyed while it leads', {
    weight: 1,
    roles: LEADER,
    begin: ({ cluster }, member) => cluster.breakData(member),
  }),
  row('the WAL that it needs is gone', {
    weight: 2,
    roles: REPLICA,
    begin: ({ cluster }, member) => cluster.walGap(member),
  }),
  row('pg_rewind will fail there', {
    weight: 2,
    roles: LEADER,
    begin: ({ cluster }, member) => cluster.breakRewind(member),
  }),
  row('it receives slowly', {
    weight: 4,
    roles: REPLICA,
    lasts: [20, 120],
    begin: ({ cluster }, member, figure) => cluster.lag(member, Math.round(figure * 20_000)),
    end: ({ cluster }, member) => cluster.healLag(member),
  }),
  row('its replay stands still', {
    weight: 3,
    roles: REPLICA,
    lasts: [20, 120],
    begin: ({ cluster }, member) => cluster.lag(member, 'stop-replay'),
    end: ({ cluster }, member) => cluster.healLag(member),
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
    begin: ({ cluster }, member) => cluster.refuseReplication(member),
    end: ({ cluster }, member) => cluster.refuseReplication(member, false),
  }),
  row('it is promoted by hand', {
    weight: 1,
    roles: REPLICA,
    begin: ({ cluster }, member) => cluster.roguePromote(member),
  }),
  row('its promotions fail', {
    weight: 2,
    roles: REPLICA,
    lasts: [30, 90],
    begin: ({ cluster }, member) => cluster.setPromotion(member, 'fails'),
    end: ({ cluster }, member) => cluster.setPromotion(member, 'works'),
  }),
  row('its promotions hang', {
    weight: 1,
    roles: REPLICA,
    lasts: [30, 90],
    begin: ({ cluster }, member) => cluster.setPromotion(member, 'hangs'),
    end: ({ cluster }, member) => cluster.setPromotion(member, 'works'),
  }),
];

const cutFrom = (kind: 'dcs' | 'peers' | 'proxy' | 'observer' | 'all', weight: number): Happening =>
  row(`it is cut off from ${kind === 'observer' ? 'the controllers' : kind}`, {
    weight,
    roles: ANY,
    lasts: [3, 90],
    begin: ({ cluster }, member) => cluster.partition(member, kind),
    end: ({ cluster }, member) => cluster.heal(member),
  });

const NETWORK: readonly Happening[] = [
  cutFrom('dcs', 5),
  cutFrom('peers', 4),
  cutFrom('proxy', 3),
  cutFrom('observer', 4),
  cutFrom('all', 4),
  row('the link to another member is cut', {
    weight: 5,
    roles: ANY,
    lasts: [5, 150],
    begin: (stage, member, figure) => stage.cluster.cutLink(member, otherThan(stage, member, figure)),
    end: (stage, member, figure) => stage.cluster.healLink(member, otherThan(stage, member, figure)),
  }),
  row('it can open no connection to another member', {
    weight: 3,
    roles: ANY,
    lasts: [5, 150],
    begin: (stage, member, figure) => stage.cluster.cutOneWay(member, otherThan(stage, member, figure)),
    end: (stage, member, figure) => stage.cluster.healLink(member, otherThan(stage, member, figure)),
  }),
  row('the proxy reaches only its REST API', {
    weight: 1,
    roles: ANY,
    lasts: [10, 60],
    begin: ({ cluster }, member) => cluster.cutOneWay('proxy', member, 'sql'),
    end: ({ cluster }, member) => cluster.healLink('proxy', member),
  }),
  row('its link to an etcd member is cut', {
    weight: 3,
    roles: ANY,
    lasts: [10, 120],
    begin: (stage, member, figure) => stage.cluster.cutLink(member, etcdOf(stage, figure)),
    end: (stage, member, figure) => stage.cluster.healLink(member, etcdOf(stage, figure)),
  }),
  row('its API is slow', {
    weight: 3,
    roles: ANY,
    lasts: [10, 90],
    begin: ({ cluster }, member, figure) => cluster.slowApi(member, 500 + Math.round(figure * 6000)),
    end: ({ cluster }, member) => cluster.slowApi(member, 0),
  }),
  row('its API answers nonsense', {
    weight: 2,
    roles: ANY,
    lasts: [10, 60],
    begin: ({ cluster }, member) => cluster.garbageApi(member),
    end: ({ cluster }, member) => cluster.garbageApi(member, false),
  }),
  row('the next request is executed, its answer lost', {
    weight: 2,
    roles: NOBODY,
    begin: ({ cluster }) => cluster.failSend('answer-lost'),
  }),
  row('the next request never arrives', {
    weight: 2,
    roles: NOBODY,
    begin: ({ cluster }) => cluster.failSend('never-arrives'),
  }),
];

const ETCD: readonly Happening[] = [
  row('an etcd member is killed', {
    weight: 4,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => stage.cluster.killEtcd(etcdOf(stage, figure)),
    end: (stage, _, figure) => stage.cluster.returnEtcd(etcdOf(stage, figure)),
  }),
  row('an etcd member hangs', {
    weight: 3,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => stage.cluster.hangEtcd(etcdOf(stage, figure)),
    end: (stage, _, figure) => stage.cluster.returnEtcd(etcdOf(stage, figure)),
  }),
  row('an etcd member is cut off from the others', {
    weight: 3,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => stage.cluster.isolateEtcd(etcdOf(stage, figure)),
    end: ({ cluster }) => cluster.healEtcd(),
  }),
  row('an etcd member is slow', {
    weight: 3,
    roles: NOBODY,
    lasts: [10, 120],
    begin: (stage, _, figure) => stage.cluster.slowEtcd(etcdOf(stage, figure), 100 + Math.round(figure * 3000)),
    end: (stage, _, figure) => stage.cluster.slowEtcd(etcdOf(stage, figure), 0),
  }),
  row('etcd loses its majority', {
    weight: 2,
    roles: NOBODY,
    lasts: [5, 90],
    begin: ({ cluster }) => cluster.stopEtcd(2),
    end: ({ cluster }) => cluster.startEtcd(),
  }),
  row('etcd is past its quota', {
    weight: 2,
    roles: NOBODY,
    lasts: [20, 120],
    begin: ({ cluster }) => cluster.sizeEtcd(cluster.options.etcdQuotaBytes),
    end: ({ cluster }) => {
      cluster.sizeEtcd(40_960);
      cluster.clearAlarms();
    },
  }),
  row('a host with an etcd member and a member is lost', {
    weight: 3,
    roles: NOBODY,
    lasts: [20, 150],
    begin: ({ cluster }, _, figure) => cluster.loseSite(pick(Object.keys(cluster.options.sites), figure)),
    end: ({ cluster }, _, figure) => cluster.returnSite(pick(Object.keys(cluster.options.sites), figure)),
  }),
  row('etcd elects', {
    weight: 3,
    benign: true,
    roles: NOBODY,
    begin: ({ cluster }) => cluster.electEtcd(),
  }),
];

const OPERATORS: readonly Happening[] = [
  row('the cluster is paused', {
    weight: 4,
    benign: true,
    roles: NOBODY,
    lasts: [10, 90],
    begin: ({ cluster }) => cluster.pause(),
    end: ({ cluster }) => cluster.resume(),
  }),
  row('a switchover', { weight: 4, benign: true, roles: NOBODY, begin: ({ cluster }) => cluster.switchover(null) }),
  row('a switchover to it', {
    weight: 3,
    benign: true,
    roles: REPLICA,
    begin: ({ cluster }, member) => cluster.switchover(member),
  }),
  row('a switchover is scheduled', {
    weight: 2,
    benign: true,
    roles: REPLICA,
    begin: ({ cluster }, member, figure) =>
      cluster.scheduleSwitchover(cluster.nowMs() + 10_000 + Math.round(figure * 50_000), member),
  }),
  row('it is restarted by hand', {
    weight: 4,
    benign: true,
    roles: ANY,
    begin: ({ cluster }, member) => byHand(cluster, member, '/restart'),
  }),
  row('it is reloaded by hand', {
    weight: 2,
    benign: true,
    roles: ANY,
    begin: ({ cluster }, member) => byHand(cluster, member, '/reload'),
  }),
  row('it is rebuilt by hand', {
    weight: 1,
    roles: REPLICA,
    begin: ({ cluster }, member) => byHand(cluster, member, '/reinitialize'),
  }),
  row('a restart of it is scheduled', {
    weight: 2,
    benign: true,
    roles: ANY,
    begin: ({ cluster }, member, figure) =>
      cluster.scheduleRestart(member, cluster.nowMs() + 5000 + Math.round(figure * 40_000)),
  }),
  row('it is drained by hand', {
    weight: 3,
    benign: true,
    roles: REPLICA,
    lasts: [20, 120],
    begin: ({ cluster }, member) => cluster.operatorDrain(member),
    end: ({ cluster }, member) => cluster.operatorUndrain(member),
  }),
  row('it is tagged nofailover', {
    weight: 2,
    roles: REPLICA,
    lasts: [30, 120],
    begin: ({ cluster }, member) => cluster.operatorTag(member, { nofailover: true }),
    end: ({ cluster }, member) => cluster.operatorTag(member, { nofailover: false }),
  }),
  row('its Patroni is upgraded', {
    weight: 1,
    benign: true,
    roles: REPLICA,
    begin: ({ cluster }, member) => cluster.upgradePatroni(member, '4.1.4'),
  }),
  row('a base backup is taken', {
    weight: 2,
    benign: true,
    roles: NOBODY,
    lasts: [20, 90],
    begin: ({ cluster }) => cluster.baseBackup(true),
    end: ({ cluster }) => cluster.baseBackup(false),
  }),
  row('clients write much', {
    weight: 2,
    benign: true,
    roles: NOBODY,
    lasts: [20, 90],
    begin: ({ cluster }, _, figure) => cluster.setLoad(1024 * 1024 + Math.round(figure * 30 * 1024 * 1024)),
    end: ({ cluster }) => cluster.setLoad(64 * 1024),
  }),
  row('somebody breaks the key config', { weight: 1, roles: NOBODY, begin: ({ cluster }) => cluster.breakConfig() }),
];

const BLIPS: readonly Happening[] = [
  row('a blip: it is cut off from all', {
    weight: 3,
    benign: true,
    roles: ANY,
    lasts: [0.3, 1.5],
    begin: ({ cluster }, member) => cluster.partition(member, 'all'),
    end: ({ cluster }, member) => cluster.heal(member),
  }),
  row('a blip: the controllers do not see it', {
    weight: 3,
    benign: true,
    roles: ANY,
    lasts: [0.3, 4],
    begin: ({ cluster }, member) => cluster.partition(member, 'observer'),
    end: ({ cluster }, member) => cluster.heal(member),
  }),
  row('its API is a little slow', {
    weight: 3,
    benign: true,
    roles: ANY,
    lasts: [5, 60],
    begin: ({ cluster }, member, figure) => cluster.slowApi(member, 100 + Math.round(figure * 900)),
    end: ({ cluster }, member) => cluster.slowApi(member, 0),
  }),
];

const first = ({ controllers }: Stage): string | null => controllers[0] ?? null;
const some = ({ controllers }: Stage, figure: number): string | null =>
  controllers.length === 0 ? null : pick(controllers, figure);

const onController = (
  what: string,
  weight: number,
  lasts: readonly [number, number],
  begin: (stage: Stage, controller: string, figure: number) => void,
  end: (stage: Stage, controller: string, figure: number) => void,
  benign = false,
): Happening =>
  row(what, {
    weight,
    benign,
    lasts,
    roles: NOBODY,
    begin: (stage, _, figure) => {
      const one = figure < 0.6 ? first(stage) : some(stage, figure);
      if (one !== null) begin(stage, one, figure);
    },
    end: (stage, _, figure) => {
      const one = figure < 0.6 ? first(stage) : some(stage, figure);
      if (one !== null) end(stage, one, figure);
    },
  });

const CONTROLLERS: readonly Happening[] = [
  onController(
    'a controller is killed',
    4,
    [1, 40],
    (stage, one) => stage.kill(one),
    (stage, one) => stage.start(one),
  ),
  onController(
    'a controller stands still',
    4,
    [1, 60],
    ({ cluster }, one) => cluster.suspendController(one),
    ({ cluster }, one) => cluster.thawController(one),
  ),
  onController(
    "a controller's clock is set",
    2,
    [10, 60],
    ({ cluster }, one, figure) => cluster.jumpClock(Math.round((figure - 0.5) * 600_000), one),
    ({ cluster }, one, figure) => cluster.jumpClock(-Math.round((figure - 0.5) * 600_000), one),
    true,
  ),
  onController(
    'a controller loses sight of a kind',
    3,
    [5, 60],
    ({ cluster }, one, figure) =>
      cluster.cutObserver(pick(['patroni', 'sql', 'dcs', 'proxy', 'host', 'all'] as const, (figure * 7) % 1), one),
    ({ cluster }, one) => cluster.healObserver(one),
  ),
];

/** Everything that can happen in a story. */
export const HAPPENINGS: readonly Happening[] = [
  ...MACHINES,
  ...DATA,
  ...NETWORK,
  ...ETCD,
  ...OPERATORS,
  ...BLIPS,
  ...CONTROLLERS,
];

export function happening(what: string): Happening {
  const found = HAPPENINGS.find((one) => one.what === what);
  if (found === undefined) throw new Error(`nothing is called "${what}" in the table of what can happen`);
  return found;
}
