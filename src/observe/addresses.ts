import { placeText, type AddressCheck, type AddressMatch, type KnownNames, type Place } from '../model/address.js';
import type { DcsMember } from '../model/dcs.js';
import type { MemberName } from '../model/names.js';

/** Where we ask a member, or as the configuration says that the member itself calls that place. */
export interface OurPlace extends Place {
  readonly isDeclared: boolean;
}

/** Of each member; null: not configured. */
export type Addresses = Readonly<Record<string, { readonly api: OurPlace | null; readonly sql: OurPlace | null }>>;

/** Patroni's API over http and https has no port of its own: the scheme's counts. Null: no URL. */
export function placeOfUrl(url: string): Place | null {
  if (!URL.canParse(url)) return null;
  const { hostname, port, protocol } = new URL(url);
  const standard = protocol === 'https:' ? 443 : 80;
  return { host: plainHost(hostname), port: port === '' ? standard : Number(port) };
}

/** As it is compared: no brackets, no upper case, and of the spellings of one IPv6 address the shortest; an IPv4 one in it is that. */
export function plainHost(host: string): string {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (!plain.includes(':')) return plain;
  // The zone says through which interface, and that is each host's own.
  const url = `http://[${plain.replace(/%.*$/, '')}]`;
  if (!URL.canParse(url)) return plain;
  const short = new URL(url).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(short) ?? [];
  return high === undefined || low === undefined ? short : [high, low].flatMap(bytesOf).join('.');
}

const bytesOf = (word: string): readonly number[] => [parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff];

const TOLD_AS: Readonly<Record<'api' | 'sql', (row: DcsMember) => Place | null>> = {
  api: ({ apiUrl }) => (apiUrl === null ? null : placeOfUrl(apiUrl)),
  sql: ({ conn }) => (conn == null ? null : { host: plainHost(conn.host), port: conn.port }),
};

const isAddress = (host: string): boolean => host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
/** Everybody's own: that two names are `localhost` where we stand says nothing of where they are. */
export const isLoopback = (address: string): boolean => /^127\.|^::1$|^::ffff:127\.|^localhost$/.test(address);

/** The names that must be resolved before addresses can be compared; what is written as an address needs none. */
export function namesToResolve(rows: readonly DcsMember[], addresses: Addresses): readonly string[] {
  const ours = Object.values(addresses).flatMap(({ api, sql }) => [api, sql]);
  const told = rows.flatMap((row) => [TOLD_AS.api(row), TOLD_AS.sql(row)]);
  const hosts = [...ours, ...told].flatMap((place) => (place === null ? [] : [place.host]));
  return [...new Set(hosts.filter((host) => !isAddress(host)))].sort();
}

type Same = 'same' | 'by-name' | 'no' | 'unresolved';

function compared(ours: Place, told: Place, names: KnownNames): Same {
  if (ours.port !== told.port) return 'no';
  if (ours.host === told.host) return 'same';
  const [a, b] = [ours.host, told.host].map((host) =>
    isAddress(host) ? [host] : (names[host]?.map(plainHost) ?? null),
  );
  if (a == null || b == null) return 'unresolved';
  return a.some((address) => b.includes(address)) ? 'by-name' : 'no';
}

/**
 * Our address of a member against those that etcd has. Another member's it is only if it is not this one's: word for word, or by what the
 * names of both resolve to here. A name that is not known concludes nothing.
 */
function checkAddress(
  { member, channel, ours }: { readonly member: MemberName; readonly channel: 'api' | 'sql'; readonly ours: OurPlace },
  rows: readonly DcsMember[],
  names: KnownNames,
): AddressCheck {
  const of = TOLD_AS[channel];
  const own = rows.flatMap((row) => (row.name === member ? [of(row)] : []))[0] ?? null;
  const place = { member, channel, ours: placeText(ours), isDeclared: ours.isDeclared };
  const check = (how: AddressMatch, why?: string): AddressCheck => ({
    ...place,
    told: own === null ? null : placeText(own),
    how,
    ...(why === undefined ? {} : { why }),
  });
  const asOwn = own === null ? null : compared(ours, own, names);
  if (asOwn === 'same' || asOwn === 'by-name') return check(asOwn);
  for (const how of asOwn === 'unresolved' ? (['same'] as const) : (['same', 'by-name'] as const)) {
    const other = rows.find((row) => row.name !== member && isOf(ours, of(row), names, how));
    if (other !== undefined) return check('wrong', wrongText(place.ours, other, of(other), member));
  }
  return check(asOwn === null ? 'untold' : asOwn === 'unresolved' ? 'unresolved' : 'elsewhere');
}

function isOf(ours: Place, told: Place | null, names: KnownNames, how: 'same' | 'by-name'): boolean {
  if (told === null || compared(ours, told, names) !== how) return false;
  return how === 'same' || !(names[ours.host] ?? [ours.host]).every(isLoopback);
}

function wrongText(ours: string, other: DcsMember, told: Place | null, member: MemberName): string {
  const theirs = told === null || placeText(told) === ours ? '' : ` (${placeText(told)})`;
  return `etcd has ${ours} as the address of ${other.name}${theirs}, not of ${member}`;
}

/** All of them; members without a configured address, and all while etcd does not answer, have none. */
export const checkAddresses = (
  members: readonly MemberName[],
  rows: readonly DcsMember[] | null,
  addresses: Addresses,
  names: KnownNames,
): readonly AddressCheck[] =>
  rows === null
    ? []
    : members.flatMap((member) =>
        (['api', 'sql'] as const).flatMap((channel) => {
          const ours = addresses[member]?.[channel] ?? null;
          return ours === null ? [] : [checkAddress({ member, channel, ours }, rows, names)];
        }),
      );
