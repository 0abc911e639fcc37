import { isInFlight, type DrainRecord, type FenceRecord, type Ledger } from '../model/ledger.js';
import { isOver } from '../model/procedure-run.js';

/** Things of a cluster, by the names that the configuration has for them. */
export interface Things {
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
      const proxy = (row.at ?? []).find((place) => proxies.includes(place.proxy))?.proxy;
      return proxy === undefined ? [] : [{ kind, name: row.member, proxy }];
    });
  return [
    ...ledger.remediations
      .filter((row) => isInFlight(row) && members.includes(row.plan.target))
      .map(({ plan }) => ({ kind: 'in-flight', name: plan.target, action: plan.action }) as const),
    ...(ledger.procedures ?? [])
      .filter((run) => !isOver(run))
      .flatMap(({ id, name: procedure, goal }): Ours[] => {
        const name = members.find((one) => Object.values(goal).includes(one));
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
