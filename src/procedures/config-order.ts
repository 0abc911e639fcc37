import { z } from 'zod';
import { isInForce } from '../assess/settings.js';
import { valueAt } from '../model/config-patch.js';
import { sentFor, type Ledger } from '../model/ledger.js';
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

/** The configuration as it is, and the parameters of PostgreSQL that are named in what is to change. */
interface Asked {
  readonly now: { readonly document: ConfigDocument; readonly revision: string };
  readonly names: readonly string[];
}

/**
 * It waits for a restart with what the configuration says already, and for nothing that is not named here: by the word of its Patroni, or, where that
 * does not say for what (before 3.3), because the last run that was ended before its end wrote what stands there now, and none other was written.
 */
export function waitsForThese(member: MemberView, ledger: Ledger, { now, names }: Asked): boolean {
  const pending = freshValue(member.api)?.pendingRestartFor;
  if (pending !== undefined && pending.length > 0) return pending.every((parameter) => names.includes(parameter));
  return hasOldValue(member, now.document, names) && isAsLeft(ledger, { now, names });
}

const LEFT = z.object({ revision: z.string(), restart: z.array(z.string()) });

/** The last change was ended before its end, all that it was to restart for is named, and nobody has written since. */
function isAsLeft(ledger: Ledger, { now, names }: Asked): boolean {
  const last = ledger.procedures?.findLast(({ name }) => name === 'apply-config');
  const left = LEFT.safeParse(last?.goal).data;
  if (last?.phase !== 'aborted' || left === undefined) return false;
  const wrote = sentFor(ledger, last.id).flatMap(({ lastReply }) => lastReply?.revision ?? []);
  return (wrote.at(-1) ?? left.revision) === now.revision && left.restart.every((one) => names.includes(one));
}

function hasOldValue(member: MemberView, document: ConfigDocument, names: readonly string[]): boolean {
  const rows = settingsOf(member) ?? {};
  return names.some((parameter) => {
    const row = rows[parameter] ?? null;
    const now = wantedOf(parameter, valueAt(document, `postgresql.parameters.${parameter}`) ?? null);
    return row?.context === 'postmaster' && now !== null && !isInForce(row, now);
  });
}

/** The refusal of a change that stands in the configuration already: whether every member runs with it, else who does not and of whom nobody knows. */
export function whyNothingToDo(view: ClusterView, wanted: Readonly<Record<string, Json>>): string {
  const differs = whoDiffers(view, wanted);
  return differs === null
    ? 'the configuration is so already, and every member runs with it: there is nothing to change'
    : `the configuration is so already: there is nothing to write, and nobody to restart for it; ${differs}`;
}

/** Null: nobody. Of what is removed nobody here knows the default. */
function whoDiffers(view: ClusterView, wanted: Readonly<Record<string, Json>>): string | null {
  const named = Object.entries(wanted).filter(([, value]) => value !== null);
  const unread = view.members.filter((member) => named.length > 0 && settingsOf(member) === null);
  const other = view.members.flatMap((member) =>
    named.flatMap(([name, value]) => {
      const row = settingsOf(member)?.[name] ?? null;
      if (row === null || isInForce(row, value)) return [];
      const is = [name, row.setting, ...(row.unit === null ? [] : [row.unit])].join(' ');
      return [`${member.name} runs with ${is} (its own patroni.yml or ALTER SYSTEM may set it)`];
    }),
  );
  const silent = unread.map(({ name }) => `what ${name} runs with is not known, its SQL gives no answer`);
  return [...other, ...silent].join('; ') || null;
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
