/** The parts of a machine's configuration that a diagram shows. */
interface StateNode {
  readonly on?: Readonly<Record<string, unknown>> | undefined;
  readonly type?: string | undefined;
}

interface MachineConfig {
  readonly initial?: unknown;
  readonly on?: Readonly<Record<string, unknown>> | undefined;
  readonly states?: Readonly<Record<string, StateNode>> | undefined;
}

/** Mermaid's stateDiagram of a machine, from the very configuration that runs. Names keep their words, ids lose what Mermaid cannot take. */
export function diagramOf(config: MachineConfig): string {
  const lines = ['stateDiagram-v2'];
  if (typeof config.initial === 'string') lines.push(`  [*] --> ${idOf(config.initial)}`);
  const states = Object.entries(config.states ?? {});
  for (const [name] of states) if (idOf(name) !== name) lines.push(`  state "${name}" as ${idOf(name)}`);
  for (const [name, state] of states) {
    for (const [event, transition] of Object.entries(state.on ?? {}))
      for (const { target, guard } of targetsOf(transition, name))
        lines.push(`  ${idOf(name)} --> ${idOf(target)}: ${event}${guard === null ? '' : ` [${guard}]`}`);
    if (state.type === 'final') lines.push(`  ${idOf(name)} --> [*]`);
  }
  for (const [event, transition] of Object.entries(config.on ?? {}))
    for (const { target } of targetsOf(transition, ''))
      if (target !== '') lines.push(`  note right of ${idOf(target)}: ${event} from every state`);
  return lines.join('\n');
}

const idOf = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '_');

function targetsOf(
  transition: unknown,
  self: string,
): readonly { readonly target: string; readonly guard: string | null }[] {
  const rows: readonly unknown[] = Array.isArray(transition) ? (transition as unknown[]) : [transition];
  return rows.map((row) => {
    if (typeof row === 'string') return { target: row.replace(/^\./, ''), guard: null };
    const { target, guard } = (row ?? {}) as { target?: string; guard?: { type?: string } | string };
    const named = typeof guard === 'string' ? guard : (guard?.type ?? null);
    return { target: target === undefined ? self : target.replace(/^\./, ''), guard: named };
  });
}
