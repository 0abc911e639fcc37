import type { ClusterConfig } from '../../../model/config.js';
import type { DiskStatus } from '../../../model/disk.js';
import type { HostTarget } from '../../../model/host.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { SurplusWal, WalSpan } from '../../../model/surplus.js';
import type { Clock } from '../../../ports/clock.js';
import { hostNamed } from '../named.js';
import { diskFrom, DISK_SCRIPT } from '../df.js';
import { surplusFrom, WALDUMP_DEADLINE_MS, WALDUMP_SCRIPT } from '../waldump.js';
import type { Engine } from './engine.js';
import { execIn } from './exec.js';

/** A file system that hangs must not hold up a pass: what is not there by then is unknown. */
const DEADLINE_MS = 3_000;
/** Where a member's own configuration is in the images of Debian and of the Spilo family, if `tags.file` says nothing. */
export const PATRONI_FILES = ['/etc/patroni.yml', '/etc/patroni/config.yml', '/home/postgres/postgres.yml'];

export const filesOf = (cluster: ClusterConfig): readonly string[] =>
  cluster.tags?.driver === 'docker' ? [cluster.tags.file] : PATRONI_FILES;

interface Inside {
  readonly cluster: ClusterConfig;
  readonly engine: Engine | null;
  readonly clock: Clock;
}

/**
 * `df` of a member's PGDATA and pg_wal, run in its container by the Engine API. The directory is `postgresql.data_dir` of its own patroni.yml,
 * else $PGDATA; a directory that is being made anew is looked for above itself. A container that does not run tells nothing.
 */
export const diskOfContainer = (inside: Inside, target: HostTarget): Promise<Reading<DiskStatus>> =>
  inContainer(inside, target, {
    what: 'df',
    script: DISK_SCRIPT,
    args: [],
    deadlineMs: Math.min(inside.cluster.deadlines.host, DEADLINE_MS),
    read: (lines) => diskFrom(lines.join('\n')) ?? 'it printed no volume',
  });

/** `pg_waldump` of the WAL that only this member has, run in its container. */
export const surplusOfContainer = (inside: Inside, target: HostTarget, span: WalSpan): Promise<Reading<SurplusWal>> =>
  inContainer(inside, target, {
    what: 'pg_waldump',
    script: WALDUMP_SCRIPT,
    args: [String(span.timeline), span.from],
    deadlineMs: WALDUMP_DEADLINE_MS,
    read: (lines) => surplusFrom(lines.join('\n'), span),
  });

interface Script<T> {
  readonly what: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly deadlineMs: number;
  /** A text: why there is nothing in it. */
  readonly read: (lines: readonly string[]) => T | string;
}

async function inContainer<T extends object>(
  { cluster, engine, clock }: Inside,
  target: HostTarget,
  { what, script, args, deadlineMs, read }: Script<T>,
): Promise<Reading<T>> {
  const container = hostNamed(cluster, target);
  // The script looks for PGDATA, which nobody else has.
  if (target.kind !== 'member') return notConfigured(`${what} of ${target.name}`, clock.now());
  if (engine === null || container === undefined) return notConfigured(`container of ${target.name}`, clock.now());
  const source = `${what} in ${container} on ${engine.address}`;
  const files = filesOf(cluster);
  const cmd = ['sh', '-c', script, 'sh', ...args, ...files];
  const printed = await execIn(engine, container, { cmd, deadlineMs });
  if ('fault' in printed) return unknown(printed.fault.fault, `${source}: ${printed.fault.why}`, clock.now(), source);
  const value = read(printed.lines);
  return typeof value === 'string'
    ? unknown('bad-reply', `${source}: ${value}`, clock.now(), source)
    : fresh(value, clock.now(), source);
}
