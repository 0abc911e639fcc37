// What a person was told that is part of no incident, mostly of Ekimi itself: it can be taken on here too.
import type { JSX } from 'preact';
import { pageKey, type PageRow } from '../../model/page.js';
import { problemKey } from '../../model/problem.js';
import { askAcknowledge } from './ask.js';
import type { Picture } from './connection.js';
import { At, Count, Glyph } from './parts.js';
import { cardId } from './route.js';

export const toldAs = (pages: readonly PageRow[], key: string): PageRow | undefined =>
  pages.find((row) => pageKey(row) === key);

interface Props {
  readonly picture: Picture;
  readonly isPast: boolean;
}

/** A card each, below those of incidents; what such a row says now stands at the head of the page and in the journal. */
export const ToldAlone = ({ picture, isPast }: Props): JSX.Element => (
  <>
    {picture.snapshot.ledger.pages
      .filter((row) => row.incident === undefined && !isPartOfOne(row, picture))
      .map((row) => (
        <Card key={pageKey(row)} row={row} scope={picture.overview.scope} isPast={isPast} />
      ))}
  </>
);

/** It may have been told before its incident was known. */
const isPartOfOne = (row: PageRow, { overview: { incidents } }: Picture): boolean =>
  incidents.some(({ problems }) => problems.some((problem) => problemKey(problem) === problemKey(row)));

interface CardProps {
  readonly row: PageRow;
  readonly scope: string;
  readonly isPast: boolean;
}

const Card = ({ row, scope, isPast }: CardProps): JSX.Element => {
  const { code, subject, level = 'warning', sinceMs, atMs, acknowledged } = row;
  const id = pageKey(row);
  return (
    <article class={`incident ${level}`} id={cardId({ kind: 'page', id })} tabIndex={-1}>
      <div class="row-head">
        <Glyph level={level} />
        <h3>
          <code>{code}</code> <span class="subject">{subject}</span>
        </h3>
        <span class="when">
          <Count kind="since" ms={sinceMs ?? atMs} />
        </span>
      </div>
      <p class="why">
        A person was told at <At ms={atMs} />. It is part of no incident.
      </p>
      <p class="buttons">
        {acknowledged === undefined ? (
          <button
            type="button"
            class="small"
            data-do="acknowledge"
            disabled={isPast}
            onClick={() => void askAcknowledge({ id, name: `${code} ${subject}` }, scope)}
          >
            Acknowledge…
          </button>
        ) : (
          <span class="dim">
            {acknowledged.by} looks after it: {acknowledged.reason}
          </span>
        )}
      </p>
    </article>
  );
};
