/** What the part of the address after `#` asks for. Opening a link never changes anything: it only shows a place. */
export type Route =
  | { readonly view: 'fleet' }
  | { readonly view: 'cluster'; readonly scope: string; readonly at: Place | null }
  | { readonly view: 'member'; readonly scope: string; readonly member: string }
  | { readonly view: 'place'; readonly at: Place };

/** A card: of an approval or an incident, by its id; of what a person was told outside of any incident, by what it goes. */
export interface Place {
  readonly kind: 'approval' | 'incident' | 'page';
  readonly id: string;
  /** What the page asks there, as its buttons do: whoever came by a link confirms it in the dialog, or nothing is done. */
  readonly asks?: Asked;
}

const ASKED = { approval: ['approve', 'reject'], incident: ['acknowledge'], page: ['acknowledge'] } as const;
export type Asked = (typeof ASKED)[Place['kind']][number];

function placeOf(kind: Place['kind'], id: string, word: string | undefined): Place {
  const asks = ASKED[kind].find((one) => one === word);
  return asks === undefined ? { kind, id } : { kind, id, asks };
}

const isPlace = (text: string | undefined): text is Place['kind'] => text !== undefined && Object.hasOwn(ASKED, text);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * `#/SCOPE`, `#/SCOPE/member/NAME`, `#/SCOPE/approval/ID`, `#/SCOPE/approval/ID/approve` (it asks, at once), `#approval/ID` in whichever cluster,
 * `#/` for all of them.
 */
export function routeOf(hash: string): Route {
  const text = hash.replace(/^#/, '');
  const [first, second, third, fourth] = text.replace(/^\//, '').split('/').map(decoded);
  if (first === undefined || first === '') return { view: 'fleet' };
  if (!text.startsWith('/') && isPlace(first) && second !== undefined)
    return { view: 'place', at: placeOf(first, second, third) };
  if (second === 'member' && third !== undefined) return { view: 'member', scope: first, member: third };
  const at = isPlace(second) && third !== undefined ? placeOf(second, third, fourth) : null;
  return { view: 'cluster', scope: first, at };
}

export const clusterHash = (scope: string): string => `#/${encodeURIComponent(scope)}`;
export const memberHash = (scope: string, member: string): string =>
  `${clusterHash(scope)}/member/${encodeURIComponent(member)}`;
export const placeHash = (scope: string, { kind, id }: Pick<Place, 'kind' | 'id'>): string =>
  `${clusterHash(scope)}/${kind}/${encodeURIComponent(id)}`;

/** The id of a card's element. */
export const cardId = ({ kind, id }: Pick<Place, 'kind' | 'id'>): string => `${kind}-${id}`;
