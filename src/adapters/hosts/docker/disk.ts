import type { ClusterConfig } from '../../../model/config.js';
import type { DiskStatus } from '../../../model/disk.js';
import type { HostTarget } from '../../../model/host.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import { hostNamed } from '../named.js';
import { diskFrom, DISK_SCRIPT } from '../df.js';
import { engineMessage, type Engine } from './engine.js';
import { logLinesFrom } from './logs.js';

/** A file system that hangs must not hold up a pass: what is not there by then is unknown. */
const DEADLINE_MS = 3_000;
/** Where a member's own configuration is in the images of Debian and of the Spilo family, if `tags.file` says nothing. */
const PATRONI_FILES = ['/etc/patroni.yml', '/etc/patroni/config.yml', '/home/postgres/postgres.yml'];

/**
 * `df` of a member's PGDATA and pg_wal, run in its container by the Engine API. The directory is `postgresql.data_dir` of its own patroni.yml,
 * else $PGDATA; a directory that is being made anew is looked for above itself. A container that does not run tells nothing.
 */
export async function diskOfContainer(
  {
    cluster,
    engine,
    clock,
  }: { readonly cluster: ClusterConfig; readonly engine: Engine | null; readonly clock: Clock },
  target: HostTarget,
): Promise<Reading<DiskStatus>> {
  const container = hostNamed(cluster, target);
  // The script looks for PGDATA, which nobody else has.
  if (target.kind !== 'member') return notConfigured(`disk of ${target.name}`, clock.now());
  if (engine === null || container === undefined) return notConfigured(`container of ${target.name}`, clock.now());
  const source = `df in ${container} on ${engine.address}`;
  const failed = (why: string): Reading<DiskStatus> => unknown('bad-reply', `${source}: ${why}`, clock.now(), source);
  const files = cluster.tags?.driver === 'docker' ? [cluster.tags.file] : PATRONI_FILES;
  const deadlineMs = Math.min(cluster.deadlines.host, DEADLINE_MS);
  const created = await engine.call({
    method: 'POST',
    path: `/containers/${encodeURIComponent(container)}/exec`,
    json: { AttachStdout: true, AttachStderr: false, Cmd: ['sh', '-c', DISK_SCRIPT, 'sh', ...files] },
    deadlineMs,
  });
  if (created.kind === 'fault')
    return unknown(created.fault.fault, `${source}: ${created.fault.why}`, clock.now(), source);
  if (created.status >= 300) return failed(engineMessage(created.body));
  const id = idIn(created.body);
  if (id === null) return failed('the engine told no id');
  const ran = await engine.call({
    method: 'POST',
    path: `/exec/${id}/start`,
    json: { Detach: false, Tty: false },
    deadlineMs,
  });
  if (ran.kind === 'fault') return unknown(ran.fault.fault, `${source}: ${ran.fault.why}`, clock.now(), source);
  if (ran.status >= 300) return failed(engineMessage(ran.body));
  const disk = diskFrom(logLinesFrom(ran.body).join('\n'));
  return disk === null ? failed('it printed no volume') : fresh(disk, clock.now(), source);
}

function idIn(body: Buffer): string | null {
  try {
    const { Id } = JSON.parse(body.toString('utf8')) as { readonly Id?: unknown };
    return typeof Id === 'string' && /^[0-9a-f]+$/i.test(Id) ? Id : null;
  } catch {
    return null;
  }
}
