import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memberHost, storeHost } from '../../src/model/host.js';
import { freshValue } from '../../src/model/reading.js';
import type { HostPort } from '../../src/ports/host.js';
import { commandPort, type Commands } from './command-rig.js';
import { answeringEtcd, programOf, until } from './etcd-support.js';

const store = storeHost('etcd1');
const folder = mkdtempSync(join(tmpdir(), 'ekimi-store-aside-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script, '{name}', '{suffix}'];
const STOPPED = shell('exit 3');
/** A driver with these commands, by which everything is stopped. */
const port = (more: Partial<Commands>, status = STOPPED): HostPort =>
  commandPort(
    {
      status,
      ...{ start: shell('true'), stop: shell('true'), restart: shell('true'), kill: shell('true') },
      ...more,
    },
    5_000,
  );
const SUFFIX = 'ekimi-1';

describe('the data of an etcd member, moved by a command', () => {
  const acts = join(folder, 'acts');
  const moving = (then: string) => shell(`echo "$0 $1" >> ${acts}; ${then}`);
  const move = async (
    argv: readonly string[] | null,
    how: Partial<Parameters<NonNullable<HostPort['moveAside']>>[1]> = {},
    status = STOPPED,
  ) => {
    rmSync(acts, { force: true });
    const moved = await port({ moveStoreAside: argv }, status).moveAside?.(store, {
      id: 'etcd1',
      suffix: SUFFIX,
      ...how,
    });
    return { effect: moved?.effect, to: moved?.to, did: existsSync(acts) ? readFileSync(acts, 'utf8') : '' };
  };
  const did = `etcd1 ${SUFFIX}\n`;

  it.each([
    ['is not configured', null, 'none', ''],
    ['is missing', ['/nowhere/program', '{name}'], 'none', ''],
    ['refuses', moving('echo == refused; echo "an etcd has its database open"'), 'none', did],
    ['says nothing', moving('true'), 'maybe', did],
    ['prints megabytes', moving('yes x'), 'maybe', did],
    ['fails in the middle', moving('echo == moved; echo /d/member.ekimi-1; exit 5'), 'maybe', did],
  ] as const)('is where it was, or nobody knows, where that command %s', async (_what, argv, effect, ran) => {
    expect(await move(argv)).toEqual({ effect, to: null, did: ran });
  });

  it('lies where the command says', async () => {
    const to = '/d/member.ekimi-1';
    expect(await move(moving(`echo == moved; echo ${to}; echo 4`))).toEqual({ effect: 'done', to, did });
  });

  it.each(['', '../x', 'old-1', 'ekimi-../x', 'ekimi-1 x'])('is not moved under .%s: no command is run', async (to) => {
    expect(await move(moving('true'), { suffix: to })).toMatchObject({ effect: 'none', did: '' });
  });

  it.each<[string, readonly string[]]>([
    ['runs', shell('exit 0')],
    ['is of another machine', shell('echo host=somebody-else; exit 3')],
    ['is of no state that is known', shell('exit 1')],
    ['is another run than the one that was looked at', shell('echo id=77; exit 3')],
  ])('is not moved where what is there %s', async (_what, status) => {
    for (const ended of [{}, { ended: true } as const])
      expect(await move(moving('true'), { id: '42', ...ended }, status)).toMatchObject({ effect: 'none', did: '' });
  });

  it('is said to be moved for certain only where it is stopped afterwards, too', async () => {
    const started = join(folder, 'started');
    const status = shell(`[ -e ${started} ] && exit 0; exit 3`);
    const moved = await move(moving(`touch ${started}; echo == moved; echo /d/member.ekimi-1; echo 4`), {}, status);
    rmSync(started);
    expect(moved).toEqual({ effect: 'maybe', to: '/d/member.ekimi-1', did });
  });

  it('of a run that we have stopped: the status command names no run of what is stopped', async () => {
    const done = moving('echo == moved; echo /d/member.ekimi-1; echo 4');
    expect(await move(done, { id: '42' })).toMatchObject({ effect: 'none', did: '' });
    expect(await move(done, { id: '42', ended: true })).toMatchObject({ effect: 'done', did });
    expect(freshValue(await port({}).status(store))).toMatchObject({ id: 'etcd1', isOfNoRun: true });
    expect(freshValue(await port({}, shell('echo id=77; exit 3')).status(store))).not.toHaveProperty('isOfNoRun');
    expect(freshValue(await port({}, shell('exit 0')).status(store))).not.toHaveProperty('isOfNoRun');
  });
});

describe('what may be moved', () => {
  const holds = (more: Partial<Commands>, text = 'holds=member\\n') =>
    port({ storeData: shell(`printf '${text}'`), ...more }).storeData?.(store);
  const told = (whyNotAside: unknown) => ({ kind: 'fresh', value: { holds: 'member', whyNotAside } });

  it('is told beforehand, and that there is no command for it', async () => {
    const moveStoreAside = shell('true');
    expect(await holds({})).toMatchObject(told(expect.stringContaining('hosts.commands.moveStoreAside')));
    expect(await holds({ moveStoreAside })).toMatchObject(told(null));
    const fixed = 'holds=member\\nfixed=its WAL lies elsewhere (--wal-dir)\\n';
    expect(await holds({ moveStoreAside }, fixed)).toMatchObject(told('its WAL lies elsewhere (--wal-dir)'));
  });

  it('is listed of members and of etcd members by commands of their own, each with the one that moves', async () => {
    const [list, act] = [shell('echo == aside; echo == end'), shell('true')];
    const none = { kind: 'unknown', fault: 'not-configured' };
    expect('listAside' in port({ listStoreAside: list, moveAside: act })).toBe(false);
    const stores = port({ listStoreAside: list, moveStoreAside: act });
    expect(await stores.listAside?.(store)).toMatchObject({ kind: 'fresh', value: [] });
    expect(await stores.listAside?.(memberHost('patroni1'))).toMatchObject(none);
    const members = port({ listAside: list, moveAside: act });
    expect(await members.listAside?.(memberHost('patroni1'))).toMatchObject({ kind: 'fresh', value: [] });
    expect(await members.listAside?.(store)).toMatchObject(none);
  });
});

const etcd = programOf('etcd');

/** The programs that come with Ekimi, against the data of a real etcd. */
describe.skipIf(etcd === null)('the data of a real etcd', () => {
  const shipped = (data: string): HostPort =>
    port({
      storeData: ['config/ekimi-store-data', data],
      moveStoreAside: ['config/ekimi-move-store-aside', '{suffix}', data],
      listStoreAside: ['config/ekimi-list-store-aside', data],
    });
  const move = (by: HostPort) => by.moveAside?.(store, { id: 'etcd1', suffix: SUFFIX });

  it('is not moved while it has it open, whatever the status command says; then it is, and a new one begins', async () => {
    const { lab, admin } = await answeringEtcd(etcd ?? '');
    try {
      const data = join(lab.folder, 'etcd1');
      const by = shipped(data);
      await admin.put('ekimi/kept').value('yes');
      expect(await by.storeData?.(store)).toMatchObject({ value: { holds: 'member', whyNotAside: null } });
      expect(await move(by)).toMatchObject({
        effect: 'none',
        to: null,
        text: expect.stringContaining('an etcd has its database open') as string,
      });
      await lab.kill('etcd1');
      const to = join(data, `member.${SUFFIX}`);
      expect(await move(by)).toMatchObject({ effect: 'done', to, bytes: expect.any(Number) as number });
      expect(existsSync(join(to, 'snap/db'))).toBe(true);
      expect(await by.storeData?.(store)).toMatchObject({ value: { holds: 'nothing' } });
      expect(await by.listAside?.(store)).toMatchObject({
        kind: 'fresh',
        value: [{ name: `member.${SUFFIX}`, path: to }],
      });
      lab.start('etcd1');
      const read = () => admin.get('ekimi/kept').string();
      await until('the new etcd answers', () =>
        read().then(
          (value) => value === null,
          () => false,
        ),
      );
      await lab.kill('etcd1');
      // A second of that name is never written over.
      expect(await move(by)).toMatchObject({
        effect: 'none',
        text: expect.stringContaining('there already') as string,
      });
      expect(await by.storeData?.(store)).toMatchObject({ value: { holds: 'member' } });
    } finally {
      admin.close();
      await lab.stop();
    }
  }, 60_000);

  it('is not moved where nobody can see whether an etcd has it open, nor under another name; both are told', () => {
    const data = mkdtempSync(join(folder, 'data-'));
    for (const part of ['wal', 'snap']) mkdirSync(join(data, 'member', part), { recursive: true });
    const tools = mkdtempSync(join(folder, 'tools-'));
    for (const tool of ['readlink', 'cut', 'grep', 'timeout', 'du', 'mv', 'ls'])
      symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(tools, tool));
    const run = (PATH: string, program: string, ...args: readonly string[]) =>
      execFileSync('/bin/sh', [`config/${program}`, ...args], { encoding: 'utf8', env: { PATH } });
    const why = 'there is no flock, by which an etcd is seen that has it open';
    expect(run(tools, 'ekimi-store-data', data)).toBe(`holds=member\nfixed=${why}\n`);
    expect(run(tools, 'ekimi-move-store-aside', SUFFIX, data)).toBe(`== refused\n${why}\n`);
    for (const name of ['', 'old', 'ekimi-', 'ekimi-1/../../out', 'ekimi-1 x'])
      expect(run(process.env['PATH'] ?? '', 'ekimi-move-store-aside', name, data)).toContain('no suffix of Ekimi');
    expect(readdirSync(data)).toEqual(['member']);
    expect(run(process.env['PATH'] ?? '', 'ekimi-move-store-aside', SUFFIX, data)).toContain('== moved');
  });

  it('that lies elsewhere in part is not moved, and said so before anything is stopped', async () => {
    const data = mkdtempSync(join(folder, 'data-'));
    mkdirSync(join(data, 'member/snap'), { recursive: true });
    writeFileSync(join(data, 'member/snap/db'), '');
    symlinkSync(folder, join(data, 'member/wal'));
    const why = 'its WAL lies elsewhere (--wal-dir)';
    expect(await shipped(data).storeData?.(store)).toMatchObject({ value: { holds: 'member', whyNotAside: why } });
    expect(await move(shipped(data))).toMatchObject({ effect: 'none', text: why });
    expect(existsSync(join(data, 'member/snap/db'))).toBe(true);
    expect(await shipped('/nowhere/etcd').listAside?.(store)).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(await move(shipped('/nowhere/etcd'))).toMatchObject({ effect: 'none' });
  });
});
