import type { ClusterConfig } from '../../model/config.js';
import type { MemberName } from '../../model/names.js';
import type { Clock } from '../../ports/clock.js';
import type { TagsPort } from '../../ports/tags.js';
import { dockerEngine } from '../hosts/docker/engine.js';
import {
  pourContainerFile,
  readContainerFile,
  replaceContainerFile,
  type ContainerFile,
  type FileFault,
} from './container-file.js';
import { tagsPort, type FileAccess } from './tags-port.js';

/** `tags.file` inside the member's container (`hosts.members`), by the Engine API at `hosts.socket`; `{name}` becomes the member's name. */
export function dockerTags(cluster: ClusterConfig, clock: Clock): TagsPort {
  const hosts = cluster.hosts;
  const deadlineMs = cluster.deadlines.host;
  const engine = hosts === null ? null : dockerEngine(hosts.socket, deadlineMs);
  const pathOf = (member: MemberName): string => (cluster.tags?.file ?? '').replaceAll('{name}', member);

  async function fileOf(member: MemberName): Promise<ContainerFile | FileFault> {
    const container = hosts?.members[member];
    if (engine === null || container === undefined) {
      return {
        kind: 'fault',
        fault: 'not-configured',
        why: `no container is configured for ${member} (hosts.members)`,
      };
    }
    return readContainerFile(engine, container, pathOf(member), deadlineMs);
  }

  const files: FileAccess = {
    source: (member) => `${pathOf(member)} in container ${hosts?.members[member] ?? 'unknown'}`,
    read: async (member) => {
      const file = await fileOf(member);
      return file.kind === 'file' ? { kind: 'bytes', bytes: file.bytes } : file;
    },
    replace: async (member, before, after) => {
      const file = await fileOf(member);
      const container = hosts?.members[member];
      if (file.kind === 'fault' || engine === null || container === undefined) {
        return { effect: 'none', text: file.kind === 'fault' ? file.why : 'not configured' };
      }
      if (!file.bytes.equals(before)) return { effect: 'none', text: 'somebody else has changed it in this moment' };
      const options = { deadlineMs, atMs: clock.now() };
      const put = await replaceContainerFile(engine, container, file, after, options);
      if (put.effect !== 'busy') return { effect: put.effect, text: put.text };
      const poured = await pourContainerFile(engine, container, file, after, options);
      return { effect: poured.effect === 'busy' ? 'none' : poured.effect, text: poured.text };
    },
  };
  return tagsPort(files, clock);
}
