import type { Policy } from '../model/policy.js';
import { rehearseFreeze, type Outcome } from './freeze-rehearsal.js';
import { NOTE, table, type Page } from './page.js';

const GRACES_S = [1, 2, 4, 6, 8, 12];
const FREEZES_S = [3, 5, 8, 12, 20, 48];
/** Moments at which a freeze begins: spread over one loop, so that the lease is of every age. */
const PHASES_S = [0, 2, 4, 6, 8];

/** What the table is about is automatic, all else as in an empty policy. */
export function acting(policy: Policy, graceS: number): Policy {
  const auto = (name: keyof Policy['actions']) => ({ [name]: { ...policy.actions[name], mode: 'auto' as const } });
  return {
    ...policy,
    mode: 'enforce',
    grace: { 'leader-frozen': { forMs: graceS * 1000 } },
    actions: { ...policy.actions, ...auto('fence-member'), ...auto('expedite-failover'), ...auto('start-member') },
  };
}

/** Means of a row of freezes. */
export interface Cell {
  readonly needless: number;
  readonly outageS: number;
  readonly doubledS: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Needless: somebody else leads, and without us nobody else would. */
export function cellOf(outcomes: readonly Outcome[], alone: readonly Outcome[]): Cell {
  return {
    needless: outcomes.filter((one, index) => one.failedOver && alone[index]?.failedOver === false).length,
    outageS: mean(outcomes.map((one) => one.outageMs)) / 1000,
    doubledS: mean(outcomes.map((one) => one.doubledMs)) / 1000,
  };
}

async function rehearse(lengthS: number, policy: Policy | null): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const phaseS of PHASES_S)
    outcomes.push(await rehearseFreeze({ lengthMs: lengthS * 1000, phaseMs: phaseS * 1000 }, policy));
  return outcomes;
}

/** `docs/generated/frozen-leader.md`: what the grace of `leader-frozen` costs and saves, from the simulated cluster. */
export async function frozenLeaderPage(policy: Policy): Promise<Page> {
  const rows: { readonly name: string; readonly cells: Cell[] }[] = [
    { name: 'Patroni alone', cells: [] },
    ...GRACES_S.map((graceS) => ({ name: graceText(graceS), cells: [] })),
  ];
  for (const lengthS of FREEZES_S) {
    const alone = await rehearse(lengthS, null);
    rows[0]?.cells.push(cellOf(alone, alone));
    for (const [index, graceS] of GRACES_S.entries())
      rows[index + 1]?.cells.push(cellOf(await rehearse(lengthS, acting(policy, graceS)), alone));
  }
  const of = (figure: (cell: Cell) => string): string =>
    table(
      ['grace', ...FREEZES_S.map((lengthS) => `${lengthS} s`)],
      rows.map(({ name, cells }) => [name, ...cells.map(figure)]),
    );
  return { file: 'frozen-leader.md', text: textOf(of) };
}

const DEFAULT_S = 8;
const graceText = (graceS: number): string => `${graceS} s${graceS === DEFAULT_S ? ' (default)' : ''}`;

const textOf = (of: (figure: (cell: Cell) => string) => string): string => `# The grace of a frozen leader

${NOTE}

Patroni on the leader stands still (stopped by SIGSTOP, swapping, waiting for a disk) for the time at the head of a column,
while its PostgreSQL accepts writes; then it goes on. Each cell is ${PHASES_S.length} freezes, spread over one loop, on the simulated
cluster (Patroni 4.1, \`ttl\` 30 s, \`loop_wait\` 10 s, HAProxy \`inter 3s fall 3 rise 2\`), with \`fence-member\`,
\`expedite-failover\` and \`start-member\` on \`auto\` and \`grace.leader-frozen.for\` as in the row. What was measured on real
clusters is in [measurements](../measurements.md).

Whatever the grace, nothing is sent before the lease in etcd has gone without renewal for more than \`loop_wait\` + 1 s, by etcd's whole seconds:
that is why short graces differ so little. Nor is anything sent while the proxy sends writes to the leader as before and more than 0.3 of \`ttl\` is left. Unless the policy says otherwise the grace is 0.4 of \`ttl - loop_wait\`. A grace so long that the key expires first gives up what the fence is for. A
freeze that ends between the closing of the traffic and the kill costs writes until it is opened again, but no failover.

## Needless failovers

Of ${PHASES_S.length}: another member leads in the end, and without Ekimi the old one would have gone on.

${of(({ needless }) => String(needless))}

## Seconds without writes

Mean time in which a client behind HAProxy finds nobody who takes a write.

${of(({ outageS }) => outageS.toFixed(1))}

## Seconds with two primaries

Mean time in which two members accept writes: rows written to the old one then are lost.

${of(({ doubledS }) => doubledS.toFixed(1))}
`;
