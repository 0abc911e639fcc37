import type { AnswerLink } from '../model/notify.js';
import type { PageChange } from '../model/page.js';

/**
 * Where the page opens at what a message is about. None of them changes anything when it is opened, by a person or by a program that looks at
 * links before a person does: the page asks, and sends only what is confirmed there with a token.
 */

interface About {
  readonly scope: string;
  readonly change: PageChange | 'test' | 'report';
  readonly incident: string | null;
  /** By what it is taken on where it is part of no incident. Absent: it cannot be. */
  readonly page?: string;
  /** Ids of what waits for a person's word about it. */
  readonly approvals: readonly string[];
}

/** While there is something to take on. */
const STANDS: readonly About['change'][] = ['opened', 'changed', 'reminder', 'escalated'];
/** Of more than so many questions at once the page has the rest. */
const MOST_APPROVALS = 3;

export interface Links {
  /** Where it is seen; null: no address of the dashboard is configured. */
  readonly link: string | null;
  /** Where it is answered. Absent: there is nothing to answer, or no address. */
  readonly answers?: readonly AnswerLink[];
}

/** `base`: where persons open the dashboard; null: none is configured. */
export function linksOf(base: string | null, { scope, change, incident, page, approvals }: About): Links {
  if (base === null) return { link: null };
  const at = (...parts: readonly string[]): string =>
    `${base.replace(/\/+$/, '')}/#/${[scope, ...parts].map(encodeURIComponent).join('/')}`;
  const taken =
    incident !== null ? (['incident', incident] as const) : page === undefined ? null : (['page', page] as const);
  const link = taken === null ? at() : at(...taken);
  if (!STANDS.includes(change)) return { link };
  const answers: readonly AnswerLink[] = [
    ...approvals.slice(0, MOST_APPROVALS).flatMap((id): AnswerLink[] => [
      { does: 'approve', id, href: at('approval', id, 'approve') },
      { does: 'reject', id, href: at('approval', id, 'reject') },
    ]),
    ...(taken === null ? [] : [{ does: 'acknowledge' as const, id: taken[1], href: at(...taken, 'acknowledge') }]),
  ];
  return { link, ...(answers.length === 0 ? {} : { answers }) };
}
