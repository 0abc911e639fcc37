import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import type { Ports } from '../../src/observe/ports.js';
import { ALL, FOURTH, running, SCOPE, withFourth, without, type ConfigFile } from '../support/reloading.js';
import { changeLedger } from '../support/simulated.js';
import { CONTRACT_CONFIG } from '../unit/config/files.js';

describe('a reload after a member was added to ekimi.yaml', () => {
  it('is taken in without an end of the process: told, journaled, seen by whoever looks', async () => {
    const { hangUp, members, bodies, present, daemon } = await running();
    const [before, seen] = [present(), [] as string[]];
    daemon.controller.onEvent((event) => {
      seen.push(event.kind === 'entry' ? event.entry.body.kind : 'snapshot');
    });
    expect(members()).toEqual(ALL.slice(0, 3));
    expect(await hangUp(withFourth)).toEqual([
      'cluster email-cluster goes on with its changed configuration: members: + patroni4 (http://127.0.0.1:8011); changed: hosts.members, postgres.members',
    ]);
    expect(members()).toEqual(ALL);
    expect(present()).not.toBe(before);
    expect(bodies('stop').map(({ reason }) => reason)).toEqual(['a changed ekimi.yaml is taken in']);
    const [first, second] = bodies('start');
    expect(first).not.toHaveProperty('changes');
    expect(second?.changes?.[0]).toBe('members: + patroni4 (http://127.0.0.1:8011)');
    expect(second?.configHash).not.toBe(first?.configHash);
    expect(seen.slice(seen.indexOf('stop'))).toEqual(expect.arrayContaining(['start', 'snapshot']));
  });

  it('closes every port of the former session and none of the one that follows', async () => {
    const { hangUp, closed, stop, over } = await running();
    await hangUp(withFourth);
    expect(closed).toHaveLength(5);
    expect(new Set(closed.map((row) => row.split(' ')[0])).size).toBe(1);
    stop();
    await over();
    expect(closed).toHaveLength(10);
  });

  it('takes tenure anew under another epoch, and waits out a start grace', async () => {
    const { hangUp, present } = await running();
    const before = present().parts.tenure.facts();
    await hangUp(withFourth);
    const after = present().parts.tenure.facts();
    expect([before.state, after.state]).toEqual(['held', 'held']);
    expect(after.epoch).not.toBe(before.epoch);
    expect(present().states.memory).toMatchObject({ graceReason: 'just took tenure' });
    expect(present().states.memory.cleanPasses).toBeLessThan(present().policy.startGrace.passes);
  });

  it('keeps what was learnt of the members, and the ledger', async () => {
    const { hangUp, present, cluster } = await running({ mode: 'dry-run' });
    changeLedger(present(), (ledger) => ({ ...ledger, flaps: { patroni2: [cluster.nowMs()] } }));
    const { positions } = present().states.memory;
    await hangUp(withFourth);
    expect(Object.keys(positions)).toEqual(ALL.slice(0, 3));
    expect(Object.keys(present().states.memory.positions)).toEqual(expect.arrayContaining(ALL.slice(0, 3)));
    expect(Object.keys(present().ledger.flaps)).toEqual(['patroni2']);
  });

  it('leaves the other clusters of the process alone', async () => {
    const { hangUp, daemon, closed } = await running({ isAlone: false });
    const [before, other] = daemon.sessions;
    expect((await hangUp(withFourth)).join()).toContain('members: + patroni4');
    expect(daemon.sessions[0]).not.toBe(before);
    expect(daemon.sessions[1]).toBe(other);
    expect([other?.isStopping, closed.length]).toEqual([false, 5]);
    expect(daemon.controller.scopes()).toEqual([SCOPE, 'other']);
  });

  it('twice in a row ends with the last file', async () => {
    const { hangUp, members } = await running();
    await hangUp(withFourth);
    expect(await hangUp(without(FOURTH))).toEqual([
      'cluster email-cluster goes on with its changed configuration: members: - patroni4; changed: hosts.members, postgres.members',
    ]);
    expect(members()).toEqual(ALL.slice(0, 3));
  });

  it('that changes nothing of a cluster leaves its session alone', async () => {
    const { hangUp, present, closed } = await running();
    const before = present();
    expect(await hangUp()).toEqual([]);
    expect(present()).toBe(before);
    expect(closed).toEqual([]);
  });

  it('takes a password without saying it', async () => {
    const { hangUp, present } = await running();
    const before = present();
    const told = await hangUp((file) => {
      Object.assign(file.clusters[0].postgres, { user: 'another' });
    });
    expect(told).toEqual(['cluster email-cluster goes on with its changed configuration: changed: postgres.user']);
    expect(present()).not.toBe(before);
  });
});

describe('a reload that cannot be taken in', () => {
  it('of a file that cannot be read changes nothing', async () => {
    const { broken, present, closed } = await running();
    const before = present();
    expect((await broken()).join()).toMatch(/ekimi\.yaml:/);
    expect([present(), closed]).toEqual([before, []]);
  });

  it('names what waits for the next start, and takes the rest', async () => {
    const { hangUp, members } = await running();
    const told = await hangUp((file) => {
      withFourth(file);
      file['journal'] = { directory: './elsewhere' };
      file['api'] = { listen: '127.0.0.1:9999' };
    });
    expect(told.at(-1)).toMatch(/ekimi\.yaml: takes effect at the next start of Ekimi: journal, api\.listen$/);
    expect(members()).toEqual(ALL);
  });

  it.each<readonly [string, (file: ConfigFile) => void]>([
    ['dcs.namespace', (file) => Object.assign(file.clusters[0].dcs, { namespace: '/other/' })],
    [
      'dcs.hosts (all of them)',
      (file) =>
        Object.assign(file.clusters[0].dcs, {
          hosts: ['http://127.0.0.9:2379', 'http://127.0.0.9:2381', 'http://127.0.0.9:2383'],
        }),
    ],
  ])(
    'since %s cannot change while we run, goes on as before and says so until it is taken back',
    async (key, change) => {
      const { hangUp, daemon, present, members, bodies } = await running();
      const [before, old] = [present(), parse(CONTRACT_CONFIG) as ConfigFile];
      const told = await hangUp((file) => {
        withFourth(file);
        change(file);
        if (key !== 'dcs.namespace') Object.assign(file.clusters[0].hosts, { dcs: {} });
      });
      expect(told.join()).toContain(`since ${key} cannot change while Ekimi runs: restart Ekimi`);
      expect([present(), members()]).toEqual([before, ALL.slice(0, 3)]);
      expect(daemon.controller.snapshot(SCOPE)?.impaired).toEqual(told);
      expect(bodies('config')).toEqual([expect.objectContaining({ change: 'refused', detail: told[0] })]);
      await hangUp((file) => Object.assign(file, old));
      expect(daemon.controller.snapshot(SCOPE)?.impaired).toEqual([]);
    },
  );

  it('while the member that goes was taken out by a person says how that ends, and is taken afterwards', async () => {
    const { hangUp, present, members, cluster } = await running();
    const row = { member: 'patroni3', by: 'ann', reason: 'disk', sinceMs: cluster.nowMs(), run: 'r' };
    changeLedger(present(), (ledger) => ({ ...ledger, evacuations: [row] }));
    const told = await hangUp(without('patroni3'));
    expect(told.join()).toContain(
      'patroni3 was taken out by ann: ekimi run-procedure give-back patroni3, or ekimi run-procedure remove-member patroni3',
    );
    expect(members()).toHaveLength(3);
    expect(present().isStopping).toBe(false);
    changeLedger(present(), (ledger) => ({ ...ledger, evacuations: [{ ...row, removed: true }] }));
    expect((await hangUp()).join()).toContain('members: - patroni3');
    expect(members()).toEqual(['patroni1', 'patroni2']);
  });

  it('whose parts cannot be made says why, and the former session acts on', async () => {
    let made = 0;
    const broken = (ports: Ports): Ports => {
      made += 1;
      if (made === 3) throw new Error('no such driver');
      return ports;
    };
    const { hangUp, present, members, until } = await running({ ports: broken });
    // The first is that of the daemon.
    made = 2;
    expect((await hangUp(withFourth)).join()).toContain('no such driver. Then send SIGHUP again');
    expect([members()?.length, present().isStopping]).toEqual([3, false]);
    const { tick } = present();
    await until(() => present().tick > tick + 2);
    expect((await hangUp()).join()).toContain('members: + patroni4');
  });

  it('while etcd does not have what we did last waits for a reload when it has', async () => {
    const { hangUp, present, cluster, members } = await running();
    cluster.stopEtcd(2);
    await cluster.play(3_000);
    changeLedger(present(), (ledger) => ({ ...ledger, flaps: { patroni2: [cluster.nowMs()] } }));
    expect((await hangUp(withFourth)).join()).toContain('what Ekimi did last is not kept');
    expect(members()).toHaveLength(3);
  });
});

describe('while the session is exchanged', () => {
  it('a kill switch reaches the session that follows', async () => {
    const { begin, daemon, present, until } = await running();
    const before = present();
    void begin(withFourth);
    await until(() => before.successor !== null);
    let answer: unknown = null;
    const killSwitch = { subject: 'cluster', owner: 'ann', reason: 'work', sinceMs: 1, expiresAtMs: null };
    void daemon.controller.pause(SCOPE, killSwitch, 'ann').then((said) => {
      answer = said;
    });
    await until(() => answer !== null);
    expect(answer).toMatchObject({ ok: true });
    expect(present()).not.toBe(before);
    expect(daemon.controller.snapshot(SCOPE)?.ledger.switches.map(({ subject }) => subject)).toEqual(['cluster']);
  });

  it('one that etcd does not have yet stays in force', async () => {
    const { hangUp, daemon, present } = await running({ mode: 'dry-run' });
    const killSwitch = {
      id: 'here',
      subject: 'member:patroni2',
      owner: 'ann',
      reason: 'work',
      sinceMs: 1,
      expiresAtMs: null,
    };
    present().localSwitches = [{ killSwitch, written: false, triedAtMs: Infinity }];
    await hangUp(withFourth);
    expect(daemon.controller.snapshot(SCOPE)?.ledger.switches.map(({ subject }) => subject)).toEqual([
      'member:patroni2',
    ]);
  });

  it('a SIGTERM before the next has begun ends the process, and nothing follows', async () => {
    const { begin, stop, over, closed, present, bodies, daemon } = await running();
    const before = present();
    daemon.controller.onEvent((event) => {
      if (event.kind === 'entry' && event.entry.body.kind === 'stop') stop();
    });
    const reloading = begin(withFourth);
    await over();
    expect((await reloading).join()).toContain('its changed configuration is that of the next start');
    expect(present()).toBe(before);
    expect([bodies('start').length, bodies('stop').length]).toEqual([1, 1]);
    expect([closed.length, new Set(closed).size]).toEqual([10, 10]);
  });

  it('a SIGTERM while a reload waits for its pass leaves nothing open', async () => {
    const { begin, stop, over, closed, present, bodies } = await running();
    const before = present();
    void begin(withFourth);
    stop();
    await over();
    expect(present()).toBe(before);
    expect(bodies('start')).toHaveLength(1);
    expect(new Set(closed).size).toBe(closed.length);
    expect(closed.length % 5).toBe(0);
  });

  it('a SIGTERM as the next begins ends that one too', async () => {
    const { begin, stop, over, closed, present, bodies, daemon } = await running();
    const before = present();
    daemon.controller.onEvent((event) => {
      if (event.kind === 'entry' && event.entry.body.kind === 'start') stop();
    });
    const reloading = begin(withFourth);
    await over();
    expect((await reloading).join()).toContain('goes on with its changed configuration');
    expect(present()).not.toBe(before);
    expect(bodies('stop').map(({ reason }) => reason)).toEqual([
      'a changed ekimi.yaml is taken in',
      'stopped by signal',
    ]);
    expect([closed.length, new Set(closed).size]).toEqual([10, 10]);
  });
});
