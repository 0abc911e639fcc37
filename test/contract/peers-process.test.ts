import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { peersAdapter } from '../../src/adapters/hosts/peers/peers-adapter.js';
import { memberHost } from '../../src/model/host.js';
import { freshValue } from '../../src/model/reading.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import type { HostPort } from '../../src/ports/host.js';
import { stopProcess } from '../support/stopped.js';
import { ended, endWithUs, EtcdLab, freePort, programOf, transpiled, until } from './etcd-support.js';
import { peersCluster, stepOn, TOKEN } from './peers-support.js';

const program = programOf('etcd');

const SCRIPT = `
import { systemClock } from './src/adapters/clock.js';
import { etcdAdapter } from './src/adapters/etcd/etcd-adapter.js';
import { hostPortOf } from './src/adapters/hosts/registry.js';
const cluster = JSON.parse(process.env.CLUSTER);
const port = hostPortOf(cluster, systemClock, etcdAdapter(cluster, systemClock));
await port.lend({ instance: 'process', told: (_level, fields) => console.error(JSON.stringify(fields)) });
console.log('listens');
`;

/** A process of its own with the operator's commands as its driver: what these did is in a file, whatever becomes of the process. */
describe.skipIf(program === null)('an instance that lends its driver, as a process', () => {
  let lab: EtcdLab;
  let folder: string;
  let own: DcsPort;
  let grant: TenureGrant;
  let port: HostPort;
  let url: string;
  let lender: ChildProcess | null = null;
  let said = '';
  const acts = (): string => {
    try {
      return readFileSync(join(folder, 'acts'), 'utf8');
    } catch {
      return '';
    }
  };

  /** `secondsOfAMove`: so long it goes on when the directory has been renamed. */
  async function started(secondsOfAKill: number, secondsOfAMove = 0): Promise<void> {
    const act = (verb: string): readonly string[] => {
      const script = `echo ${verb} {name} >> ${join(folder, 'acts')}; sleep ${verb === 'kill' ? secondsOfAKill : 0}`;
      return ['/bin/sh', '-c', script];
    };
    const aside = (program: string, what = '', then = ''): readonly string[] => {
      const path = join(import.meta.dirname, '../../config', `ekimi-${program}`);
      const script = `echo ${program} {name} >> ${join(folder, 'acts')}; PGDATA=${join(folder, 'pg')} ${path} ${what}${then}`;
      return ['/bin/sh', '-c', script];
    };
    const listen = { host: '127.0.0.1', port: Number(new URL(url).port) };
    const cluster = peersCluster({ own: [memberHost('patroni2')], peers: { listen } });
    const { dcs } = lab.config(1_500);
    const commands = {
      status: ['/bin/sh', '-c', `echo id=run-1; [ ! -e ${join(folder, 'stopped')} ] || exit 3 # {name}`],
      start: act('start'),
      stop: act('stop'),
      restart: act('restart'),
      kill: act('kill'),
      moveAside: aside('move-aside', '{suffix}', `; sleep ${secondsOfAMove}`),
      listAside: aside('list-aside'),
      removeAside: aside('remove-aside', '{directory}'),
    };
    const env = { ...process.env, CLUSTER: JSON.stringify({ ...cluster, dcs, hosts: { ...cluster.hosts, commands } }) };
    const child = spawn(process.execPath, [join(folder, 'lender.js')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    endWithUs(child, 'SIGKILL');
    said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    lender = child;
    await until('it listens', () => said.includes('listens'));
  }

  beforeAll(async () => {
    lab = await EtcdLab.start(program ?? '', 1);
    folder = transpiled();
    writeFileSync(join(folder, 'lender.js'), SCRIPT);
    own = etcdAdapter(lab.config(1_500), systemClock);
    await until('etcd answers', async () => freshValue(await own.keys()) !== null);
    const answer = await own.holdTenure('holder', 60_000);
    if (answer.kind !== 'held') throw new Error(JSON.stringify(answer));
    grant = answer.grant;
    url = `http://127.0.0.1:${await freePort()}`;
    port = peersAdapter(peersCluster({ peers: { local: null, members: { patroni2: url } } }), systemClock, null, own);
  }, 60_000);
  afterEach(async () => {
    const child = lender;
    lender = null;
    child?.kill('SIGKILL');
    if (child !== null) await ended(child);
    for (const name of ['acts', 'stopped', 'pg', 'pg.ekimi-1'])
      rmSync(join(folder, name), { recursive: true, force: true });
  });
  afterAll(async () => {
    await port.close();
    await own.close();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('does it by the commands of the operator', async () => {
    await started(0);
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'fresh', value: { id: 'run-1' } });
    expect(await port.send(stepOn('kill', memberHost('patroni2'), 'run-1'), grant)).toMatchObject({ effect: 'done' });
    expect((await port.send(stepOn('kill', memberHost('patroni2'), 'run-0'), grant)).text).toMatch(/another run/);
    expect(acts()).toBe('kill box-patroni2\n');
  });

  test('dies in the midst of a request: that may have been done, and started again it does not do it a second time', async () => {
    await started(30);
    const sentAtMs = Date.now();
    const order = {
      ...{ scope: 'email-cluster', namespace: '/service/', system: null, id: 'r1', target: memberHost('patroni2') },
      ...{ verb: 'kill', run: null, graceMs: null, tenure: grant, sentAtMs, deadlineMs: sentAtMs + 9_000 },
    };
    const post = () =>
      fetch(new URL('/v1/act', url), {
        method: 'POST',
        body: JSON.stringify(order),
        headers: { authorization: `Bearer ${TOKEN}` },
      });
    const asked = port.send(stepOn('kill'), grant);
    const lost = post().catch(() => 'cut');
    await until('both are under way', () => acts().split('\n').length === 3);
    lender?.kill('SIGKILL');
    expect(await asked).toMatchObject({ effect: 'maybe' });
    expect(await lost).toBe('cut');
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown' });
    expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'none' });
    await started(0);
    const again = await post();
    expect([again.status, await again.json()]).toMatchObject([
      409,
      // By then it may be too old as well.
      { refused: expect.stringMatching(/^(before-start|clock|late)$/) as string },
    ]);
    expect(acts().split('\n')).toHaveLength(3);
  });

  const stopped = (): void => {
    writeFileSync(join(folder, 'stopped'), '');
    mkdirSync(join(folder, 'pg'));
    writeFileSync(join(folder, 'pg/PG_VERSION'), '15');
  };
  const move = (id = 'run-1', under = grant) =>
    port.moveAside?.(memberHost('patroni2'), { id, suffix: 'ekimi-1' }, under);
  const list = () => port.listAside?.(memberHost('patroni2'));

  test('moves a data directory aside, lists it and removes it, for the holder of tenure and the run that was looked at', async () => {
    await started(0);
    stopped();
    expect(await move('run-0')).toMatchObject({ effect: 'none', to: null });
    expect((await move('run-1', { ...grant, epoch: '1' }))?.text).toContain('old-epoch');
    expect(acts()).toBe('');
    const to = join(realpathSync(folder), 'pg.ekimi-1');
    expect(await move()).toMatchObject({ effect: 'done', to });
    expect(existsSync(join(to, 'PG_VERSION'))).toBe(true);
    // It is not there any more, and what lies aside is not written over.
    expect(await move()).toMatchObject({ effect: 'none', to: null });
    expect(await list()).toMatchObject({ kind: 'fresh', value: [{ name: 'pg.ekimi-1', path: to }] });
    expect(await port.removeAside?.(memberHost('patroni2'), '../pg', grant)).toMatchObject({ effect: 'none' });
    expect(await port.removeAside?.(memberHost('patroni2'), 'pg.ekimi-1', grant)).toMatchObject({ effect: 'done' });
    expect(existsSync(to)).toBe(false);
  });

  test('dies while it moves one: that may have been done, and what lies there says so when it is back', async () => {
    await started(0, 30);
    stopped();
    const asked = move();
    await until('it is moved', () => existsSync(join(folder, 'pg.ekimi-1/PG_VERSION')));
    lender?.kill('SIGKILL');
    expect(await asked).toMatchObject({ effect: 'maybe', to: null });
    expect(await list()).toMatchObject({ kind: 'unknown' });
    await started(0);
    expect(await list()).toMatchObject({ kind: 'fresh', value: [{ name: 'pg.ekimi-1' }] });
  });

  test('stands still with a request in its buffer, and goes on when that is old: nothing is done', async () => {
    await started(0);
    const { pid } = lender ?? {};
    if (pid === undefined) throw new Error('it has no process');
    stopProcess(pid);
    expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'maybe' });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    lender?.kill('SIGCONT');
    await until('it has refused it', () => said.includes('"refused":"clock"') || said.includes('"refused":"late"'));
    expect(acts()).toBe('');
  }, 30_000);
});
