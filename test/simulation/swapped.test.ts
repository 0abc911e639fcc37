import { describe, expect, it } from 'vitest';
import { doctorFindings } from '../../src/controller/doctor.js';
import { snapshotOf } from '../../src/controller/snapshot.js';
import { memberName } from '../../src/model/names.js';
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
