// Incidents that are over, and what the journal has of one. At a past moment both are as they were then.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { isOpen } from '../../model/incident.js';
import { incidentText } from '../../words/incident.js';
import type { Line } from '../../words/narrate.js';
import { repeatsTogether } from '../../words/once.js';
import { clusterPath, read, type Picture, problemText } from './connection.js';
import { At, Nothing } from './parts.js';
import { cardId } from './route.js';
import { JournalLine } from './sources.js';
import { momentQuery } from './store.js';

interface Props {
  readonly picture: Picture;
  readonly isPast: boolean;
}

interface Told {
  readonly lines: readonly Line[];
  readonly more: boolean;
}

/** Read when it is opened, and again where the page shows another moment. */
export const IncidentJournal = ({ picture, isPast, id }: Props & { readonly id: string }): JSX.Element => {
  const { scope } = picture.overview;
  const [isShown, setShown] = useState(false);
  const [told, setTold] = useState<Told | string | null>(null);
  const time = momentQuery(isPast);
  useEffect(() => {
    let isOver = false;
    const take = (value: Told | string): void => {
      if (!isOver) setTold(value);
    };
    if (isShown)
      read<Told>(`${clusterPath(scope)}/incidents/${encodeURIComponent(id)}${time}`).then(take, (error: unknown) => {
        take(problemText(error));
      });
    return () => {
      isOver = true;
    };
  }, [isShown, scope, id, time]);
  return (
    <details
      onToggle={(event) => {
        setShown(event.currentTarget.open);
      }}
    >
      <summary>Journal of it</summary>
      {typeof told === 'string' && <p class="dim">{told}</p>}
      {told !== null && typeof told !== 'string' && (
        <>
          {told.more && (
            <p class="dim">
              Earlier lines are left out here: <code>ekimi incident {id}</code> has all.
            </p>
          )}
          <ol class="lines short">
            {repeatsTogether(told.lines).map((one) => (
              <JournalLine key={one.line.seq} told={one} />
            ))}
          </ol>
        </>
      )}
    </details>
  );
};

interface EarlierProps extends Props {
  /** Which of them the page was opened for. */
  readonly opened: string | null;
}

/** Those that are over and still kept, the newest first. */
export const Earlier = ({ picture, isPast, opened }: EarlierProps): JSX.Element => {
  const { ledger, atMs } = picture.snapshot;
  const ended = (ledger.incidents ?? []).filter((one) => !isOpen(one)).sort((a, b) => b.openedAtMs - a.openedAtMs);
  const isAmong = ended.some(({ id }) => id === opened);
  return (
    <details class="earlier" key={String(isAmong)} open={isAmong}>
      <summary>Earlier incidents ({ended.length})</summary>
      {ended.length === 0 ? (
        <Nothing>None is kept.</Nothing>
      ) : (
        <ol class="history">
          {ended.map((one) => (
            <li key={one.id} id={cardId({ kind: 'incident', id: one.id })} tabIndex={-1}>
              <At ms={one.openedAtMs} day />
              <span class="result">{one.id}</span>
              <span class="text">
                <code>{one.cause}</code> {one.subject}
                <span class="detail">{incidentText(one, atMs)}</span>
                <IncidentJournal picture={picture} isPast={isPast} id={one.id} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </details>
  );
};
