import type { Policy } from '../model/policy.js';
import { rehearseFreeze, type Freeze, type Outcome } from './freeze-rehearsal.js';
import { cellOf, type Cell } from './frozen-leader.js';
import { NOTE, table, type Page } from './page.js';

const GRACES_S = [5, 8, 12];
const LENGTHS_S = [5, 8, 12, 20, 60];
/** Moments at which it begins: spread over one loop, so that the lease is of every age. */
const PHASES_S = [0, 4, 8];

type Kind = NonNullable<Freeze['what']>;

/** What the table is about is automatic, all else as in an empty policy. */
function fencing(policy: Policy, graceS: number): Policy {
  const auto = (name: keyof Policy['actions']) => ({ [name]: { ...policy.actions[name], mode: 'auto' as const } });
  const forMs = graceS * 1000;
  return {
    ...policy,
    mode: 'enforce',
    grace: { 'leader-unreachable': { forMs }, 'leader-hung': { forMs } },
    actions: { ...policy.actions, ...auto('fence-leader'), ...auto('expedite-failover'), ...auto('start-member') },
  };
}

async function rehearse(what: Kind, lengthS: number, policy: Policy | null): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const phaseS of PHASES_S)
    outcomes.push(await rehearseFreeze({ what, lengthMs: lengthS * 1000, phaseMs: phaseS * 1000 }, policy));
  return outcomes;
}

interface Row {
  readonly name: string;
  readonly cells: Cell[];
}

async function rowsOf(what: Kind, policy: Policy): Promise<readonly Row[]> {
  const alone: Row = { name: 'Patroni alone', cells: [] };
  const ours = GRACES_S.map((graceS) => ({
    name: `${graceS} s`,
    policy: fencing(policy, graceS),
    cells: [] as Cell[],
  }));
  for (const lengthS of LENGTHS_S) {
    const without = await rehearse(what, lengthS, null);
    alone.cells.push(cellOf(without, without));
    for (const row of ours) row.cells.push(cellOf(await rehearse(what, lengthS, row.policy), without));
  }
  return [alone, ...ours];
}

/** `docs/generated/hung-leader.md`: what the graces of `fence-leader` cost and save, from the simulated cluster. */
export async function hungLeaderPage(policy: Policy): Promise<Page> {
  const [machine, postgres] = [await rowsOf('machine', policy), await rowsOf('postgres', policy)];
  return { file: 'hung-leader.md', text: textOf(machine, postgres) };
}

const tableOf = (rows: readonly Row[], figure: (cell: Cell) => string): string =>
  table(
    ['grace', ...LENGTHS_S.map((lengthS) => `${lengthS} s`)],
    rows.map(({ name, cells }) => [name, ...cells.map(figure)]),
  );

const sectionOf = (
  rows: readonly Row[],
): string => `Needless failovers, of ${PHASES_S.length}: another member leads in the end, and without Ekimi the old one would have gone on.

${tableOf(rows, ({ needless }) => String(needless))}

Mean seconds in which a client behind HAProxy finds nobody who takes a write.

${tableOf(rows, ({ outageS }) => outageS.toFixed(1))}

Mean seconds with two primaries.

${tableOf(rows, ({ doubledS }) => doubledS.toFixed(1))}`;

const textOf = (machine: readonly Row[], postgres: readonly Row[]): string => `# The grace of a leader that hangs

${NOTE}

The leader stands still for the time at the head of a column, then it goes on unless it was stopped. Each cell is
${PHASES_S.length} of them, spread over one loop, on the simulated cluster (Patroni 4.1, \`ttl\` 30 s, \`loop_wait\` 10 s, HAProxy
\`inter 3s fall 3 rise 2\`), with \`fence-leader\`, \`expedite-failover\` and \`start-member\` on \`auto\` and the grace as in the row.
A grace begins when the first call has gone unanswered for its whole time (2 s). 5 s is the default of \`leader-unreachable\`, 8 s that of
\`leader-hung\`; either is \`grace.PROBLEM.for\` in the policy. Two seconds less without a writer are bought with the failovers of everything
that stands still for that long and would have gone on: choose by how often machines of yours do.

## \`leader-unreachable\`: the whole machine stands still

The host driver says that it is paused. Where it says running (cut off, a hypervisor that it does not see), nothing is sent before the lease has
gone without renewal for more than \`loop_wait\` + 1 s, by etcd's whole seconds, whatever the grace.

${sectionOf(machine)}

## \`leader-hung\`: PostgreSQL hangs, its Patroni lives

Patroni alone never moves the key: the time without writes is as long as the hang.

${sectionOf(postgres)}
`;
