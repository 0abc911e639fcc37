import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { extract, pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandTags } from '../../src/adapters/tags/command-tags.js';
import { dockerTags } from '../../src/adapters/tags/docker-tags.js';
import { fileTags } from '../../src/adapters/tags/file-tags.js';
import type { ClusterConfig } from '../../src/model/config.js';
import { memberName } from '../../src/model/names.js';
import type { TagsPort } from '../../src/ports/tags.js';
import { fakeEngine, respond, type EngineHandler } from './docker-support.js';
import { clusterConfig, stillClock } from './patroni-support.js';

const BEFORE = `# mine
scope: 'email-cluster'
tags:
  nofailover: false
  noloadbalance: false # reads
`;
const AFTER = BEFORE.replace('noloadbalance: false', 'noloadbalance: true');

const one = memberName('patroni1');
const set = (port: TagsPort, value: boolean) => port.write({ port: 'tags', member: one, tag: 'noloadbalance', value });

let folder = '';
let engine: Awaited<ReturnType<typeof fakeEngine>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ekimi-tags-'));
  engine = await fakeEngine();
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
const scratch = (text: string | null): { readonly path: string; readonly folder: string } => {
  count += 1;
  const own = join(folder, String(count));
  mkdirSync(own);
  const path = join(own, 'patroni1.yml');
  if (text !== null) writeFileSync(path, text);
  return { path, folder: own };
};

const tagsConfig = (tags: Partial<NonNullable<ClusterConfig['tags']>>, socket = ''): ClusterConfig =>
  clusterConfig({
    tags: { driver: 'file', file: '', commands: null, ...tags },
    hosts: { driver: 'docker', socket, commands: null, members: { patroni1: 'email-patroni1' }, dcs: {}, proxy: {} },
  });

describe('the file driver', () => {
  const fileIn = (own: { readonly folder: string }) =>
    fileTags(tagsConfig({ file: join(own.folder, '{name}.yml') }), stillClock);

  it('changes the token there and back, byte for byte, and keeps the mode', async () => {
    const own = scratch(BEFORE);
    chmodSync(own.path, 0o640);
    const port = fileIn(own);
    expect(await port.read(one)).toMatchObject({ kind: 'fresh', value: false });
    expect(await set(port, true)).toMatchObject({ effect: 'done' });
    expect(readFileSync(own.path, 'utf8')).toBe(AFTER);
    expect(statSync(own.path).mode & 0o777).toBe(0o640);
    expect(await port.read(one)).toMatchObject({ kind: 'fresh', value: true });
    expect(await set(port, false)).toMatchObject({ effect: 'done' });
    expect(readFileSync(own.path, 'utf8')).toBe(BEFORE);
    expect(readdirSync(own.folder)).toEqual(['patroni1.yml']);
  });

  it('puts a new file in place of the old one, so that nobody reads half of it', async () => {
    const own = scratch(BEFORE);
    const { ino } = statSync(own.path);
    await set(fileIn(own), true);
    expect(statSync(own.path).ino).not.toBe(ino);
  });

  it('that finds the value right does not touch the file', async () => {
    const own = scratch(BEFORE);
    const before = statSync(own.path, { bigint: true });
    expect(await set(fileIn(own), false)).toMatchObject({ effect: 'done', text: expect.stringContaining('already') });
    const after = statSync(own.path, { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });

  it('follows a link and leaves it a link', async () => {
    const own = scratch(null);
    const target = join(own.folder, 'real.yml');
    writeFileSync(target, BEFORE);
    symlinkSync('real.yml', own.path);
    expect(await set(fileIn(own), true)).toMatchObject({ effect: 'done' });
    expect(readFileSync(target, 'utf8')).toBe(AFTER);
    expect(readdirSync(own.folder)).toEqual(['patroni1.yml', 'real.yml']);
  });

  it.each([
    ['is not a mapping', '- a\n', 'bad-reply'],
    ['is not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe, 0x0a]), 'bad-reply'],
    ['is not there', null, 'unreachable'],
  ])('whose file %s reads unknown and writes nothing', async (_, content, fault) => {
    const own = scratch(null);
    if (content !== null) writeFileSync(own.path, content);
    const port = fileIn(own);
    expect(await port.read(one)).toMatchObject({ kind: 'unknown', fault });
    expect(await set(port, true)).toMatchObject({ effect: 'none' });
    expect(existsSync(own.path)).toBe(content !== null);
    if (content !== null) expect(readFileSync(own.path)).toEqual(Buffer.from(content));
  });
});

describe('the command driver', () => {
  const node = (script: string): readonly string[] => [process.execPath, '-e', script, '{file}', '{name}', '{host}'];
  const READ = node('process.stdout.write(require("node:fs").readFileSync(process.argv[1]))');
  const WRITE = node('require("node:fs").writeFileSync(process.argv[1], require("node:fs").readFileSync(0))');
  const commandIn = (own: { readonly folder: string }, write = WRITE, read = READ) =>
    commandTags(
      tagsConfig({ driver: 'command', file: join(own.folder, '{name}.yml'), commands: { read, write } }),
      stillClock,
    );

  it('reads the file from one command and pours the new one into the other', async () => {
    const own = scratch(BEFORE);
    const port = commandIn(own);
    expect(await port.read(one)).toMatchObject({ kind: 'fresh', value: false });
    expect(await set(port, true)).toMatchObject({ effect: 'done' });
    expect(readFileSync(own.path, 'utf8')).toBe(AFTER);
  });

  it('names the member and its host to the commands', async () => {
    const own = scratch(BEFORE);
    const read = node(
      'console.log(`noise: ${process.argv[2]} ${process.argv[3]}\\ntags: {noloadbalance: ${process.argv[3] === "email-patroni1"}}`)',
    );
    expect(await commandIn(own, WRITE, read).read(one)).toMatchObject({ kind: 'fresh', value: true });
  });

  it.each([
    ['exits 0 and writes nothing', node(''), 'none'],
    ['fails and has written nothing', node('process.exit(1)'), 'none'],
    [
      'fails after it has written',
      node('require("node:fs").writeFileSync(process.argv[1], require("node:fs").readFileSync(0)); process.exit(1)'),
      'done',
    ],
    ['writes half', node('require("node:fs").writeFileSync(process.argv[1], "scope: x")'), 'maybe'],
    ['does not exist', ['/nowhere/program'], 'none'],
  ] as const)('whose write command %s is judged by the file', async (_, write, effect) => {
    expect(await set(commandIn(scratch(BEFORE), write), true)).toMatchObject({ effect });
  });

  it('whose read command fails is unknown', async () => {
    expect(await commandIn(scratch(null)).read(one)).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    const none = commandTags(tagsConfig({ driver: 'command' }), stillClock);
    expect(await none.read(one)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
  });
});

const tarOf = async (header: Partial<Header> & Pick<Header, 'name'>, text: string): Promise<Buffer> => {
  const archive = pack();
  if (header.type === 'symlink') archive.entry(header);
  else archive.entry(header, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const untar = async (archive: Buffer): Promise<{ readonly header: Header; readonly text: string }> => {
  const entries = extract();
  entries.end(archive);
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    return { header: entry.header, text: Buffer.concat(chunks).toString('utf8') };
  }
  throw new Error('an empty archive');
};

/** A container of files: what is put there, and by whom and with which mode. */
function container(
  files: Record<string, { text: string; header: Partial<Header> }>,
  mounted: readonly string[] = [],
): EngineHandler {
  const command: string[] = [];
  return (request, response) => {
    const path = request.query.get('path') ?? '';
    const work = async (): Promise<void> => {
      if (request.path.endsWith('/archive') && request.method === 'GET') {
        const file = files[path];
        if (file === undefined) respond(response, 404, { message: `Could not find the file ${path}` });
        else response.end(await tarOf({ ...file.header, name: basename(path) }, file.text));
      } else if (request.path.endsWith('/archive')) {
        const { header, text } = await untar(request.body);
        const at = join(path, header.name);
        if (mounted.includes(at)) {
          respond(response, 500, { message: `unlinkat ${at}: device or resource busy` });
          return;
        }
        files[at] = { text, header: { mode: header.mode, uid: header.uid, gid: header.gid } };
        respond(response, 200);
      } else if (request.path.endsWith('/exec')) {
        command.splice(0, Infinity, ...(JSON.parse(request.body.toString('utf8')) as { Cmd: string[] }).Cmd);
        respond(response, 201, { Id: 'x1' });
      } else if (request.path === '/exec/x1/start') {
        const [from = '', to = ''] = command.slice(-2);
        files[to] = { ...files[to], text: files[from]?.text ?? '', header: files[to]?.header ?? {} };
        files[from] = { text: '', header: {} };
        respond(response, 200);
      } else respond(response, 200, { ExitCode: 0 });
    };
    void work();
  };
}

describe('the Docker driver', () => {
  const dockerIn = (file = '/etc/patroni.yml') =>
    dockerTags(tagsConfig({ driver: 'docker', file }, engine.socket), stillClock);
  const owned = { mode: 0o600, uid: 101, gid: 102 };

  it('changes the token there and back, and keeps owner, group and mode', async () => {
    const files = { '/etc/patroni.yml': { text: BEFORE, header: owned } };
    engine.handle(container(files));
    const port = dockerIn();
    expect(await port.read(one)).toMatchObject({
      kind: 'fresh',
      value: false,
      source: '/etc/patroni.yml in container email-patroni1',
    });
    expect(await set(port, true)).toMatchObject({ effect: 'done' });
    expect(files['/etc/patroni.yml']).toEqual({ text: AFTER, header: owned });
    expect(await set(port, false)).toMatchObject({ effect: 'done' });
    expect(files['/etc/patroni.yml']).toEqual({ text: BEFORE, header: owned });
  });

  it('that finds the value right puts nothing into the container', async () => {
    engine.handle(container({ '/etc/patroni.yml': { text: BEFORE, header: owned } }));
    expect(await set(dockerIn(), false)).toMatchObject({ effect: 'done' });
    expect(engine.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('follows links to the file itself', async () => {
    const files = {
      '/etc/patroni.yml': { text: '', header: { type: 'symlink', linkname: '../config/real.yml' } as Partial<Header> },
      '/config/real.yml': { text: BEFORE, header: owned },
    };
    engine.handle(container(files));
    expect(await set(dockerIn(), true)).toMatchObject({ effect: 'done' });
    expect(files['/config/real.yml'].text).toBe(AFTER);
    expect(files['/etc/patroni.yml'].header.type).toBe('symlink');
  });

  it('pours into a file that is a mount of its own, and leaves no password behind in /tmp', async () => {
    const files: Record<string, { text: string; header: Partial<Header> }> = {
      '/etc/patroni.yml': { text: BEFORE, header: owned },
    };
    engine.handle(container(files, ['/etc/patroni.yml']));
    expect(await set(dockerIn(), true)).toMatchObject({ effect: 'done' });
    expect(files['/etc/patroni.yml']?.text).toBe(AFTER);
    const left = Object.entries(files).filter(([path, { text }]) => path.startsWith('/tmp') && text !== '');
    expect(left).toEqual([]);
  });

  it.each([
    ['a file that is not there', container({}), 'http-status'],
    ['a directory', container({ '/etc/patroni.yml': { text: '', header: { type: 'directory' } } }), 'bad-reply'],
    [
      'links in a circle',
      container({ '/etc/patroni.yml': { text: '', header: { type: 'symlink', linkname: 'patroni.yml' } } }),
      'bad-reply',
    ],
    ['an archive that is none', (_, response) => response.end('hello'), 'bad-reply'],
    ['an engine that hangs up', (_, response) => response.destroy(), 'closed'],
  ] as [string, EngineHandler, string][])(
    'that meets %s reads unknown and writes nothing',
    async (_, handler, fault) => {
      engine.handle(handler);
      expect(await dockerIn().read(one)).toMatchObject({ kind: 'unknown', fault });
      expect(await set(dockerIn(), true)).toMatchObject({ effect: 'none' });
      expect(engine.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    },
  );

  it('whose engine refuses the new file says so, with the old one in place', async () => {
    const inside = container({ '/etc/patroni.yml': { text: BEFORE, header: owned } });
    engine.handle((request, response) => {
      if (request.method === 'PUT') respond(response, 400, { message: 'container rootfs is marked read-only' });
      else inside(request, response);
    });
    expect(await set(dockerIn(), true)).toMatchObject({ effect: 'none', text: expect.stringContaining('read-only') });
  });

  it('without a container for the member is not configured', async () => {
    expect(await dockerIn().read(memberName('patroni9'))).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
  });
});
