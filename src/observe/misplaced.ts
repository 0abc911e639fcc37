import type { DcsMember } from '../model/dcs.js';
import type { MemberName } from '../model/names.js';
import { freshValue, unknown, type Reading, type Unknown } from '../model/reading.js';
import type { DcsView, MemberView } from '../model/view.js';

/** `HOST:PORT` of each member as our configuration has it; null: not configured. */
export type Addresses = Readonly<Record<string, { readonly api: string | null; readonly sql: string | null }>>;

/** Patroni's API over http and https has no port of its own: the scheme's counts. Null: no URL. */
export function hostAndPort(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}

/**
 * Believes nothing that another member of the same cluster says. Swapped addresses show by what nobody can mistake: etcd's member key names
 * our address as another's; PostgreSQL streams under another member's name; an API tells the start of another's postmaster. Such a channel
 * becomes unknown (`wrong-scope`), which is told and through which nothing is sent. An address that etcd does not know (NAT, a tunnel, a
 * published port) and a name that is nobody's conclude nothing. [docs/safety.md: Another cluster behind an address]
 */
export function withoutMisplaced(
  members: readonly MemberView[],
  keys: DcsView['keys'],
  addresses: Addresses,
): readonly MemberView[] {
  const rows = freshValue(keys)?.members ?? [];
  const bySql = new Map(
    members.map((member) => [
      member.name,
      advertised(rows, member.name, addresses[member.name]?.sql ?? null, connOf) ?? streamsAs(members, member),
    ]),
  );
  const isSqlOwn = ({ name }: MemberView): boolean => bySql.get(name) == null;
  return members.map((member) => {
    const { name } = member;
    const sqlOf = bySql.get(name) ?? null;
    const apiOf =
      advertised(rows, name, addresses[name]?.api ?? null, apiUrlOf) ??
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

const apiUrlOf = ({ apiUrl }: DcsMember): string | null => (apiUrl === null ? null : hostAndPort(apiUrl));
const connOf = ({ conn }: DcsMember): string | null =>
  conn == null ? null : `${conn.host.toLowerCase()}:${conn.port}`;

/** Our address is, word for word, what etcd has for another member and not for this one. */
function advertised(
  rows: readonly DcsMember[],
  name: MemberName,
  ours: string | null,
  of: (row: DcsMember) => string | null,
): string | null {
  if (ours === null || rows.some((row) => row.name === name && of(row) === ours)) return null;
  const other = rows.find((row) => of(row) === ours);
  return other === undefined ? null : `etcd has ${ours} as the address of ${other.name}, not of ${name}`;
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
