import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { openDaemon } from '../../src/app/daemon.js';
import { loadFiles } from '../../src/app/files.js';
import { reload } from '../../src/app/reload.js';
import { openLog } from '../../src/cli/log.js';
import { redactorOf } from '../../src/config/redactor.js';
import type { EntryBody } from '../../src/model/entry.js';
import type { Ports } from '../../src/observe/ports.js';
import { memoryJournal } from '../../src/simulator/memory-journal.js';
import { createCluster } from '../../src/simulator/world.js';
import { scratch } from '../support/scratch.js';
import { changeLedger } from '../support/simulated.js';
import { CONTRACT_CONFIG, ENV } from '../unit/config/files.js';

const SCOPE = 'email-cluster';
const FOURTH = 'patroni4';
const ALL = ['patroni1', 'patroni2', 'patroni3', FOURTH];

interface File {
  clusters: [
    Record<'patroni' | 'postgres' | 'hosts', { members: Record<string, string> }> & { dcs: Record<string, unknown> },
  ];
  [key: string]: unknown;
}

/** The three members of the file, and the fourth. */
function withFourth(file: File): void {
  const [{ patroni, postgres, hosts }] = file.clusters;
  patroni.members[FOURTH] = 'http://127.0.0.1:8011';
  postgres.members[FOURTH] = '127.0.0.1:5435';
  hosts.members[FOURTH] = 'email-patroni4';
}

const without =
  (name: string) =>
  (file: File): void => {
    for (const part of ['patroni', 'postgres', 'hosts'] as const)
      Reflect.deleteProperty(file.clusters[0][part].members, name);
  };

/** Each part, with whether it was closed. */
function watched(ports: Ports, closed: string[], nth: number): Ports {
  const of = <P extends { close: () => Promise<void> }>(name: string, port: P): P => ({
    ...port,
    close: async () => {
      closed.push(`${nth} ${name}`);
      await port.close();
    },
  });
  return {
    ...ports,
    patroni: of('patroni', ports.patroni),
    dcs: of('dcs', ports.dcs),
    postgres: ports.postgres && of('postgres', ports.postgres),
    proxies: Object.fromEntries(Object.entries(ports.proxies).map(([name, proxy]) => [name, of(name, proxy)])),
    host: ports.host && of('host', ports.host),
  };
}

/** The real daemon in its own loop, in virtual time, on a simulated cluster of four of which the file has three. */
async function running({ mode = 'enforce', ports: wrap = (same: Ports) => same } = {}) {
  const folder = scratch('reload');
  const configFile = join(folder, 'ekimi.yaml');
  const file = parse(CONTRACT_CONFIG) as File;
  const write = (): void => {
    writeFileSync(configFile, stringify(file));
  };
  write();
  const policy = (text: string): void => {
    writeFileSync(join(folder, 'policy.yaml'), text);
  };
  policy(`mode: ${mode}\n`);
  const files = loadFiles(configFile, ENV);
  if (!files.ok) throw new Error(files.errors.join('\n'));
  const cluster = createCluster({ members: ALL });
  cluster.time.pumpAlone(false);
  const journal = memoryJournal();
  const logged: string[] = [];
  const closed: string[] = [];
  let opened = 0;
  const daemon = await openDaemon({
    files,
    journals: () => journal,
    log: openLog(files.config, { write: (line: string) => logged.push(line) }),
    redact: redactorOf(files.config),
    version: 'test',
    newId: () => `id${(opened += 1)}`,
    clock: cluster.ports().clock,
    ports: () => watched(wrap(cluster.ports()), closed, (opened += 1)),
  });
  const begin = (): Promise<readonly string[]> => reload({ daemon, configFile, start: files.config, env: ENV });
  const ending = async (reloading: Promise<readonly string[]>): Promise<readonly string[]> => {
    const told: (readonly string[])[] = [];
    void reloading.then((lines) => told.push(lines));
    await until(() => told.length > 0);
    return told[0] ?? ['the reload is not over'];
  };
  const stop = new AbortController();
  let isOver = false;
  const ended = daemon.run(stop.signal).then(() => {
    isOver = true;
  });
  const present = () => daemon.sessions[0]!;
  // What is loaded with its first use takes real time, in which virtual time may have gone by.
  const until = async (isSo: () => boolean): Promise<void> => {
    for (let waited = 0; !isSo() && waited < 240; waited += 1) {
      await cluster.play(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await until(() => present().books.isLoaded && present().tick > 10);
  return {
    daemon,
    cluster,
    journal,
    logged,
    closed,
    present,
    policy,
    stop: () => {
      stop.abort();
    },
    over: async () => {
      await until(() => isOver);
      await ended;
    },
    bodies: <K extends EntryBody['kind']>(kind: K) =>
      journal.entries.map(({ body }) => body).filter((body) => body.kind === kind) as Extract<EntryBody, { kind: K }>[],
    members: () => daemon.controller.snapshot(SCOPE)?.view?.members.map(({ name }) => name),
    until,
    /** SIGHUP with the file changed so; it is over some passes later. */
    hangUp: async (change: (file: File) => void = () => undefined): Promise<readonly string[]> => {
      change(file);
      write();
      const told = await ending(begin());
      const { tick } = present();
      await until(() => present().tick > tick);
      return told;
    },
    begin: (change: (file: File) => void = () => undefined): Promise<readonly string[]> => {
      change(file);
      write();
      return begin();
    },
    broken: (): Promise<readonly string[]> => {
      writeFileSync(configFile, 'clusters: [\n');
      return ending(begin());
    },
  };
}

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

  it.each<readonly [string, (file: File) => void]>([
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
      const [before, old] = [present(), structuredClone((await import('yaml')).parse(CONTRACT_CONFIG) as File)];
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
