import type { ClusterConfig } from '../../model/config.js';
import type { MemberName } from '../../model/names.js';
import type { Clock } from '../../ports/clock.js';
import type { TagsPort } from '../../ports/tags.js';
import { fillIn, runCommand } from '../hosts/command/run.js';
import { tagsPort, type FileAccess } from './tags-port.js';

/**
 * The operator's own commands, run without a shell. In their arguments `{name}` becomes the member's name, `{host}` its host
 * (`hosts.members`, or the name again) and `{file}` the path of `tags.file`.
 *
 * - `read` prints the member's whole patroni.yml and exits 0.
 * - `write` gets the whole new file on its standard input, replaces the old one (atomically, owner and mode kept) and exits 0.
 */
export function commandTags(cluster: ClusterConfig, clock: Clock): TagsPort {
  const commands = cluster.tags?.commands ?? null;
  const deadlineMs = cluster.deadlines.host;
  const hidden = cluster.secretEnv ?? [];
  const argvOf = (template: readonly string[] | undefined, member: MemberName): readonly string[] => {
    const values = { name: member, host: cluster.hosts?.members[member] ?? member };
    const file = fillIn([cluster.tags?.file ?? ''], values)[0] ?? '';
    return fillIn(template ?? [], { ...values, file });
  };

  const files: FileAccess = {
    source: (member) => argvOf(commands?.read, member).join(' ') || 'tags.commands.read',
    read: async (member) => {
      const outcome = await runCommand(argvOf(commands?.read, member), { deadlineMs, hidden });
      if (outcome.kind === 'fault') return { kind: 'fault', ...outcome.fault };
      if (outcome.code === 0) return { kind: 'bytes', bytes: outcome.stdout };
      return { kind: 'fault', fault: 'bad-reply', why: `exit code ${outcome.code ?? 'none'}: ${outcome.stderr}` };
    },
    replace: async (member, _before, after) => {
      const argv = argvOf(commands?.write, member);
      const outcome = await runCommand(argv, { deadlineMs, hidden, stdin: after });
      if (outcome.kind === 'fault') {
        return { effect: outcome.started ? 'maybe' : 'none', text: `${argv.join(' ')}: ${outcome.fault.why}` };
      }
      if (outcome.code === 0) return { effect: 'done', text: '' };
      return { effect: 'maybe', text: `${argv.join(' ')}: exit code ${outcome.code ?? 'none'}: ${outcome.stderr}` };
    },
  };
  return tagsPort(files, clock);
}
