import { describe, expect, it } from 'vitest';
import { liftSwitch, throwSwitch } from '../../src/kernel/commands.js';
import type { KillSwitch } from '../../src/model/ledger.js';
import type { Change } from '../../src/model/snapshot.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { changeLedger, rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';

const night: KillSwitch = { subject: 'cluster', owner: 'dba', reason: 'disk swap', sinceMs: 0, expiresAtMs: null };

interface Pair {
  readonly cluster: SimulatedCluster;
  readonly holder: Rig;
  readonly other: Rig;
  /** Both pass, in turn, once a second. */
  readonly run: (seconds: number) => Promise<void>;
}

/** Two controllers on one cluster; the first took tenure. */
async function pair(): Promise<Pair> {
  const cluster = createCluster();
  const policy = testPolicy({ poll: { intervalMs: 1000, suspectIntervalMs: 1000 } });
  const holder = rig({ cluster, policy, owner: 'one' });
  const other = rig({ cluster, policy, owner: 'two' });
  const run = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await holder.pass();
      await other.pass();
      cluster.advance(1000);
    }
  };
  await run(15);
  expect(other.session.parts.tenure.facts()).toMatchObject({ state: 'other', owner: 'one' });
  return { cluster, holder, other, run };
}

/** The command is answered between two passes of that instance. */
async function said({ session, pass }: Rig, command: (of: Rig['session']) => Promise<Change>): Promise<Change> {
  const answer = command(session);
  await pass();
  return answer;
}

const pause = (at: Rig, killSwitch = night) => said(at, (session) => throwSwitch(session, killSwitch, 'dba'));
const resume = (at: Rig, subject = 'cluster') => said(at, (session) => liftSwitch(session, subject, 'dba'));
const switches = ({ session }: Rig): readonly string[] => session.seenSwitches?.map((row) => row.subject) ?? [];

describe('a kill switch thrown at the instance without tenure', () => {
  it('holds the one that acts, is in the journals of both, and is lifted from either', async () => {
    const both = await pair();
    const { cluster, holder, other, run } = both;
    expect(await pause(other)).toEqual({ ok: true, text: 'Ekimi is paused for this cluster' });
    lagEmergency(holder);
    await run(60);
    expect(cluster.requests).toEqual([]);
    expect(holder.why()).toContain(
      'kill-switch: dba switched off cluster: disk swap -> ekimi resume --subject cluster',
    );
    expect(other.why().join()).toContain('kill-switch: dba switched off cluster');
    for (const one of [holder, other])
      expect(one.entries('switch').map(({ body }) => [body.change, body.by])).toEqual([['on', 'dba']]);

    expect(await resume(holder)).toEqual({ ok: true, text: 'Ekimi is no longer paused for this cluster' });
    await run(30);
    expect(cluster.requests.map((row) => row.text)).toEqual([DRAIN]);
    expect(other.entries('switch').map(({ body }) => [body.change, body.by])).toEqual([
      ['on', 'dba'],
      ['off', 'another instance'],
    ]);
  });

  it('gives the rights back with a grace where it was not lifted', async () => {
    const { holder, other, run } = await pair();
    await pause(other);
    await run(5);
    await resume(other);
    await holder.pass();
    expect(holder.session.states.memory).toMatchObject({ graceReason: 'cluster was resumed' });
    expect(holder.session.states.memory.cleanPasses).toBeLessThan(2);
  });

  it('outlives both: a third instance that takes over is held by it too', async () => {
    const { cluster, other } = await pair();
    await pause(other);
    const third = rig({ cluster, owner: 'three' });
    await third.run(40);
    expect(third.session.parts.tenure.facts().state).toBe('held');
    lagEmergency(third);
    await third.run(40);
    expect(cluster.requests).toEqual([]);
  });

  it('is over at its end, for everybody', async () => {
    const { cluster, holder, other, run } = await pair();
    await pause(other, { ...night, expiresAtMs: other.session.parts.ports.clock.now() + 60_000 });
    lagEmergency(holder);
    await run(55);
    expect(cluster.requests).toEqual([]);
    await run(30);
    expect(cluster.requests.map((row) => row.text)).toEqual([DRAIN]);
  });

  it('twice with different ends holds until the later one', async () => {
    const { cluster, holder, other, run } = await pair();
    await pause(other);
    await pause(holder, { ...night, owner: 'other dba', expiresAtMs: holder.session.parts.ports.clock.now() + 10_000 });
    lagEmergency(holder);
    await run(60);
    expect(cluster.requests).toEqual([]);
    expect(await resume(other)).toMatchObject({ ok: true });
    expect(switches(other)).toEqual([]);
  });
});

describe('while etcd does not answer', () => {
  it('a switch holds where it was thrown, says so, and reaches the others when etcd is back', async () => {
    const { cluster, holder, other, run } = await pair();
    cluster.stopEtcd(2);
    await run(3);
    const answer = await pause(other);
    expect(answer).toMatchObject({ ok: true });
    expect(answer.text).toMatch(
      /^Ekimi is paused for this cluster, in this instance only: not yet in etcd \(.+\); written as soon as it answers$/,
    );
    expect(other.why().join() + JSON.stringify(other.session.localSwitches)).toContain('disk swap');
    expect(switches(holder)).toEqual([]);
    cluster.startEtcd();
    await run(30);
    expect(switches(holder)).toEqual(['cluster']);
    expect(other.session.localSwitches).toEqual([]);
    lagEmergency(holder);
    await run(60);
    expect(cluster.requests).toEqual([]);
  });

  it('nothing is resumed: what is off elsewhere is not known', async () => {
    const { cluster, holder, run } = await pair();
    await pause(holder);
    cluster.stopEtcd(2);
    await run(3);
    expect(await resume(holder)).toMatchObject({ ok: false, status: 409 });
    cluster.startEtcd();
    await run(10);
    expect(switches(holder)).toEqual(['cluster']);
  });
});

describe('a resume', () => {
  it('of what nobody switched off is told so', async () => {
    const { holder } = await pair();
    expect(await resume(holder, 'member:patroni2')).toEqual({
      ok: false,
      status: 404,
      text: 'Ekimi is not paused for member patroni2',
    });
  });

  it('of a switch that an older version left in the ledger belongs to the holder', async () => {
    const { holder, other, run } = await pair();
    changeLedger(holder.session, (ledger) => ({ ...ledger, switches: [night] }));
    await run(10);
    expect(await resume(other)).toMatchObject({ ok: false, text: 'one holds tenure: ask it' });
    expect(await resume(holder)).toMatchObject({ ok: true });
    expect(holder.session.ledger.switches).toEqual([]);
  });
});

describe('switches that etcd keeps from us', () => {
  it('hold everything in enforce: whether somebody switched us off is not known', async () => {
    const ekimi = rig({
      wrap: (ports) => ({
        ...ports,
        dcs: {
          ...ports.dcs,
          keys: async () => {
            const keys = await ports.dcs.keys();
            return keys.kind === 'fresh' ? { ...keys, value: { ...keys.value, switches: null } } : keys;
          },
        },
      }),
    });
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join()).toContain('policy: etcd does not let us read the kill switches');
  });
});
