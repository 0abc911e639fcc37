import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../src/actions/index.js';
import { recallMemory } from '../../src/kernel/recall.js';
import { isInFlight } from '../../src/model/ledger.js';
import type { Reply, Step } from '../../src/model/plan.js';
import { memoryJournal } from '../../src/simulator/memory-journal.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { doomed, type Doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { MB } from '../support/situations.js';
import { proxyOf, withProxies } from '../support/proxies.js';

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'] as const;
const SECONDS = 240;
/** Long enough for every fault to be healed, noticed, cleared, and for what is ours to be undone. */
const CALM_SECONDS = 300;
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 12);

interface Fault {
  readonly name: string;
  readonly begin: (cluster: SimulatedCluster) => void;
  readonly end: (cluster: SimulatedCluster) => void;
}

const nothing = (): void => undefined;
const start = (name: string) => (cluster: SimulatedCluster) => {
  cluster.startContainer(name);
};

const onMember = (name: string): readonly Fault[] => [
  {
    name: `lag ${name}`,
    begin: (c) => {
      c.setLoad(30 * MB);
      c.lag(name, 0);
    },
    end: (c) => {
      c.setLoad(64 * 1024);
      c.healLag(name);
    },
  },
  {
    name: `stop replay ${name}`,
    begin: (c) => {
      c.lag(name, 'stop-replay');
    },
    end: (c) => {
      c.healLag(name);
    },
  },
  {
    name: `block ${name}`,
    begin: (c) => {
      c.blockReplay(name, 'SELECT 1');
    },
    end: nothing,
  },
  {
    name: `block for good ${name}`,
    begin: (c) => {
      c.blockReplay(name, 'SELECT 2', { stubborn: true });
    },
    end: nothing,
  },
  {
    name: `break ${name}`,
    begin: (c) => {
      if (c.leader() !== name) c.breakData(name);
    },
    end: nothing,
  },
  {
    name: `crash ${name}`,
    begin: (c) => {
      c.stopPostgres(name);
    },
    end: nothing,
  },
  {
    name: `kill ${name}`,
    begin: (c) => {
      c.killContainer(name);
    },
    end: start(name),
  },
  {
    name: `stop ${name}`,
    begin: (c) => {
      c.stopContainer(name);
    },
    end: start(name),
  },
  {
    name: `pause container ${name}`,
    begin: (c) => {
      c.pauseContainer(name);
    },
    end: start(name),
  },
  {
    name: `freeze Patroni ${name}`,
    begin: (c) => {
      c.freezePatroni(name);
    },
    end: (c) => {
      c.thaw(name);
    },
  },
  {
    name: `freeze PostgreSQL ${name}`,
    begin: (c) => {
      c.freezePostgres(name);
    },
    end: (c) => {
      c.thaw(name);
    },
  },
  {
    name: `kill Patroni ${name}`,
    begin: (c) => {
      c.killPatroni(name);
    },
    end: (c) => {
      c.startPatroni(name);
    },
  },
  {
    name: `cut ${name} from peers`,
    begin: (c) => {
      c.partition(name, 'peers');
    },
    end: (c) => {
      c.heal(name);
    },
  },
  {
    name: `cut ${name} from us`,
    begin: (c) => {
      c.partition(name, 'observer');
    },
    end: (c) => {
      c.heal(name);
    },
  },
  {
    name: `cut ${name} from all`,
    begin: (c) => {
      c.partition(name, 'all');
    },
    end: (c) => {
      c.heal(name);
    },
  },
  {
    name: `slow API ${name}`,
    begin: (c) => {
      c.slowApi(name, 5_000);
    },
    end: (c) => {
      c.slowApi(name, 0);
    },
  },
  {
    name: `garbage ${name}`,
    begin: (c) => {
      c.garbageApi(name);
    },
    end: (c) => {
      c.garbageApi(name, false);
    },
  },
  {
    name: `lose WAL ${name}`,
    begin: (c) => {
      if (c.leader() !== name) c.walGap(name);
    },
    end: nothing,
  },
  {
    name: `switch over to ${name}`,
    begin: (c) => {
      c.switchover(name);
    },
    end: nothing,
  },
];

const onCluster: readonly Fault[] = [
  {
    name: 'lose one etcd',
    begin: (c) => {
      c.stopEtcd(1);
    },
    end: (c) => {
      c.startEtcd();
    },
  },
  {
    name: 'lose quorum',
    begin: (c) => {
      c.stopEtcd(2);
    },
    end: (c) => {
      c.startEtcd();
    },
  },
  {
    name: 'pause',
    begin: (c) => {
      c.pause();
    },
    end: (c) => {
      c.resume();
    },
  },
  {
    name: 'blind us to all',
    begin: (c) => {
      c.cutObserver('all');
    },
    end: (c) => {
      c.healObserver();
    },
  },
  {
    name: 'blind us to the proxy',
    begin: (c) => {
      c.cutObserver('proxy');
    },
    end: (c) => {
      c.healObserver();
    },
  },
  {
    name: 'blind us to etcd',
    begin: (c) => {
      c.cutObserver('dcs');
    },
    end: (c) => {
      c.healObserver();
    },
  },
  {
    name: 'jump our clock',
    begin: (c) => {
      c.jumpClock(90_000);
    },
    end: nothing,
  },
  {
    name: 'jump our clock back',
    begin: (c) => {
      c.jumpClock(-90_000);
    },
    end: nothing,
  },
  {
    name: 'lose an answer',
    begin: (c) => {
      c.failSend('answer-lost');
    },
    end: nothing,
  },
  {
    name: 'lose a request',
    begin: (c) => {
      c.failSend('never-arrives');
    },
    end: nothing,
  },
];

/** Half of what happens is what we have an answer to. */
const ANSWERED = /^(lag|block|block for good|break|stop|cut|lose WAL) patroni[23]( from peers)?$/;
const ALL: readonly Fault[] = [...MEMBERS.flatMap(onMember), ...onCluster];

interface Planned {
  readonly fault: Fault;
  readonly atSecond: number;
  readonly forSeconds: number;
}

const planned: fc.Arbitrary<Planned> = fc.record({
  fault: fc.oneof(fc.constantFrom(...ALL.filter((fault) => ANSWERED.test(fault.name))), fc.constantFrom(...ALL)),
  atSecond: fc.integer({ min: 12, max: SECONDS - 90 }),
  forSeconds: fc.integer({ min: 5, max: 200 }),
});

const history = fc
  .record({
    faults: fc.array(planned, { minLength: 1, maxLength: 5 }),
    // Our own process ends: between two passes, or right after its next so many effects on the outside.
    deaths: fc.array(
      fc.record({ second: fc.integer({ min: 10, max: SECONDS }), effects: fc.integer({ min: 0, max: 6 }) }),
      {
        maxLength: 3,
      },
    ),
    operatorDrains: fc.option(fc.constantFrom('patroni2', 'patroni3'), { freq: 3 }),
    seed: fc.integer({ min: 1, max: 1_000 }),
    old: fc.boolean(),
    leadership: fc.boolean(),
  })
  .map((story) => ({
    ...story,
    toString: () =>
      `${story.faults.map((row) => `${row.fault.name} at ${row.atSecond} for ${row.forSeconds}`).join(', ')}; deaths ${story.deaths.map((row) => `at ${row.second} after ${row.effects}`).join(', ')}; operator drains ${story.operatorDrains ?? 'nobody'}; seed ${story.seed}${story.old ? ', Patroni 3.0' : ''}${story.leadership ? ', leadership automatic' : ''}`,
  }));

const LEADERSHIP = ['expedite-failover', 'fence-member', 'proxy-nudge', 'open-traffic', 'failover'] as const;

/** Over all stories, so that the property is about something. */
let sent = 0;

const policyOf = (leadership: boolean) =>
  testPolicy(
    { poll: { intervalMs: 1_000, suspectIntervalMs: 1_000 }, limits: { ...testPolicy().limits, perHour: 40 } },
    {
      'undrain-replica': { attempts: 1_000 },
      'restart-member': { attempts: 2 },
      'reinitialize-replica': { timeoutMs: 60_000 },
      ...(leadership ? Object.fromEntries(LEADERSHIP.map((name) => [name, { mode: 'auto' as const }])) : {}),
    },
  );

interface Life {
  readonly ekimi: Rig;
  readonly doom: Doomed;
  isDead: boolean;
}
type PatroniStep = Extract<Step, { port: 'patroni' }>;
type HostStep = Extract<Step, { port: 'host' }>;
type ProxyStep = Extract<Step, { port: 'proxy' }>;

/** One story: the real controller through all of it, every request looked at as it leaves. Returns what must not have happened. */
async function tell(story: typeof history extends fc.Arbitrary<infer T> ? T : never): Promise<readonly string[]> {
  const wrong: string[] = [];
  const policy = policyOf(story.leadership);
  const cluster = createCluster({
    seed: story.seed,
    patroniVersion: story.old ? '3.0.2' : '4.1.4',
    deadlineMs: 500,
  });
  const journal = memoryJournal();
  const lastRebuild = new Map<string, number>();
  let operators: string | null = null;

  const serving = (except: string): number =>
    MEMBERS.filter((name) => name !== except && /^UP/.test(cluster.proxyStatus('postgres_replicas', name))).length;

  const look = (ekimi: Rig, step: Step): void => {
    const { ledger } = ekimi.session;
    const running = ledger.remediations.filter((row) => isInFlight(row) && ACTIONS[row.plan.action].disruptsTarget);
    if (running.length > 1) wrong.push(`${running.length} disruptive remediations are in flight at once`);
    if (step.port === 'patroni' && (step.path === '/reinitialize' || step.path === '/restart')) {
      if (cluster.leader() === step.member)
        wrong.push(`${step.path} sent to the holder of the leader key, ${step.member}`);
      if (cluster.primaries().includes(step.member)) wrong.push(`${step.path} sent to the primary ${step.member}`);
    }
    if (step.port === 'patroni' && step.path === '/reinitialize') {
      const before = lastRebuild.get(step.member) ?? -Infinity;
      if (cluster.nowMs() - before < policy.actions['reinitialize-replica'].cooldownMs)
        wrong.push(`${step.member} was reinitialized twice within its cool-down`);
      lastRebuild.set(step.member, cluster.nowMs());
    }
    if (
      step.port === 'dcs' &&
      step.call === 'delete-leader-key' &&
      cluster.inspect(step.holder).host.state !== 'stopped'
    )
      wrong.push(`the leader key of ${step.holder} would be deleted although its container is not stopped`);
    if (step.port === 'host' && step.verb === 'kill') {
      const { patroni } = cluster.inspect(step.target.name);
      const isFrozen = patroni.frozen || patroni.process !== 'up' || patroni.apiSlowMs > 0;
      if (cluster.leader() === step.target.name && !isFrozen)
        wrong.push(`the leader ${step.target.name} would be killed although its Patroni runs`);
    }
    if (step.port !== 'proxy') return;
    const drained = /postgres_replicas\/(\S+) state drain/.exec(step.command)?.[1];
    if (drained !== undefined && serving(drained) === 0)
      wrong.push(`the drain of ${drained} would empty the read pool`);
    const undrained = /postgres_replicas\/(\S+) state ready/.exec(step.command)?.[1];
    if (undrained !== undefined && undrained === operators)
      wrong.push(`the operator's drain of ${undrained} was undone`);
  };

  /** A new process on the same cluster, ledger and journal. */
  const begin = async (): Promise<Life> => {
    const doom = doomed();
    const ekimi: Rig = rig({
      cluster,
      journal,
      policy,
      memory: await recallMemory(journal, cluster.options.scope, cluster.nowMs()),
      dead: doom.dead,
      wrapJournal: doom.wrapJournal,
      wrap: (ports) => {
        const { patroni, host, dcs } = ports;
        const looking =
          <S extends Step>(send: (step: S) => Promise<Reply>) =>
          (step: S): Promise<Reply> => {
            look(ekimi, step);
            return send(step);
          };
        return doom.wrap({
          ...ports,
          dcs: {
            ...dcs,
            send: (step, grant) => {
              look(ekimi, step);
              return dcs.send(step, grant);
            },
          },
          host: host === null ? null : { ...host, send: looking((step: HostStep) => host.send(step)) },
          patroni: { ...patroni, send: looking((step: PatroniStep) => patroni.send(step)) },
          ...withProxies({ proxies: ports.proxies }, (proxy) => ({
            ...proxy,
            send: looking((step: ProxyStep) => proxy.send(step)),
          })),
        });
      },
    });
    const life: Life = { ekimi, doom, isDead: false };
    void doom.dead.then(() => {
      life.isDead = true;
    });
    return life;
  };

  let life = await begin();
  const beganMs = cluster.nowMs();
  for (const { fault, atSecond, forSeconds } of story.faults) {
    cluster.at(beganMs + atSecond * 1000, () => {
      fault.begin(cluster);
    });
    cluster.at(beganMs + Math.min(atSecond + forSeconds, SECONDS) * 1000, () => {
      fault.end(cluster);
    });
  }
  const deaths = [...story.deaths].sort((a, b) => a.second - b.second);
  while (cluster.nowMs() < beganMs + (SECONDS + CALM_SECONDS) * 1000) {
    const second = Math.floor((cluster.nowMs() - beganMs) / 1000);
    if (second >= 8 && story.operatorDrains !== null && operators === null) {
      operators = story.operatorDrains;
      cluster.operatorDrain(operators);
    }
    const death = deaths[0];
    if (death !== undefined && second >= death.second) {
      deaths.shift();
      if (death.effects === 0) life = await begin();
      else life.doom.arm(death.effects);
    }
    if (life.isDead) life = await begin();
    await life.ekimi.pass();
    if (life.ekimi.session.decisions.filter((row) => row.kind === 'act').length > 1) wrong.push('two acts in one pass');
    cluster.advance(1_000);
  }

  // What is still sick (a storm wants a person) stays out; what is well must be back, at the latest a minute from now.
  const { ekimi } = life;
  const isWell = (name: string): boolean => ekimi.session.states.members[name]?.state === 'healthy';
  const well = MEMBERS.filter(isWell);
  await ekimi.run(60);
  const ours = ekimi.session.ledger.drains.map((drain) => drain.member);
  for (const name of ours)
    if (well.some((member) => member === name) && isWell(name)) wrong.push(`our drain of ${name} was never undone`);
  const view = await proxyOf(cluster.ports()).view();
  const left = (view.kind === 'fresh' ? view.value.servers : [])
    .filter((row) => row.admin.drain)
    .map((row) => row.server);
  for (const name of left)
    if (name !== operators && !ours.includes(name)) wrong.push(`${name} is left in a drain that nobody owns`);
  if (operators !== null && !left.includes(operators)) wrong.push(`the operator's drain of ${operators} is gone`);
  sent += cluster.requests.length;
  return wrong;
}

describe('whatever happens to the cluster, to the network and to ourselves', () => {
  it('one disruptive request at a time, never to the primary, never twice; the pool is never emptied, ours is undone, theirs is left', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (story) => {
        expect(await tell(story)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(sent).toBeGreaterThan(RUNS);
  }, 600_000);
});
