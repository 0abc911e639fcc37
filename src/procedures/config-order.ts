import { isInForce } from '../assess/settings.js';
import { valueAt } from '../model/config-patch.js';
import type { ConfigDocument, Json } from '../model/plan.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { parameterOf, wantedOf, wayOf, type Change } from './config-rules.js';

/** What its PostgreSQL says of the parameters that are asked about; null: nothing. */
export const settingsOf = (member: MemberView | null) =>
  member?.settings === undefined ? null : freshValue(member.settings);

/**
 * A setting of the leader goes this way, or, where the leader has it already, of those that have not; both at once have no order that is right
 * for both.
 */
export function waysOf(
  changes: readonly Change[],
  leader: MemberView,
  view: ClusterView,
): ReadonlySet<'falls' | 'rises'> {
  const members = [leader, ...view.members.filter(({ name }) => name !== leader.name)];
  const ways = changes.flatMap(({ name, value }) => {
    const parameter = parameterOf(name);
    if (parameter === null) return [];
    const each = members.flatMap((member) => {
      const row = settingsOf(member)?.[parameter] ?? null;
      const way = row === null ? null : wayOf(parameter, row, value);
      return way === null ? [] : [way];
    });
    return each.slice(0, 1);
  });
  return new Set(ways);
}

/** It waits for a restart with what the configuration says already, and not for something that is not named here. */
export function waitsForThese(member: MemberView, document: ConfigDocument, names: readonly string[]): boolean {
  const rows = settingsOf(member) ?? {};
  return names.some((parameter) => {
    const row = rows[parameter] ?? null;
    const now = wantedOf(parameter, valueAt(document, `postgresql.parameters.${parameter}`) ?? null);
    return row !== null && now !== null && !isInForce(row, now);
  });
}

/** Those that PostgreSQL reads at its start alone, where a member does not have them yet. */
export function restartsFor(view: ClusterView, wanted: Readonly<Record<string, Json>>): readonly string[] {
  return Object.keys(wanted).filter((name) =>
    view.members.some((member) => {
      const row = settingsOf(member)?.[name] ?? null;
      const value = wanted[name] ?? null;
      return row?.context === 'postmaster' && (value === null || !isInForce(row, value));
    }),
  );
}
