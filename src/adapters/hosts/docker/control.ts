import type { ControlData } from '../../../model/control.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import { readContainerFile } from '../../tags/container-file.js';
import { controlFrom } from '../control-file.js';
import { hostNamed } from '../named.js';
import { PATRONI_FILES } from './disk.js';
import type { Engine } from './engine.js';

interface Outside {
  readonly cluster: ClusterConfig;
  readonly engine: Engine;
  readonly clock: Clock;
}

/** The control file of a member's data directory, out of its container by the Engine API, which has it of a stopped one too. */
export async function controlOfContainer(
  { cluster, engine, clock }: Outside,
  target: HostTarget,
): Promise<Reading<ControlData>> {
  const container = hostNamed(cluster, target);
  if (container === undefined || target.kind !== 'member')
    return notConfigured(`container of ${target.name}`, clock.now());
  const deadlineMs = cluster.deadlines.host;
  const source = `pg_control in ${container} on ${engine.address}`;
  const directory = await directoryIn(cluster, engine, container);
  if (directory === null)
    return unknown('bad-reply', `${source}: no patroni.yml names its data directory`, clock.now(), source);
  const file = await readContainerFile(engine, container, `${directory}/global/pg_control`, deadlineMs);
  if (file.kind === 'fault') return unknown(file.fault, `${source}: ${file.why}`, clock.now(), source);
  const value = controlFrom(file.bytes);
  return typeof value === 'string'
    ? unknown('bad-reply', `${source}: ${value}`, clock.now(), source)
    : fresh(value, clock.now(), source);
}

/** `postgresql.data_dir` of its own patroni.yml, as the scripts look for it. */
async function directoryIn(cluster: ClusterConfig, engine: Engine, container: string): Promise<string | null> {
  const files = cluster.tags?.driver === 'docker' ? [cluster.tags.file] : PATRONI_FILES;
  for (const path of files) {
    const file = await readContainerFile(engine, container, path, cluster.deadlines.host);
    const found = file.kind === 'file' ? /^\s*data_dir:\s*["']?([^"'#\n]+)/m.exec(file.bytes.toString('utf8')) : null;
    if (found?.[1] !== undefined) return found[1].trim();
  }
  return null;
}
