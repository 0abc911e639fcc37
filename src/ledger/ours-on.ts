import { isInFlight, type DrainRecord, type FenceRecord, type Ledger } from '../model/ledger.js';
import { membersTouched } from '../model/plan.js';
import { isOver } from '../model/procedure-run.js';

/** Things of a cluster, by the names that the configuration has for them. */
export interface Things {
  /** And etcd members. */
  readonly members: readonly string[];
  readonly proxies: readonly string[];
  readonly poolers: readonly string[];
}

/** What Ekimi began or holds on one of them. `id` and `by`: of a run of a procedure, of the person who took it out. */
export type Ours =
  | { readonly kind: 'in-flight'; readonly name: string; readonly action: string }
  | { readonly kind: 'run'; readonly name: string; readonly procedure: string; readonly id: string }
  | { readonly kind: 'drain' | 'fence'; readonly name: string; readonly proxy: string | null }
  | { readonly kind: 'taken-out'; readonly name: string; readonly by: string }
  | { readonly kind: 'pause'; readonly name: string };

/** A row that says no place was made where there is one proxy, in the server that bears the member's name. */
function closedIn(row: DrainRecord | FenceRecord, proxies: readonly string[]): string | undefined {
  if ('actuators' in row && !row.actuators.includes('proxy')) return undefined;
  return row.at === undefined ? proxies[0] : row.at.find((place) => proxies.includes(place.proxy))?.proxy;
}

/** Every name in the goal of a run: of one member, or of many in an order. */
const namesIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namesIn) : [];
};

/**
 * What would be left behind if these were forgotten: nobody would undo it. Whom `remove-member` took out for good is nobody's any more, and may
 * go.
 */
export function oursOn(ledger: Ledger, { members, proxies, poolers }: Things): readonly Ours[] {
  const removed = (ledger.evacuations ?? []).flatMap((row) => (row.removed === true ? [row.member] : []));
  const isOne = ({ member }: { readonly member: string }): boolean =>
    members.includes(member) && !removed.includes(member);
  const closed = (kind: 'drain' | 'fence', rows: readonly (DrainRecord | FenceRecord)[]): Ours[] =>
    rows.flatMap((row): Ours[] => {
      if (isOne(row)) return [{ kind, name: row.member, proxy: null }];
      if (removed.includes(row.member)) return [];
      const proxy = closedIn(row, proxies);
      return proxy === undefined ? [] : [{ kind, name: row.member, proxy }];
    });
  return [
    ...ledger.remediations
      .filter((row) => isInFlight(row) && membersTouched(row.plan).some((name) => members.includes(name)))
      .map(({ plan }) => ({ kind: 'in-flight', name: plan.target, action: plan.action }) as const),
    ...(ledger.procedures ?? [])
      .filter((run) => !isOver(run))
      .flatMap(({ id, name: procedure, goal }): Ours[] => {
        const named = namesIn(goal);
        const name = members.find((one) => named.includes(one));
        return name === undefined ? [] : [{ kind: 'run', name, procedure, id }];
      }),
    ...closed('drain', ledger.drains),
    ...closed('fence', ledger.fences),
    ...(ledger.evacuations ?? [])
      .filter(isOne)
      .map(({ member, by }) => ({ kind: 'taken-out', name: member, by }) as const),
    ...(ledger.pauses ?? [])
      .filter(({ pooler }) => poolers.includes(pooler))
      .map(({ pooler }) => ({ kind: 'pause', name: pooler }) as const),
  ];
}
