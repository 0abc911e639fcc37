/** The parts of a machine's configuration that a drawing shows. */
export interface MachineConfig {
  readonly initial?: unknown;
  readonly on?: Readonly<Record<string, unknown>> | undefined;
  readonly states?:
    | Readonly<
        Record<
          string,
          { readonly on?: Readonly<Record<string, unknown>> | undefined; readonly type?: string | undefined }
        >
      >
    | undefined;
}

/** One way from a state to another one; `from` null: from every state. `guard`: the condition's name. */
export interface Arrow {
  readonly from: string | null;
  readonly to: string;
  readonly event: string;
  readonly guard: string | null;
}

/** Every way of a machine, from the very configuration that runs: states in their order, then what leads from every state. */
export function arrowsOf(config: MachineConfig): readonly Arrow[] {
  const ways = (on: Readonly<Record<string, unknown>> | undefined, from: string | null): Arrow[] =>
    Object.entries(on ?? {}).flatMap(([event, transition]) =>
      targetsOf(transition, from ?? '').map(({ target, guard }) => ({ from, to: target, event, guard })),
    );
  return [
    ...Object.entries(config.states ?? {}).flatMap(([name, { on }]) => ways(on, name)),
    ...ways(config.on, null).filter(({ to }) => to !== ''),
  ];
}

interface Target {
  readonly target: string;
  readonly guard: string | null;
}

function targetsOf(transition: unknown, self: string): readonly Target[] {
  const rows: readonly unknown[] = Array.isArray(transition) ? (transition as unknown[]) : [transition];
  return rows.map((row) => {
    if (typeof row === 'string') return { target: row.replace(/^\./, ''), guard: null };
    const { target, guard } = (row ?? {}) as { target?: string; guard?: { type?: string } | string };
    const named = typeof guard === 'string' ? guard : (guard?.type ?? null);
    return { target: target === undefined ? self : target.replace(/^\./, ''), guard: named };
  });
}
