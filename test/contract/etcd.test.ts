import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AlarmAction, AlarmType, Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { freshValue, type Reading } from '../../src/model/reading.js';
import type { DcsPort, TenureAnswer } from '../../src/ports/dcs.js';
import { clusterConfig, EtcdLab, programOf, scriptOutput, transpiled, until } from './etcd-support.js';

const program = programOf('etcd');
if (program === null) console.warn('SKIPPED: the etcd contract needs the program etcd (Debian: etcd-server) on PATH');

const DEADLINE_MS = 1500;
const LEADER = '/service/email-cluster/leader';

const epochOf = (answer: TenureAnswer): string => {
  if (answer.kind !== 'held') throw new Error(`tenure is not held: ${JSON.stringify(answer)}`);
  return answer.grant.epoch;
};

const faultOf = (reading: Reading<unknown>): string | null => (reading.kind === 'unknown' ? reading.fault : null);

describe.skipIf(program === null)('etcd adapter with authentication', () => {
  let lab: EtcdLab;
  const auth = { username: 'root', password: 'secret-of-root' };

  const open = (password = auth.password): DcsPort => {
    const config = lab.config(DEADLINE_MS);
    return etcdAdapter({ ...config, dcs: { ...config.dcs, auth: { ...auth, password } } }, systemClock);
  };

  beforeAll(async () => {
    lab = await EtcdLab.start(program ?? '', 1);
    const admin = new Etcd3({ hosts: lab.servers.map((server) => server.url) });
    await until('etcd answers', () =>
      admin
        .put(LEADER)
        .value('patroni1')
        .then(
          () => true,
          () => false,
        ),
    );
    await admin.user(auth.username).create(auth.password);
    await admin.role('root').create();
    await admin.user(auth.username).addRole('root');
    await admin.auth.authEnable();
    admin.close();
  }, 60_000);

  afterAll(() => lab.stop());

  test('a wrong password is denied, and is in no reason', async () => {
    const port = open('not-the-secret');
    const reading = await port.keys();
    expect(faultOf(reading)).toBe('denied');
    expect(JSON.stringify(reading)).not.toContain('not-the-secret');
    await port.close();
  });

  test('reads, tenure and wake-ups go on after a restart has made every token invalid', async () => {
    const port = open();
    let wakes = 0;
    port.onLeaderChange(() => {
      wakes += 1;
    });
    expect(freshValue(await port.keys())?.leader.holder).toBe('patroni1');
    const held = await port.holdTenure('a', 60_000);
    await lab.kill('etcd1');
    lab.start('etcd1');
    await until('a read with a new token', async () => freshValue(await port.keys()) !== null);
    expect(await port.holdTenure('a', 60_000)).toEqual(held);
    await until('the new watch', () => wakes > 0);
    wakes = 0;
    const writer = new Etcd3({ hosts: lab.servers[0]!.url, auth });
    await writer.put(LEADER).value('patroni2');
    await until('a wake-up by the new watch', () => wakes > 0);
    writer.close();
    await port.close();
  });
});

describe.skipIf(program === null || programOf('openssl') === null)('etcd adapter with TLS', () => {
  test('the CA decides: given, the endpoint is read; not given, it is denied; ignoring it is refused at start', async () => {
    const lab = await EtcdLab.start(program ?? '', 1, true);
    const config = lab.config(DEADLINE_MS);
    const withTls = (ca: string | null, insecure = false): DcsPort =>
      etcdAdapter({ ...config, dcs: { ...config.dcs, tls: { ca, cert: null, key: null, insecure } } }, systemClock);
    try {
      const trusting = withTls(join(lab.folder, 'tls.crt'));
      await until('a read by TLS', async () => freshValue(await trusting.keys()) !== null);
      const distrusting = withTls(null);
      expect(faultOf(await distrusting.keys())).toBe('denied');
      expect(() => withTls(null, true)).toThrow(/dcs\.tls\.ca/);
      await Promise.all([trusting.close(), distrusting.close()]);
    } finally {
      await lab.stop();
    }
  });
});

const labAddress = process.env['EKIMI_LAB_ADDR'] ?? null;

test.skipIf(labAddress === null)(
  'the lab named by EKIMI_LAB_ADDR has three members and a leader among them',
  async () => {
    const hosts = [2379, 2381, 2383].map((port, index) => ({
      name: `etcd${index + 1}`,
      url: `http://${labAddress ?? ''}:${port}`,
    }));
    const port = etcdAdapter(clusterConfig({ hosts, deadlineMs: 3000 }), systemClock);
    const keys = freshValue(await port.keys());
    expect(keys?.members.map((member) => member.name)).toContain(keys?.leader.holder);
    expect(freshValue(await port.membership())?.members).toHaveLength(3);
    await port.close();
  },
);

test.skipIf(program === null)(
  'a process that closes the adapter ends by itself, although a watch and tenure were open',
  async () => {
    const lab = await EtcdLab.start(program ?? '', 1);
    const built = transpiled();
    try {
      const output = await scriptOutput(
        built,
        `import { etcdAdapter } from './src/adapters/etcd/etcd-adapter.js';
       import { systemClock } from './src/adapters/clock.js';
       const port = etcdAdapter(${JSON.stringify(lab.config(5000))}, systemClock);
       port.onLeaderChange(() => undefined);
       let held = await port.holdTenure('a', 5000);
       while (held.kind !== 'held') held = await port.holdTenure('a', 5000);
       await port.keys();
       await port.releaseTenure(held.grant);
       await port.close();
       console.log('closed');`,
      );
      expect(output).toBe('closed\n');
    } finally {
      await lab.stop();
      rmSync(built, { recursive: true, force: true });
    }
  },
);

describe.skipIf(program === null)('etcd adapter on three real etcd', () => {
  let lab: EtcdLab;
  let admin: Etcd3;
  const opened: DcsPort[] = [];

  const open = (deadlineMs = DEADLINE_MS, order?: string[]): DcsPort => {
    const port = etcdAdapter(lab.config(deadlineMs, order), systemClock);
    opened.push(port);
    return port;
  };

  const healthy = async (): Promise<void> => {
    const port = etcdAdapter(lab.config(1000), systemClock);
    await until('three etcd with one leader', async () => {
      const states = (await port.endpoints()).map(({ status }) => freshValue(status));
      return (
        states.every((state) => state?.healthy === true) &&
        states.filter((state) => state?.isLeader === true).length === 1
      );
    });
    await port.close();
  };

  beforeAll(async () => {
    lab = await EtcdLab.start(program ?? '', 3);
    await healthy();
    admin = new Etcd3({ hosts: lab.servers.map((server) => server.url) });
  }, 60_000);

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((port) => port.close()));
    await admin.delete().prefix('/service/').exec();
    await admin.delete().prefix('/ekimi/').exec();
  });

  afterAll(async () => {
    admin.close();
    await lab.stop();
  });

  test('a leader with a lease, members and requests are read in one pass', async () => {
    const lease = admin.lease(30, { autoKeepAlive: false });
    await lease.put(LEADER).value('patroni1');
    const member = {
      role: 'master',
      state: 'running',
      timeline: 3,
      xlog_location: 100,
      api_url: 'http://h:8008/patroni',
    };
    await admin.put('/service/email-cluster/members/patroni1').value(JSON.stringify(member));
    await admin.put('/service/email-cluster/status').value('{"optime":4096}');
    await admin.put('/service/email-cluster2/leader').value('another-scope');
    const keys = freshValue(await open().keys());
    expect(keys?.leader.holder).toBe('patroni1');
    expect(keys?.leader.leaseTtlMs).toBeGreaterThan(20_000);
    expect(keys?.leader.leaseId).toBe(BigInt(await lease.grant()).toString(16));
    expect(keys?.members.map((one) => [one.name, one.role])).toEqual([['patroni1', 'primary']]);
    expect(keys?.optimeLsn).toBe(4096n);
    await lease.revoke();
  });

  test('an absent leader key is known to be absent, while a failed read is unknown', async () => {
    const port = open();
    expect(freshValue(await port.keys())?.leader.holder).toBeNull();
    const nowhere = etcdAdapter(
      { ...lab.config(500), dcs: { ...lab.config(500).dcs, hosts: [{ name: 'gone', url: 'http://127.0.0.1:1' }] } },
      systemClock,
    );
    expect(faultOf(await nowhere.keys())).toBe('refused');
    await nowhere.close();
  });

  test('a leader value that is no name makes the reading unknown instead of absent', async () => {
    await admin.put(LEADER).value('\u0000');
    expect(faultOf(await open().keys())).toBe('bad-reply');
  });

  test('endpoints, members and alarms name the same three', async () => {
    const port = open();
    const endpoints = await port.endpoints();
    expect(endpoints.map((one) => freshValue(one.status)?.healthy)).toEqual([true, true, true]);
    const members = freshValue(await port.membership())?.members ?? [];
    expect(members.map((one) => one.name).sort()).toEqual(['etcd1', 'etcd2', 'etcd3']);
    expect(freshValue(await port.alarms())).toEqual([]);
    await admin.maintenance.alarm({
      action: AlarmAction.Activate,
      memberID: BigInt(`0x${members[0]!.id}`).toString(),
      alarm: AlarmType.Nospace,
    });
    expect(freshValue(await port.alarms())).toEqual([{ memberId: members[0]!.id, alarm: 'NOSPACE' }]);
    // Each member hands the alarm on as an error of its own, and serves all the same.
    const alarmed = await port.endpoints();
    expect(alarmed.map((one) => freshValue(one.status)?.healthy)).toEqual([true, true, true]);
    await admin.maintenance.alarm({
      action: AlarmAction.Deactivate,
      memberID: BigInt(`0x${members[0]!.id}`).toString(),
      alarm: AlarmType.Nospace,
    });
  });

  test('one frozen endpoint, first in the list, does not fail a read and is unknown for itself', async () => {
    await admin.put(LEADER).value('patroni2');
    const port = open();
    expect(freshValue(await port.keys())?.leader.holder).toBe('patroni2');
    lab.freeze('etcd1');
    try {
      await until('a read past the frozen endpoint', async () => freshValue(await port.keys()) !== null);
      const again = await port.keys();
      expect(freshValue(again)?.leader.holder).toBe('patroni2');
      const states = await port.endpoints();
      expect(states.map(({ name, status }) => [name, faultOf(status)])).toEqual([
        ['etcd1', 'timeout'],
        ['etcd2', null],
        ['etcd3', null],
      ]);
    } finally {
      lab.thaw('etcd1');
    }
    await healthy();
  });

  test('all frozen: unknown within the deadline, and known again after the thaw', async () => {
    const port = open();
    await port.keys();
    for (const { name } of lab.servers) lab.freeze(name);
    try {
      const askedAt = performance.now();
      expect(faultOf(await port.keys())).toBe('timeout');
      expect(performance.now() - askedAt).toBeLessThan(DEADLINE_MS + 1000);
      expect((await port.holdTenure('a', 5000)).kind).toBe('unknown');
    } finally {
      for (const { name } of lab.servers) lab.thaw(name);
    }
    await until('a read after the thaw', async () => freshValue(await port.keys()) !== null);
    await healthy();
  });

  test('without quorum the survivor says so', async () => {
    const port = open();
    await admin.put(LEADER).value('patroni1');
    await lab.kill('etcd2');
    await lab.kill('etcd3');
    try {
      await until(
        'etcd1 knows no leader',
        async () => freshValue((await port.endpoints())[0]!.status)?.healthy === false,
      );
      const reading = await port.keys();
      expect(faultOf(reading)).toBe('no-quorum');
      expect(faultOf(await port.loadLedger())).not.toBeNull();
    } finally {
      lab.start('etcd2');
      lab.start('etcd3');
    }
    await healthy();
  });

  test('of two instances one holds tenure, and keeps it', async () => {
    const [first, second] = [open(), open()];
    const grants = await Promise.all([first.holdTenure('a', 3000), second.holdTenure('b', 3000)]);
    expect(grants.map((answer) => answer.kind).sort()).toEqual(['held', 'other']);
    const again = await Promise.all([first.holdTenure('a', 3000), second.holdTenure('b', 3000)]);
    expect(again.map((answer) => answer.kind)).toEqual(grants.map((answer) => answer.kind));
  });

  test('a holder that confirms nothing loses tenure, and its late commit writes nothing', async () => {
    const [first, second] = [open(), open()];
    const stale = await first.holdTenure('a', 1000);
    const old = { epoch: epochOf(stale), owner: 'a' };
    expect(await first.commitLedger(old, '{"by":"a"}')).toBe('committed');
    await until('the second takes over', async () => (await second.holdTenure('b', 1000)).kind === 'held');
    expect(await first.commitLedger(old, '{"by":"a, late"}')).toBe('not-ours');
    const stranger = open(); // knows nothing of the grant's end by its own clock: etcd itself must refuse
    expect(await stranger.commitLedger(old, '{"by":"a, late"}')).toBe('not-ours');
    expect(freshValue(await second.loadLedger())).toBe('{"by":"a"}');
    expect(await first.holdTenure('a', 1000)).toEqual({ kind: 'other', owner: 'b' });
  });

  test('past its time by our own clock tenure is not used, although etcd still has the key', async () => {
    let skewMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skewMs };
    const port = etcdAdapter(lab.config(DEADLINE_MS), clock);
    opened.push(port);
    const grant = { epoch: epochOf(await port.holdTenure('a', 60_000)), owner: 'a' };
    skewMs = 49_000;
    expect(await port.commitLedger(grant, '{"n":1}')).toBe('not-ours');
    expect(freshValue(await port.loadLedger())).toBeNull();
    expect(await port.holdTenure('a', 60_000)).toEqual({ kind: 'held', grant });
    expect(await port.commitLedger(grant, '{"n":2}')).toBe('committed');
  });

  test('a confirmation that took longer than the tenure is safe for is not believed', async () => {
    let readings = 0;
    const clock = { ...systemClock, monotonic: () => 30_000 * readings++ };
    const port = etcdAdapter(lab.config(DEADLINE_MS), clock);
    opened.push(port);
    expect((await port.holdTenure('a', 30_000)).kind).toBe('unknown');
  });

  test('a released tenure is free at once, under a new epoch', async () => {
    const [first, second] = [open(), open()];
    const grant = { epoch: epochOf(await first.holdTenure('a', 60_000)), owner: 'a' };
    await first.releaseTenure(grant);
    const next = epochOf(await second.holdTenure('b', 60_000));
    expect(BigInt(next)).toBeGreaterThan(BigInt(grant.epoch));
    await first.releaseTenure(grant); // stale: must not take the key from its new owner
    expect(await second.holdTenure('b', 60_000)).toEqual({ kind: 'held', grant: { epoch: next, owner: 'b' } });
  });

  test('[A1] what another instance wrote while we stood still is refused to be written over until it has been read', async () => {
    const [first, second] = [open(), open()];
    const mine = await first.holdTenure('a', 5_000);
    if (mine.kind !== 'held') throw new Error('not held');
    expect(await first.commitLedger(mine.grant, '{"by":"a"}')).toBe('committed');
    await first.releaseTenure(mine.grant);
    const theirs = await second.holdTenure('b', 5_000);
    if (theirs.kind !== 'held') throw new Error('not held');
    expect(freshValue(await second.loadLedger())).toBe('{"by":"a"}');
    expect(await second.commitLedger(theirs.grant, '{"by":"b"}')).toBe('committed');
    await second.releaseTenure(theirs.grant);
    const again = await first.holdTenure('a', 5_000);
    if (again.kind !== 'held') throw new Error('not held');
    expect(again.grant.epoch).not.toBe(mine.grant.epoch);
    for (let times = 0; times < 3; times++)
      expect(await first.commitLedger(again.grant, '{"by":"a, of old"}')).toBe('unread');
    expect(freshValue(await first.loadLedger())).toBe('{"by":"b"}');
    expect(await first.commitLedger(again.grant, '{"by":"a, who read it"}')).toBe('committed');
  });

  test('[A1] one that never read the ledger writes over none, and one changed by hand is not written over', async () => {
    const port = open();
    const held = await port.holdTenure('a', 5_000);
    if (held.kind !== 'held') throw new Error('not held');
    await admin.put('/ekimi/email-cluster/ledger').value('{"by":"somebody"}');
    expect(await port.commitLedger(held.grant, '{}')).toBe('unread');
    await port.loadLedger();
    expect(await port.commitLedger(held.grant, '{}')).toBe('committed');
    await admin.put('/ekimi/email-cluster/ledger').value('{"by":"hand"}');
    expect(await port.commitLedger(held.grant, '{"n":1}')).toBe('unread');
    expect(freshValue(await port.loadLedger())).toBe('{"by":"hand"}');
  });

  test('the ledger is null before the first commit and survives its holder', async () => {
    const [first, second] = [open(), open()];
    expect(freshValue(await first.loadLedger())).toBeNull();
    const grant = { epoch: epochOf(await first.holdTenure('a', 60_000)), owner: 'a' };
    for (const text of ['{"n":1}', '{"n":2}', '{"n":2}'])
      expect(await first.commitLedger(grant, text)).toBe('committed');
    await first.releaseTenure(grant);
    expect(freshValue(await second.loadLedger())).toBe('{"n":2}');
  });

  test('a commit whose answer was lost is unknown, and the next one replaces whatever it left', async () => {
    const port = open();
    const grant = { epoch: epochOf(await port.holdTenure('a', 60_000)), owner: 'a' };
    expect(await port.commitLedger(grant, '{"n":1}')).toBe('committed');
    for (const { name } of lab.servers) lab.freeze(name);
    try {
      expect(await port.commitLedger(grant, '{"n":2}')).toBe('unknown');
    } finally {
      for (const { name } of lab.servers) lab.thaw(name);
    }
    await healthy();
    await until('the next commit', async () => (await port.commitLedger(grant, '{"n":3}')) === 'committed');
    expect(freshValue(await port.loadLedger())).toBe('{"n":3}');
  });

  test('a change of the leader key wakes, also after every etcd was restarted, and not after the stop', async () => {
    const port = open();
    let wakes = 0;
    const stop = port.onLeaderChange(() => {
      wakes += 1;
    });
    await until('a first wake-up', async () => {
      await admin.put(LEADER).value('patroni1');
      return wakes > 0;
    });
    for (const { name } of lab.servers) await lab.kill(name);
    for (const { name } of lab.servers) lab.start(name);
    await healthy();
    await until('the wake-up of the watch that came back', () => wakes > 1);
    wakes = 0;
    await admin.put(LEADER).value('patroni2');
    await until('a wake-up after the restart', () => wakes > 0);
    stop();
    wakes = 0;
    await admin.put(LEADER).value('patroni3');
    expect(freshValue(await port.keys())?.leader.holder).toBe('patroni3');
    expect(wakes).toBe(0);
  });
});
