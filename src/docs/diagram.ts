import { arrowsOf, type MachineConfig } from '../machines/arrows.js';

/** Mermaid's stateDiagram of a machine, from the very configuration that runs. Names keep their words, ids lose what Mermaid cannot take. */
export function diagramOf(config: MachineConfig): string {
  const lines = ['stateDiagram-v2'];
  if (typeof config.initial === 'string') lines.push(`  [*] --> ${idOf(config.initial)}`);
  const states = Object.entries(config.states ?? {});
  const arrows = arrowsOf(config);
  for (const [name] of states) if (idOf(name) !== name) lines.push(`  state "${name}" as ${idOf(name)}`);
  for (const [name, state] of states) {
    for (const { to, event, guard } of arrows.filter(({ from }) => from === name))
      lines.push(`  ${idOf(name)} --> ${idOf(to)}: ${event}${guard === null ? '' : ` [${guard}]`}`);
    if (state.type === 'final') lines.push(`  ${idOf(name)} --> [*]`);
  }
  for (const { to, event } of arrows.filter(({ from }) => from === null))
    lines.push(`  note right of ${idOf(to)}: ${event} from every state`);
  return lines.join('\n');
}

const idOf = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '_');
