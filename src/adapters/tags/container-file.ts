import { posix } from 'node:path';
import type { Header } from 'tar-stream';
import type { Reply } from '../../model/plan.js';
import type { ReadingFault } from '../../model/reading.js';
import { engineMessage, type Engine } from '../hosts/docker/engine.js';

export interface ContainerFile {
  readonly kind: 'file';
  /** The path after all links. */
  readonly path: string;
  readonly header: Header;
  readonly bytes: Buffer;
}

export type FileFault = { readonly kind: 'fault'; readonly fault: ReadingFault; readonly why: string };

/** The outcome of a write: `busy` when the file is a mount of its own, whose name cannot be given to another file. */
export interface Written {
  readonly effect: Reply['effect'] | 'busy';
  readonly text: string;
}

const MOST_LINKS = 5;

const archivePath = (container: string): string => `/containers/${encodeURIComponent(container)}/archive`;

/** One file out of a container, running or not, by `GET /containers/NAME/archive`; links are followed. */
export async function readContainerFile(
  engine: Engine,
  container: string,
  path: string,
  deadlineMs: number,
): Promise<ContainerFile | FileFault> {
  let at = path;
  for (let links = 0; links <= MOST_LINKS; links += 1) {
    const outcome = await engine.call({ method: 'GET', path: archivePath(container), query: { path: at }, deadlineMs });
    if (outcome.kind === 'fault') return { kind: 'fault', ...outcome.fault };
    if (outcome.status !== 200) {
      return { kind: 'fault', fault: 'http-status', why: `status ${outcome.status}: ${engineMessage(outcome.body)}` };
    }
    const entry = await firstEntry(outcome.body);
    if (entry === null)
      return { kind: 'fault', fault: 'bad-reply', why: 'the engine sent an archive that cannot be read' };
    if (entry.header.type === 'file') return { kind: 'file', path: at, ...entry };
    if (entry.header.type !== 'symlink' || !entry.header.linkname) {
      return {
        kind: 'fault',
        fault: 'bad-reply',
        why: `it is no file but a ${entry.header.type}`,
      };
    }
    at = posix.resolve(posix.dirname(at), entry.header.linkname);
  }
  return { kind: 'fault', fault: 'bad-reply', why: `more than ${MOST_LINKS} links follow each other` };
}

/** Loaded with the first file, since most daemons read none. */
const tar = () => import('tar-stream');

async function firstEntry(archive: Buffer): Promise<{ header: Header; bytes: Buffer } | null> {
  const entries = (await tar()).extract();
  try {
    entries.end(archive);
    for await (const entry of entries) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      return { header: entry.header, bytes: Buffer.concat(chunks) };
    }
  } catch {
    return null;
  }
  return null;
}

/** An archive with one file in it: who may read it and whose it is come from the file that it replaces. */
async function archiveOf(name: string, old: Header, bytes: Buffer, atMs: number): Promise<Buffer> {
  const archive = (await tar()).pack();
  const { mode, uid, gid } = old;
  archive.entry({ name, type: 'file', mtime: new Date(atMs), mode, uid, gid }, bytes);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Puts the bytes in the file's place by `PUT /containers/NAME/archive`, in the same folder under the same name. */
export async function replaceContainerFile(
  engine: Engine,
  container: string,
  old: ContainerFile,
  bytes: Buffer,
  options: { readonly deadlineMs: number; readonly atMs: number },
): Promise<Written> {
  return putFile(engine, container, { path: old.path, header: old.header }, bytes, options);
}

async function putFile(
  engine: Engine,
  container: string,
  to: { readonly path: string; readonly header: Header },
  bytes: Buffer,
  { deadlineMs, atMs }: { readonly deadlineMs: number; readonly atMs: number },
): Promise<Written> {
  const tar = await archiveOf(posix.basename(to.path), to.header, bytes, atMs);
  const query = { path: posix.dirname(to.path), noOverwriteDirNonDir: '1' };
  const outcome = await engine.call({ method: 'PUT', path: archivePath(container), query, tar, deadlineMs });
  if (outcome.kind === 'fault') {
    return { effect: outcome.written ? 'maybe' : 'none', text: outcome.fault.why };
  }
  const text = `status ${outcome.status}: ${engineMessage(outcome.body)}`;
  if (outcome.status < 300) return { effect: 'done', text: '' };
  if (/device or resource busy/.test(text)) return { effect: 'busy', text };
  return { effect: outcome.status < 500 ? 'none' : 'maybe', text };
}

/**
 * For a file that is a bind mount of its own: the new bytes go to a temporary file in the container, and a shell there pours them into
 * the old one. Not atomic, and only in a running container that has `sh`; the only way that a mounted file can be changed from here.
 */
export async function pourContainerFile(
  engine: Engine,
  container: string,
  old: ContainerFile,
  bytes: Buffer,
  options: { readonly deadlineMs: number; readonly atMs: number },
): Promise<Written> {
  const temporary = `/tmp/ekimi-${posix.basename(old.path)}-${options.atMs}`;
  const put = await putFile(
    engine,
    container,
    { path: temporary, header: { ...old.header, mode: 0o600 } },
    bytes,
    options,
  );
  if (put.effect !== 'done') return put;
  const script = 'cat "$1" > "$2"; code=$?; rm -f "$1"; exit $code';
  const Cmd = ['sh', '-c', script, 'sh', temporary, old.path];
  const created = await engine.call({
    method: 'POST',
    path: `/containers/${encodeURIComponent(container)}/exec`,
    json: { AttachStdout: true, AttachStderr: true, Tty: true, User: '0', Cmd },
    deadlineMs: options.deadlineMs,
  });
  if (created.kind === 'fault') return { effect: created.written ? 'maybe' : 'none', text: created.fault.why };
  const id = stringIn(created.body, 'Id');
  if (created.status >= 300 || id === null) {
    return {
      effect: 'none',
      text: `it is a mount of its own and a command in the container is not possible: ${engineMessage(created.body)}`,
    };
  }
  const ran = await engine.call({
    method: 'POST',
    path: `/exec/${id}/start`,
    json: { Detach: false, Tty: true },
    deadlineMs: options.deadlineMs,
  });
  if (ran.kind === 'fault') return { effect: 'maybe', text: ran.fault.why };
  const ended = await engine.call({ method: 'GET', path: `/exec/${id}/json`, deadlineMs: options.deadlineMs });
  const code = ended.kind === 'answer' ? numberIn(ended.body, 'ExitCode') : null;
  if (code === 0) return { effect: 'done', text: '' };
  const said = ran.body.toString('utf8').trim().slice(0, 200);
  return {
    effect: 'maybe',
    text: `it is a mount of its own, and writing into it ended with code ${code ?? 'unknown'}: ${said}`,
  };
}

function fieldIn(body: Buffer, name: string): unknown {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}

const stringIn = (body: Buffer, name: string): string | null => {
  const value = fieldIn(body, name);
  return typeof value === 'string' ? value : null;
};

const numberIn = (body: Buffer, name: string): number | null => {
  const value = fieldIn(body, name);
  return typeof value === 'number' ? value : null;
};
