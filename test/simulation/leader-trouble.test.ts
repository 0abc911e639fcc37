import { describe, expect, it } from 'vitest';
import { memberName } from '../../src/model/names.js';
import { createCluster } from '../../src/simulator/world.js';
import { type Rig } from '../support/simulated.js';
import { pagesOf, problemsOf, watching } from '../support/situations.js';

const textOf = (ekimi: Rig, code: string): string =>
  ekimi.session.states.problems
    .filter((problem) => problem.code === code)
    .flatMap((problem) => problem.evidence.map((item) => item.text))
    .join('; ');

describe('a leader that holds its key and does not serve', () => {
  it('[N2] whose PostgreSQL hangs is named within 15 s and paged once, and nothing is sent', async () => {
    const ekimi = await watching();
    ekimi.cluster.freezePostgres('patroni1');
    await ekimi.run(15);
    expect(problemsOf(ekimi)).toContain('leader-hung/patroni1');
    expect(pagesOf(ekimi)).toEqual(['leader-hung/patroni1']);
    expect(ekimi.session.states.cluster.state).toBe('leader-not-serving');
    const text = textOf(ekimi, 'leader-hung');
    expect(text).toContain('Patroni neither restarts what hangs nor gives the key up');
    expect(text).toMatch(/nobody takes writes since \d\d:\d\d:\d\dZ/);
    expect(text).toMatch(
      /stop the container or host of patroni1 to let Patroni elect another: next would be patroni[23]/,
    );
    await ekimi.run(600);
    expect(pagesOf(ekimi).filter((page) => page === 'leader-hung/patroni1')).toHaveLength(1);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[N2] whose PostgreSQL does not start is told with the end of primary_start_timeout', async () => {
    const ekimi = await watching({ cluster: createCluster({ primaryStartTimeoutMs: 120_000 }) });
    ekimi.cluster.breakData('patroni1');
    await ekimi.run(16);
    expect(pagesOf(ekimi)).toContain('leader-not-serving/patroni1');
    expect(textOf(ekimi, 'leader-not-serving')).toMatch(
      /keeps the key until \d\d:\d\d:\d\dZ \(primary_start_timeout, 120 s\); then another member may lead/,
    );
    await ekimi.run(180);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    expect(problemsOf(ekimi)).not.toContain('leader-not-serving/patroni1');
    expect(ekimi.session.states.cluster.state).not.toBe('failing-over');
  });

  it('[N2] that hangs is named as soon where Patroni gives the key up at once (primary_start_timeout 0)', async () => {
    const ekimi = await watching({
      cluster: createCluster({ primaryStartTimeoutMs: 0, members: ['patroni1', 'patroni2'] }),
    });
    ekimi.cluster.freezePostgres('patroni1');
    await ekimi.run(12);
    expect(problemsOf(ekimi)).toContain('leader-hung/patroni1');
  });

  it.each<[string, (ekimi: Rig) => void]>([
    [
      'a postmaster that died once and is started again',
      ({ cluster }) => {
        cluster.stopPostgres('patroni1');
      },
    ],
    [
      'a switchover',
      ({ cluster }) => {
        cluster.switchover('patroni2');
      },
    ],
    [
      'a leader whose container was killed, and its successor',
      ({ cluster }) => {
        cluster.killContainer('patroni1');
      },
    ],
    [
      'a PostgreSQL that hung for five seconds',
      ({ cluster }) => {
        cluster.freezePostgres('patroni1');
        cluster.at(cluster.nowMs() + 5_000, () => {
          cluster.thaw('patroni1');
        });
      },
    ],
  ])('[N2] is not said of %s', async (_name, trouble) => {
    const ekimi = await watching();
    trouble(ekimi);
    await ekimi.run(60);
    expect(pagesOf(ekimi).filter((page) => /^leader-(not-serving|flapping|api-silent)/.test(page))).toEqual([]);
  });
});

describe('a leader that comes and goes within its ttl', () => {
  async function flapping(ekimi: Rig, times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      ekimi.cluster.freezePostgres('patroni1');
      await ekimi.run(5);
      ekimi.cluster.thaw('patroni1');
      await ekimi.run(5);
    }
  }

  it('[P12, N2] six times in a minute is paged once, with the seconds without a writer', async () => {
    const ekimi = await watching();
    await flapping(ekimi, 6);
    expect(pagesOf(ekimi)).toEqual(['leader-flapping/patroni1']);
    expect(textOf(ekimi, 'leader-flapping')).toMatch(/6 times since .*; (2[5-9]|3\d) s without a writer in all/);
    await ekimi.run(700);
    expect(problemsOf(ekimi)).toEqual([]);
  });

  it('[N2, P12] a postmaster that dies again and again is a crash loop of the leader', async () => {
    const ekimi = await watching();
    for (let time = 0; time < 4; time += 1) {
      ekimi.cluster.stopPostgres('patroni1');
      await ekimi.run(40);
    }
    expect(pagesOf(ekimi)).toContain('leader-flapping/patroni1');
  });

  it('[P12] three restarts of the leader by an operator are no crash loop', async () => {
    const ekimi = await watching();
    for (let time = 0; time < 4; time += 1) {
      // Not awaited: it blocks until PostgreSQL is up again.
      void ekimi.cluster.ports().patroni.send({
        port: 'patroni',
        member: memberName('patroni1'),
        method: 'POST',
        path: '/restart',
        body: {},
        timeoutMs: 60_000,
      });
      await ekimi.run(40);
    }
    expect(ekimi.session.states.memory.leadership?.episodes).toEqual([]);
    expect(pagesOf(ekimi)).toEqual([]);
  });

  it('[P12] twice is no page, and neither are three switchovers', async () => {
    const ekimi = await watching();
    await flapping(ekimi, 2);
    expect(pagesOf(ekimi)).toEqual([]);
    for (const next of ['patroni2', 'patroni1']) {
      ekimi.cluster.switchover(next);
      await ekimi.run(60);
    }
    expect(pagesOf(ekimi).filter((page) => page.startsWith('leader-flapping'))).toEqual([]);
  });
});

describe('a leader whose API is silent', () => {
  it('[S3] and whose lease is renewed is not frozen: told with its route, and nothing is sent', async () => {
    const ekimi = await watching();
    ekimi.cluster.slowApi('patroni1', 60_000);
    await ekimi.run(30);
    expect(pagesOf(ekimi)).toContain('leader-api-silent/patroni1');
    expect(textOf(ekimi, 'leader-api-silent')).toContain('Patroni of patroni1 lives');
    await ekimi.run(600);
    expect(pagesOf(ekimi).filter((page) => /leader-(frozen|down)/.test(page))).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    ekimi.cluster.slowApi('patroni1', 0);
    await ekimi.run(30);
    expect(problemsOf(ekimi)).toEqual([]);
  });

  it('[S3] and whose lease is not renewed is fenced as before', async () => {
    const ekimi = await watching();
    ekimi.cluster.freezePatroni('patroni1');
    await ekimi.run(25);
    expect(ekimi.requests().join('\n')).toMatch(/host stop patroni1|host kill patroni1/);
    expect(pagesOf(ekimi)).not.toContain('leader-api-silent/patroni1');
  });

  it('[S3, S4] and whose PostgreSQL is silent to us alone: its lease is renewed and its replicas hear it, so it is not down', async () => {
    const ekimi = await watching();
    ekimi.cluster.partition('patroni1', 'observer');
    await ekimi.run(600);
    expect(pagesOf(ekimi).filter((page) => /leader-(frozen|down|not-serving)/.test(page))).toEqual([]);
    expect(problemsOf(ekimi)).toContain('leader-api-silent/patroni1');
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a member that the configuration lacks', () => {
  const members = ['patroni1', 'patroni2', 'patroni3'];
  const four = () => createCluster({ members: [...members, 'patroni4'] });

  it('[N3] is a warning without a page while it follows', async () => {
    const ekimi = await watching({ cluster: four(), members });
    await ekimi.run(60);
    expect(problemsOf(ekimi)).toContain('member-not-configured/patroni4');
    expect(pagesOf(ekimi)).toEqual([]);
  });

  it('[N3] that leads is critical and paged, and stays so while etcd is away', async () => {
    const ekimi = await watching({ cluster: four(), members });
    ekimi.cluster.switchover('patroni4');
    await ekimi.run(60);
    expect(ekimi.cluster.leader()).toBe('patroni4');
    expect(pagesOf(ekimi)).toContain('member-not-configured/patroni4');
    expect(ekimi.session.states.problems.find(({ code }) => code === 'member-not-configured')?.level).toBe('critical');
    ekimi.cluster.cutObserver('dcs');
    await ekimi.run(30);
    expect(problemsOf(ekimi)).toContain('member-not-configured/patroni4');
    expect(pagesOf(ekimi).filter((page) => page === 'member-not-configured/patroni4')).toHaveLength(1);
    expect(ekimi.requests()).toEqual([]);
  });
});
