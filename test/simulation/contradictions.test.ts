import { describe, expect, it } from 'vitest';
import type { PatroniStatus } from '../../src/model/patroni.js';
import type { SqlStatus } from '../../src/model/sql.js';
import type { Ports } from '../../src/observe/ports.js';
import { rig, type Rig } from '../support/simulated.js';

const told = (ekimi: Rig) =>
  ekimi.session.states.problems
    .filter(({ code, phase }) => code === 'channels-contradict' && phase === 'active')
    .map(({ subject }) => subject);

/** What answers at the addresses of patroni3 says something else of itself than it does. */
const saying =
  (how: { readonly on: boolean }, api: Partial<PatroniStatus>, sql: Partial<SqlStatus>) =>
  ({ patroni, postgres, ...ports }: Ports): Ports => ({
    ...ports,
    patroni: {
      ...patroni,
      status: async (name, atMostMs) => {
        const reading = await patroni.status(name, atMostMs);
        if (!how.on || name !== 'patroni3' || reading.kind !== 'fresh') return reading;
        return { ...reading, value: { ...reading.value, ...api } };
      },
    },
    postgres: postgres && {
      ...postgres,
      status: async (name) => {
        const reading = await postgres.status(name);
        if (!how.on || name !== 'patroni3' || reading.kind !== 'fresh') return reading;
        return { ...reading, value: { ...reading.value, ...sql } };
      },
    },
  });

describe('[O12] others say of a member what it does not say of itself', () => {
  it.each<[string, Partial<PatroniStatus>, Partial<SqlStatus>, RegExp]>([
    [
      'its key runs, and its API has stopped',
      { state: 'stopped', stateText: 'stopped' },
      {},
      /its key in etcd says that patroni3 is replica, running; the API of patroni3 says replica, stopped/,
    ],
    [
      'the leader sends it WAL, and it has no receiver',
      {},
      { walReceiver: null },
      /patroni3 is among those .* send WAL to; PostgreSQL on patroni3 has no WAL receiver/,
    ],
  ])('%s: told once it has lasted for a lease and a loop, and not before', async (_what, api, sql, text) => {
    const how = { on: false };
    const ekimi = rig({ wrap: saying(how, api, sql) });
    await ekimi.run(20);
    how.on = true;
    await ekimi.run(25);
    expect(told(ekimi)).toEqual([]);
    await ekimi.run(30);
    expect(told(ekimi)).toEqual(['patroni3']);
    const problem = ekimi.session.states.problems.find(({ code }) => code === 'channels-contradict');
    expect(problem?.evidence.map((row) => row.text).join('; ')).toMatch(text);
    how.on = false;
    await ekimi.run(40);
    expect(told(ekimi)).toEqual([]);
  });

  it('a second apart is no contradiction: a crash, a restart and a change of leader are read half before', async () => {
    const ekimi = rig();
    const seen = new Set<string>();
    const watch = async (seconds: number) => {
      for (let passed = 0; passed < seconds; passed += 5) {
        await ekimi.run(5);
        for (const subject of told(ekimi)) seen.add(subject);
      }
    };
    await watch(20);
    ekimi.cluster.stopPostgres('patroni3');
    await watch(60);
    ekimi.cluster.killContainer('patroni1');
    await watch(90);
    ekimi.cluster.startContainer('patroni1');
    await watch(60);
    expect([...seen]).toEqual([]);
  });
});
