import type { AddressCheck } from '../model/address.js';
import { freshValue, unknown, type Reading, type Unknown } from '../model/reading.js';
import type { MemberView } from '../model/view.js';

/**
 * Believes nothing that another member of the same cluster says. Swapped addresses show by what nobody can mistake: etcd's member key names
 * our address as another's, word for word or by what the names resolve to (`checks`); PostgreSQL streams under another member's name; an API tells the start of another's postmaster. Such a channel
 * becomes unknown (`wrong-scope`), which is told and through which nothing is sent. An address that etcd does not know (NAT, a tunnel, a
 * published port) and a name that is nobody's conclude nothing. [docs/safety.md: Another cluster behind an address]
 */
export function withoutMisplaced(
  members: readonly MemberView[],
  checks: readonly AddressCheck[],
): readonly MemberView[] {
  const advertised = (name: string, channel: 'api' | 'sql'): string | null =>
    checks.find((row) => row.member === name && row.channel === channel)?.why ?? null;
  const bySql = new Map(
    members.map((member) => [member.name, advertised(member.name, 'sql') ?? streamsAs(members, member)]),
  );
  const isSqlOwn = ({ name }: MemberView): boolean => bySql.get(name) == null;
  return members.map((member) => {
    const { name } = member;
    const sqlOf = bySql.get(name) ?? null;
    const apiOf =
      advertised(name, 'api') ??
      (sqlOf === null ? startedAs(members.filter(isSqlOwn), member) : behindSameAddress(member));
    const sql = sqlOf === null ? null : stranger(member.sql, `${sqlOf}; correct postgres.members`);
    const api = apiOf === null ? null : stranger(member.api, `${apiOf}; correct patroni.members`);
    return {
      ...member,
      ...(api === null ? {} : { api, cluster: api, metrics: api, replicaCheck: api }),
      ...(sql === null ? {} : { sql }),
    };
  });
}

/** Patroni makes a replica stream under its own name. */
function streamsAs(members: readonly MemberView[], { name, sql }: MemberView): string | null {
  const told = freshValue(sql)?.ownName ?? null;
  if (told === null || told === name || !members.some((other) => other.name === told)) return null;
  return `PostgreSQL at the address of ${name} streams as ${told}`;
}

/** Two clocks of one host, cut to milliseconds. */
const SAME_MS = 2;
const isSame = (a: number | null | undefined, b: number | null | undefined): boolean =>
  a != null && b != null && Math.abs(a - b) <= SAME_MS;

/** API and SQL of one member tell one start of one postmaster: an API that tells that of another's PostgreSQL is that member's. */
function startedAs(believed: readonly MemberView[], { name, api, sql }: MemberView): string | null {
  const started = freshValue(api)?.postmasterStartedAtMs;
  const own = freshValue(sql)?.startedAtMs;
  if (started == null || own == null || isSame(started, own)) return null;
  const other = believed.find((one) => one.name !== name && isSame(started, freshValue(one.sql)?.startedAtMs));
  return other === undefined
    ? null
    : `the API at the address of ${name} tells the start of the PostgreSQL of ${other.name}`;
}

/** SQL is a stranger: an API that tells the same start is the same stranger's. */
const behindSameAddress = ({ name, api, sql }: MemberView): string | null =>
  isSame(freshValue(api)?.postmasterStartedAtMs, freshValue(sql)?.startedAtMs)
    ? `the API at the address of ${name} is of the same wrong member as its SQL`
    : null;

const stranger = (reading: Reading<unknown>, reason: string): Unknown =>
  unknown('wrong-scope', `${reading.source}: ${reason}`, reading.atMs, reading.source);
