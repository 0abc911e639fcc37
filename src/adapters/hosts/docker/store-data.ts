import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { StoreData } from '../../../model/store-data.js';
import type { Clock } from '../../../ports/clock.js';
import { hostNamed } from '../named.js';
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
  if (seen.status === 200) return fresh({ holds: seen === member ? 'member' : 'nothing' }, atMs, source);
  return seen.status === 404
    ? unknown('bad-reply', `${source}: there is no such directory (hosts.dcsData)`, atMs, source)
    : unknown('http-status', `${source}: status ${seen.status}`, atMs, source);
}
