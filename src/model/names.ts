/** Patroni's name of a member; the key of our own inventory. Branded so that a host or a backend cannot stand in for it. */
export type MemberName = string & { readonly __brand: 'MemberName' };

/** A WAL position in bytes (`0/5D0001F0` is 0x5D0001F0). Comparable only within one timeline. */
export type Lsn = bigint & { readonly __brand: 'Lsn' };

export const memberName = (text: string): MemberName => text as MemberName;

export const lsnFromNumber = (value: bigint | number): Lsn => BigInt(value) as Lsn;

/** Parses PostgreSQL's `XXXXXXXX/XXXXXXXX`. Returns null for anything else: a position that cannot be read is not zero. */
export function parseLsn(text: string): Lsn | null {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) return null;
  const [high, low] = [parseInt(match[1] ?? '0', 16), parseInt(match[2] ?? '0', 16)];
  // Exact as a number up to 2^53, which no cluster reaches and a text may.
  return (high < 2 ** 21 ? BigInt(high * 2 ** 32 + low) : (BigInt(high) << 32n) | BigInt(low)) as Lsn;
}

export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase().padStart(8, '0')}`;
}

/** A name as PostgreSQL keeps it: cut after 63 bytes, so that of a longer application_name only this comes back. [NAMEDATALEN] */
export const postgresName = (name: string): string => name.slice(0, 63);

/** Patroni names a member's slot after the member, with what SQL does not allow replaced, and cut as PostgreSQL would. [patroni slots.py] */
export const slotNameOf = (member: string): string => postgresName(member.toLowerCase().replace(/[^a-z0-9_]/g, '_'));

/** The highest of those that are known; null when none is. */
export function furthest(...positions: readonly (Lsn | null | undefined)[]): Lsn | null {
  let most: Lsn | null = null;
  for (const position of positions) if (position != null && (most === null || position > most)) most = position;
  return most;
}

/** Bytes from `behind` up to `ahead`; never negative, because two positions read a moment apart may cross. */
export const bytesBetween = (ahead: Lsn, behind: Lsn): number => (ahead > behind ? Number(ahead - behind) : 0);

/** Whose word it is where no person said it. */
export const EKIMI = 'ekimi';
