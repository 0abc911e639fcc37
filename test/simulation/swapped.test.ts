import { describe, expect, it } from 'vitest';
import { doctorFindings } from '../../src/app/doctor.js';
import { snapshotOf } from '../../src/kernel/snapshot.js';
import { memberName } from '../../src/model/names.js';
import { fresh } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig } from '../support/simulated.js';
import { lagEmergency } from '../support/situations.js';

const OTHER: Readonly<Record<string, string>> = { patroni2: 'patroni3', patroni3: 'patroni2' };
const at = (name: string) => memberName(OTHER[name] ?? name);

/** The addresses of two replicas are swapped in the configuration, of API and SQL alike. */
const swapped = ({ patroni, postgres, ...ports }: Ports): Ports => ({
  ...ports,
  patroni: {
    ...patroni,
    status: (name, atMostMs) => patroni.status(at(name), atMostMs),
    cluster: (name) => patroni.cluster(at(name)),
    metrics: (name) => patroni.metrics(at(name)),
  },
  postgres: postgres === null ? null : { ...postgres, status: (name) => postgres.status(at(name)) },
});

describe('one name that leads to the address of another member', () => {
  const place = (host: string, port: number) => ({ host, port, isDeclared: false });
  /** Ours of patroni2 is a name; what the simulated etcd has are the names of the members. */
  const named = (resolves: Readonly<Record<string, readonly string[]>>, asked: string[] = []) =>
    rig({
      addresses: { patroni2: { api: place('two.example', 8008), sql: place('two.example', 5432) } },
      wrap: (ports) => ({
        ...ports,
        names: {
          resolve: (hosts) => {
            asked.push(hosts.join(' '));
            return Promise.resolve(fresh(resolves, ports.clock.now(), 'names'));
          },
        },
      }),
    });
  const ALL = { patroni1: ['10.0.0.1'], patroni2: ['10.0.0.2'], patroni3: ['10.0.0.3'] };

  it('[W2] is told and holds what would be sent', async () => {
    const ekimi = named({ ...ALL, 'two.example': ['10.0.0.3'] });
    await ekimi.run(20);
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    const problem = ekimi.session.states.problems.find(({ code }) => code === 'scope-mismatch');
    expect(problem?.subject).toBe('patroni2');
    expect(problem?.evidence[0]?.text).toMatch(
      /etcd has two\.example:\d+ as the address of patroni3 \(patroni3:\d+\), not of patroni2/,
    );
  });

  it.each<[string, Readonly<Record<string, readonly string[]>>]>([
    ['its own', { ...ALL, 'two.example': ['10.0.0.2'] }],
    ['nobody that is known here', ALL],
    ['no address: the resolver is away', {}],
  ])('[W2] is no mismatch where it leads to %s', async (_what, resolves) => {
    const asked: string[] = [];
    const ekimi = named(resolves, asked);
    await ekimi.run(20);
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toContain('haproxy> set server postgres_replicas/patroni3 state drain');
    expect(asked[0]).toBe('patroni1 patroni2 patroni3 two.example');
    // Each half minute while something is suspected, and never in every pass.
    expect(asked.length).toBeLessThan(6);
  });
});

describe.each(['3.0.2', '4.1.4'])('swapped addresses, Patroni %s, and one of the two lags', (patroniVersion) => {
  it('[W2] nothing is sent, the mismatch is told and the doctor fails', async () => {
    const ekimi = rig({ cluster: createCluster({ patroniVersion }), wrap: swapped });
    await ekimi.run(20);
    lagEmergency(ekimi);
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    const codes = ekimi.session.states.problems.map(({ code, subject }) => `${code}/${subject}`);
    expect(codes).toEqual(expect.arrayContaining(['scope-mismatch/patroni2', 'scope-mismatch/patroni3']));
    const rows = doctorFindings(snapshotOf(ekimi.session), ekimi.session.policy);
    expect(rows.find(({ check }) => check === 'system identifier')?.verdict).toBe('fail');
  });

  it('[W2] and with the right ones the laggard is drained', async () => {
    const ekimi = rig({ cluster: createCluster({ patroniVersion }) });
    await ekimi.run(20);
    lagEmergency(ekimi);
    await ekimi.run(120);
    expect(ekimi.requests()).toContain('haproxy> set server postgres_replicas/patroni3 state drain');
  });
});
