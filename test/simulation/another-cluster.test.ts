import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import type { Ports } from '../../src/observe/ports.js';
import type { Reading } from '../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, MB } from '../support/situations.js';

const STAGING = '99';
const policy = testPolicy({}, { 'restart-member': { mode: 'off' } });

/** The same scope, the same member names, other data: one address of ours leads there. */
interface Staging {
  readonly cluster: SimulatedCluster;
  readonly wrap: (ports: Ports) => Ports;
  lead: readonly ('api' | 'sql')[];
}

function staging(ours: SimulatedCluster): Staging {
  const cluster = createCluster({ seed: 9 });
  const theirs = cluster.ports();
  const now = <T>(port: T): T => {
    cluster.advance(Math.max(0, ours.nowMs() - cluster.nowMs()));
    return port;
  };
  const marked = async <T>(reading: Promise<Reading<T>>): Promise<Reading<T>> => {
    const read = await reading;
    return read.kind === 'unknown' ? read : { ...read, value: { ...read.value, systemIdentifier: STAGING } };
  };
  const there: Staging = {
    cluster,
    lead: [],
    wrap: (ports) => {
      const leads = (member: string, channel: 'api' | 'sql'): boolean =>
        member === 'patroni2' && there.lead.includes(channel);
      const patroni = (member: string) => (leads(member, 'api') ? now(theirs.patroni) : ports.patroni);
      const { postgres } = ports;
      return {
        ...ports,
        patroni: {
          ...ports.patroni,
          status: (member) =>
            leads(member, 'api') ? marked(now(theirs.patroni).status(member)) : ports.patroni.status(member),
          cluster: (member) => patroni(member).cluster(member),
          config: (member) => patroni(member).config(member),
          history: (member) => patroni(member).history(member),
          metrics: (member) => patroni(member).metrics(member),
          replicaCheck: (member) => patroni(member).replicaCheck(member),
          send: (step) => patroni(step.member).send(step),
        },
        postgres:
          postgres === null
            ? null
            : {
                ...postgres,
                status: (member) =>
                  leads(member, 'sql') ? marked(now(theirs.postgres).status(member)) : postgres.status(member),
                send: (step) => (leads(step.member, 'sql') ? now(theirs.postgres) : postgres).send(step),
              },
      };
    },
  };
  return there;
}

async function running(
  options: { drain?: readonly ('proxy' | 'tag')[] } = {},
): Promise<{ ekimi: Rig; other: Staging }> {
  const cluster = createCluster({ seed: 3 });
  const other = staging(cluster);
  const drain = { actuators: options.drain ?? ['proxy' as const], shutdownSessions: false };
  const ekimi = rig({ policy: { ...policy, drain }, cluster, wrap: other.wrap });
  await ekimi.run(75);
  return { ekimi, other };
}

const told = (ekimi: Rig): string => ekimi.why().join('\n');

describe('an address that was left pointing at another cluster of the same names', () => {
  it.each<[string, readonly ('api' | 'sql')[]]>([
    ['by the API alone', ['api']],
    ['by API and SQL', ['api', 'sql']],
  ])('%s: its broken replica is not rebuilt, neither there nor here', async (_how, lead) => {
    const { ekimi: before, other } = await running();
    other.cluster.breakData('patroni2');
    other.lead = lead;
    const { cluster, journal } = before;
    const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
    const ekimi = rig({ policy, cluster, journal, memory, owner: 'next', wrap: other.wrap });
    await ekimi.run(300);
    expect(other.cluster.requests).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.find((page) => page.code === 'scope-mismatch')?.text).toMatch(
      /patroni2 \/patroni: system identifier 99, etcd's \/initialize says \d+: another cluster; correct patroni\.members for patroni2/,
    );
  });

  it('by SQL: its sessions are not cancelled, whatever they block', async () => {
    const { ekimi, other } = await running();
    other.cluster.blockReplay('patroni2', 'SELECT * FROM staging', { forMs: 60_000 });
    other.cluster.setLoad(30 * MB);
    other.lead = ['sql'];
    await ekimi.run(120);
    expect(other.cluster.requests).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('scope-mismatch');
    expect(ekimi.session.view?.members[1]?.sql).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
  });

  it('holds everything else in the scope too, until it is right again', async () => {
    const { ekimi, other } = await running();
    other.lead = ['sql'];
    ekimi.cluster.setLoad(30 * MB);
    ekimi.cluster.lag('patroni3', 0);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(told(ekimi)).toContain('channels: ');
    expect(told(ekimi)).toContain('system identifier 99');
    other.lead = [];
    // Two members in critical trouble at once were a storm, which has its own time to pass.
    await ekimi.run(90);
    expect(ekimi.requests()[0]).toBe(DRAIN);
  });

  it('found in the look before the request: nothing is sent', async () => {
    const { ekimi, other } = await running();
    let looks = 0;
    const { postgres } = ekimi.session.parts.ports;
    if (postgres === null) throw new Error('no postgres');
    const status = postgres.status.bind(postgres);
    // The pass decides on the right address; the look just before the request meets the wrong one.
    Object.assign(postgres, {
      status: (member: string) => {
        if (member === 'patroni1') looks += 1;
        other.lead = looks === 2 ? ['sql'] : [];
        return status(member as never);
      },
    });
    ekimi.cluster.setLoad(30 * MB);
    ekimi.cluster.lag('patroni3', 0);
    for (let pass = 0; pass < 40; pass += 1) {
      looks = 0;
      await ekimi.pass();
      ekimi.cluster.advance(500);
    }
    expect(ekimi.entries('pass').flatMap(({ body }) => body.decisions.map(({ kind }) => kind))).toContain('act');
    expect(ekimi.requests()).toEqual([]);
  });

  it('found between two steps: the second is not sent', async () => {
    const { ekimi, other } = await running({ drain: ['tag'] });
    const { tags } = ekimi.session.parts.ports;
    if (tags === null) throw new Error('no tags');
    const write = tags.write.bind(tags);
    Object.assign(tags, {
      write: async (step: Parameters<typeof write>[0]) => {
        const reply = await write(step);
        other.lead = ['api'];
        return reply;
      },
    });
    ekimi.cluster.setLoad(30 * MB);
    ekimi.cluster.lag('patroni2', 0);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual(["set tags.noloadbalance = true in patroni2's own patroni.yml"]);
    expect(other.cluster.requests).toEqual([]);
  });
});

describe('a cluster that was bootstrapped anew under its old name', () => {
  it('does not rebuild the member that kept the data of the old one', async () => {
    const cluster = createCluster({ seed: 3 });
    let anew = false;
    const marked = async <T>(reading: Promise<Reading<T>>, isNew: boolean): Promise<Reading<T>> => {
      const read = await reading;
      return read.kind === 'unknown' || !isNew ? read : { ...read, value: { ...read.value, systemIdentifier: '99' } };
    };
    const wrap = (ports: Ports): Ports => ({
      ...ports,
      dcs: { ...ports.dcs, keys: (all) => marked(ports.dcs.keys(all), anew) },
      patroni: {
        ...ports.patroni,
        status: (member, atMostMs) => marked(ports.patroni.status(member, atMostMs), anew && member !== 'patroni2'),
      },
      postgres:
        ports.postgres === null
          ? null
          : {
              ...ports.postgres,
              status: (member) =>
                marked(
                  ports.postgres?.status(member) ?? Promise.reject(new Error('gone')),
                  anew && member !== 'patroni2',
                ),
            },
    });
    const ekimi = rig({ policy, cluster, wrap });
    await ekimi.run(75);
    anew = true;
    cluster.breakData('patroni2');
    await ekimi.run(300);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.memory).toMatchObject({ systemIdentifier: '99' });
    expect(ekimi.session.states.memory.positions).not.toHaveProperty('patroni2');
    expect(ekimi.notifier.pages.map((page) => page.text).join()).toContain('bootstrapped anew');
  });
});
