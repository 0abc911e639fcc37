import { z } from 'zod';
import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { StoreData } from '../../../model/store-data.js';
import type { Clock } from '../../../ports/clock.js';
import type { Exchange } from '../../patroni/exchange.js';
import { hostNamed } from '../named.js';
import { describeContainer } from './beside.js';
import type { Engine } from './engine.js';

interface Outside {
  readonly cluster: ClusterConfig;
  readonly engine: Engine;
  readonly clock: Clock;
}

/**
 * Whether the data directory of an etcd member (`hosts.dcsData`, in its container) holds a member's data. The engine tells of a path in a container
 * that is stopped, too, and nothing is read or started for it. A directory that is not there is unknown: the path may be the wrong one.
 */
export async function storeDataOfContainer(
  { cluster, engine, clock }: Outside,
  target: HostTarget,
): Promise<Reading<StoreData>> {
  const container = hostNamed(cluster, target);
  const directory = cluster.hosts?.dcsData ?? null;
  if (target.kind !== 'store' || container === undefined || directory === null)
    return notConfigured(`data directory of ${target.name} (hosts.dcsData)`, clock.now());
  const source = `${directory} in ${container} on ${engine.address}`;
  const deadlineMs = cluster.deadlines.host;
  const stat = (path: string) =>
    engine.call({
      method: 'HEAD',
      path: `/containers/${encodeURIComponent(container)}/archive`,
      query: { path },
      deadlineMs,
    });
  const member = await stat(`${directory}/member`);
  // Of a path that is not there and of a container that is not there the engine says the same: the directory tells them apart.
  const seen = member.kind === 'answer' && member.status === 404 ? await stat(directory) : member;
  const atMs = clock.now();
  if (seen.kind === 'fault') return unknown(seen.fault.fault, `${source}: ${seen.fault.why}`, atMs, source);
  if (seen.status === 200 && seen === member)
    return fresh({ holds: 'member', whyNotAside: await whyNotAside(stat, engine, container, directory) }, atMs, source);
  if (seen.status === 200) return fresh({ holds: 'nothing' }, atMs, source);
  return seen.status === 404
    ? unknown('bad-reply', `${source}: there is no such directory (hosts.dcsData)`, atMs, source)
    : unknown('http-status', `${source}: status ${seen.status}`, atMs, source);
}

type Stat = (path: string) => Promise<Exchange<Buffer>>;

/** What must be one rename in one volume, as far as the engine tells of it before: refused then is better than when everything is stopped. */
async function whyNotAside(stat: Stat, engine: Engine, container: string, directory: string): Promise<string | null> {
  const found = await describeContainer(engine, container);
  if (typeof found === 'string') return found;
  const member = `${directory}/member`;
  const mounted = found.Mounts.map(({ Destination }) => `${Destination}/`);
  const inside = mounted.find((place) => place.startsWith(`${member}/`));
  if (inside !== undefined) return `${inside.slice(0, -1)} is mounted, which cannot be renamed`;
  if (!mounted.some((place) => `${directory}/`.startsWith(place)))
    return `${directory} lies in no volume of ${container}`;
  for (const path of [member, `${member}/wal`]) {
    const seen = await stat(path);
    if (seen.kind === 'fault') return `${path}: ${seen.fault.why}`;
    const link = seen.status === 200 ? linkOf(seen.headers['x-docker-container-path-stat']) : 'elsewhere';
    if (link !== '')
      return `its WAL may lie elsewhere (--wal-dir): ${path} ${link === null ? 'is not described' : `is ${link}`}`;
  }
  return null;
}

const pathStatAs = z.object({ linkTarget: z.string() });

/** Where a path leads, as the engine describes it; empty: it is no link. Null: it is not described. */
function linkOf(header: string | undefined): string | null {
  try {
    const described: unknown = JSON.parse(Buffer.from(header ?? '', 'base64').toString('utf8'));
    return pathStatAs.safeParse(described).data?.linkTarget ?? null;
  } catch {
    return null;
  }
}
