import type { Aside, AsideDirectory } from '../../../model/aside.js';
import { isAsideName, isAsideSuffix } from '../../../model/aside.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';
import type { Reply } from '../../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import { replyingSince } from '../../reply.js';
import { readContainerFile } from '../../tags/container-file.js';
import {
  ASIDE_SCRIPT,
  asideFrom,
  asidesFrom,
  directoryFrom,
  LIST_ASIDE_SCRIPT,
  LIST_STORE_ASIDE_SCRIPT,
  REMOVE_ASIDE_SCRIPT,
  removedFrom,
  STORE_ASIDE_SCRIPT,
} from '../aside.js';
import { hostNamed } from '../named.js';
import { besideContainer, describeContainer, type Beside, type Described } from './beside.js';
import { filesOf } from './disk.js';
import type { Engine } from './engine.js';
import { execIn } from './exec.js';

/** To make a container takes a second where a machine is busy, and so does its end. */
const DEADLINE_MS = 15_000;
/** A deletion that takes longer goes on by itself, and is not known to have ended. */
const REMOVAL_DEADLINE_MS = 120_000;

interface Inside {
  readonly cluster: ClusterConfig;
  readonly engine: Engine | null;
  readonly clock: Clock;
}

interface Script {
  readonly script: string;
  readonly args: readonly string[];
  readonly deadlineMs: number;
  /** The volumes are mounted so, where a second container is made. */
  readonly readOnly?: boolean;
}

/**
 * Renames the data directory of a stopped container's member, or the data of an etcd member, in its own volume. That the container is stopped is
 * looked at before and after: the engine has no way to hold it meanwhile. A process of another container on the same volume is not seen, but for an
 * etcd, by the lock on its database.
 */
export async function moveAsideInVolumes(
  inside: Inside,
  target: HostTarget,
  { id, suffix }: { readonly id: string; readonly suffix: string },
): Promise<Aside> {
  const reply = replyingSince(inside.clock);
  const said = (effect: Reply['effect'], text: string, moved: Partial<Aside> = {}): Aside => ({
    ...{ ...reply(effect, text), to: null, bytes: null },
    ...moved,
  });
  const found = isAsideSuffix(suffix) ? await anyOf(inside, target) : `"${suffix}" is no suffix of a directory`;
  if (typeof found === 'string') return said('none', `${found}; nothing was done`);
  const { engine, container, seen } = found;
  if (seen.Id !== id) return said('none', `another container bears the name of ${container} now`);
  if (isUp(seen)) return said('none', `${container} is not stopped`);
  const ran =
    target.kind === 'store'
      ? await besideStore(inside, found, { script: STORE_ASIDE_SCRIPT, args: [suffix] })
      : await inVolumes(inside, found, { script: ASIDE_SCRIPT, args: [suffix], deadlineMs: DEADLINE_MS });
  if ('why' in ran) return said(ran.begun ? 'maybe' : 'none', ran.why);
  const moved = asideFrom(ran.lines);
  if (moved === null) return said('maybe', 'it did not say what it did');
  if ('no' in moved) return said('none', moved.no);
  // In what lies in no volume only the copy that the second container had of its image was renamed, and that is gone.
  if (!isInVolume(seen, moved.to)) return said('none', `the data directory lies in no volume of ${container}`);
  const now = await describeContainer(engine, container);
  if (typeof now !== 'string' && now.Id === id && !isUp(now)) return said('done', moved.to, moved);
  return said('maybe', `${moved.to}; ${container} was started meanwhile, or nobody can tell`, moved);
}

const isInVolume = ({ Mounts }: Described, path: string): boolean =>
  Mounts.some(({ Destination }) => path.startsWith(`${Destination}/`));

/** What lies aside of the data directory of a member, or of an etcd member (`hosts.dcsData`), whether its container runs or not. */
export async function listAsideInVolumes(
  inside: Inside,
  target: HostTarget,
): Promise<Reading<readonly AsideDirectory[]>> {
  const { clock } = inside;
  const what = `what lies aside of ${target.name}`;
  if (inside.engine === null || !isListed(inside.cluster, target)) return notConfigured(what, clock.now());
  const source = `${what} on ${inside.engine.address}`;
  const bad = (why: string) => unknown('bad-reply', `${source}: ${why}`, clock.now(), source);
  const found = await anyOf(inside, target);
  if (typeof found === 'string') return bad(found);
  const ran =
    target.kind === 'store'
      ? await besideStore(inside, found, { script: LIST_STORE_ASIDE_SCRIPT, args: [], readOnly: true })
      : await inVolumes(inside, found, {
          script: LIST_ASIDE_SCRIPT,
          args: [],
          deadlineMs: DEADLINE_MS,
          readOnly: true,
        });
  if ('why' in ran) return bad(ran.why);
  const listed = asidesFrom(ran.lines);
  if (listed === null) return bad('it did not say what it saw');
  if ('no' in listed) return bad(listed.no);
  const directory = directoryFrom(ran.lines);
  if (directory !== null && !isInVolume(found.seen, directory))
    return bad(`the data directory lies in no volume of ${found.container}`);
  return fresh(listed.directories, clock.now(), source);
}

const isListed = (cluster: ClusterConfig, target: HostTarget): boolean =>
  hostNamed(cluster, target) !== undefined &&
  (target.kind === 'member' || (target.kind === 'store' && cluster.hosts?.dcsData != null));

/** Deletes one that lies aside, by the name of its folder. */
export async function removeAsideInVolumes(inside: Inside, target: HostTarget, name: string): Promise<Reply> {
  const reply = replyingSince(inside.clock);
  const found = isAsideName(name) ? await containerOf(inside, target) : `"${name}" is no name of what lies aside`;
  if (typeof found === 'string') return reply('none', `${found}; nothing was done`);
  const script = { script: REMOVE_ASIDE_SCRIPT, args: [name], deadlineMs: REMOVAL_DEADLINE_MS };
  const ran = await inVolumes(inside, found, script);
  if ('why' in ran) return reply(ran.begun ? 'maybe' : 'none', ran.why);
  const removed = removedFrom(ran.lines);
  if (removed === null) return reply('maybe', 'it did not say what it did');
  return 'no' in removed ? reply('none', removed.no) : reply('done', removed.removed);
}

interface Found {
  readonly engine: Engine;
  readonly container: string;
  readonly seen: Described;
}

async function containerOf({ cluster, engine }: Inside, target: HostTarget): Promise<Found | string> {
  const container = hostNamed(cluster, target);
  if (target.kind !== 'member' || engine === null || container === undefined)
    return `no container of a member is configured for ${target.name}`;
  const seen = await describeContainer(engine, container);
  return typeof seen === 'string' ? seen : { engine, container, seen };
}

/** A member, or an etcd member whose data directory is configured. */
async function anyOf(inside: Inside, target: HostTarget): Promise<Found | string> {
  if (target.kind !== 'store') return containerOf(inside, target);
  const { cluster, engine } = inside;
  const container = hostNamed(cluster, target);
  if (engine === null || container === undefined || cluster.hosts?.dcsData == null)
    return `no container, or no data directory (hosts.dcsData), is configured for ${target.name}`;
  const seen = await describeContainer(engine, container);
  return typeof seen === 'string' ? seen : { engine, container, seen };
}

/** etcd's own image has no shell. That of a member of Patroni has one, and the engine has that image. */
async function besideStore(
  { cluster }: Inside,
  { engine, container, seen }: Found,
  { script, args, readOnly = false }: Omit<Script, 'deadlineMs'>,
): Promise<Beside> {
  const [member] = Object.values(cluster.hosts?.members ?? {});
  const other =
    member === undefined ? 'no container of a member is configured' : await describeContainer(engine, member);
  if (typeof other === 'string') return { why: other, begun: false };
  const all = [...args, cluster.hosts?.dcsData ?? ''];
  const work = { name: container, script, args: all, dataDir: null, deadlineMs: DEADLINE_MS, readOnly };
  return besideContainer(engine, { ...seen, Image: other.Image }, work);
}

/** In the container itself while it runs, where its postmaster is seen; else in one beside it. */
async function inVolumes(
  { cluster }: Inside,
  { engine, container, seen }: Found,
  { script, args, deadlineMs, readOnly = false }: Script,
): Promise<Beside> {
  const files = filesOf(cluster);
  if (seen.State.Running) {
    const cmd = ['sh', '-c', script, 'sh', ...args, ...files];
    const printed = await execIn(engine, container, { cmd, deadlineMs });
    return 'fault' in printed ? { why: printed.fault.why, begun: true } : printed;
  }
  const dataDir = await dataDirOf(engine, seen.Id, files);
  if (typeof dataDir === 'object' && dataDir !== null) return { why: dataDir.why, begun: false };
  return besideContainer(engine, seen, { name: container, script, args, dataDir, deadlineMs, readOnly });
}

/** As the container's own patroni.yml has it: that of its image may be another. Null: none of these files names one. */
async function dataDirOf(
  engine: Engine,
  container: string,
  files: readonly string[],
): Promise<string | { readonly why: string } | null> {
  for (const path of files) {
    const file = await readContainerFile(engine, container, path, DEADLINE_MS);
    if (file.kind === 'fault') {
      if (file.fault === 'http-status' && file.why.startsWith('status 404')) continue;
      return { why: `${path} of ${container} cannot be read: ${file.why}` };
    }
    const named = /^[ \t]*data_dir:[ \t]*(.+?)[ \t]*$/m.exec(file.bytes.toString('utf8'))?.[1]?.replace(/["']/g, '');
    if (named !== undefined) return named;
  }
  return null;
}

const isUp = ({ State }: Described): boolean => State.Running || State.Paused || State.Restarting;
