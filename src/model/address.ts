import type { MemberName } from './names.js';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What each name of a host resolves to, where we stand; an absent one could not be resolved, which says nothing. */
export type KnownNames = Readonly<Record<string, readonly string[]>>;

/**
 * How our address of a member compares to the one that the member itself has in etcd. `same`: word for word; `by-name`: another name of one
 * address; `elsewhere`: neither, and nobody else's (NAT, a tunnel); `unresolved`: a name of the two is not known here; `untold`: etcd has
 * none; `wrong`: it is another member's.
 */
export type AddressMatch = 'same' | 'by-name' | 'elsewhere' | 'unresolved' | 'untold' | 'wrong';

export interface AddressCheck {
  readonly member: MemberName;
  readonly channel: 'api' | 'sql';
  /** Where we ask, or as `advertised` of the configuration has it. */
  readonly ours: string;
  /** By `advertised`. */
  readonly isDeclared: boolean;
  readonly told: string | null;
  readonly how: AddressMatch;
  /** `wrong`: whose it is, and by what. */
  readonly why?: string;
}

export const placeText = ({ host, port }: Place): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
