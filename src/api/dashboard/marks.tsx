// What happened, on the axis and as a list; each leads to that moment. What is not drawn or listed is counted, and can be reached.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { counted } from '../../words/amounts.js';
import type { Mark } from '../../history/marks.js';
import type { Plots as History } from '../../history/plots.js';
import { moment } from './clock.js';
import { At } from './parts.js';
import { placeHash } from './route.js';
import { travel } from './scrubber.js';

const DAY_MS = 24 * 3_600_000;
const LISTED_AT_ONCE = 40;

interface Props {
  readonly history: History;
  readonly scope: string;
  /** The past moment that the page shows: what came after it is counted, and not told. null: now. */
  readonly atMs: number | null;
  /** Shows the time that ends there instead. */
  readonly endAt: (ms: number) => void;
}

const share = ({ fromMs, toMs }: History, atMs: number): number =>
  Math.min(1000, Math.max(0, (1000 * (atMs - fromMs)) / Math.max(1, toMs - fromMs)));

export const Marks = ({ history, scope, atMs, endAt }: Props): JSX.Element => {
  const [listed, setListed] = useState(LISTED_AT_ONCE);
  const marks = atMs === null ? history.marks : history.marks.filter((mark) => mark.atMs <= atMs);
  const later = history.marks.length - marks.length;
  const unlisted = Math.max(0, marks.length - listed);
  const oldest = history.marks[0];
  return (
    <>
      <svg class="marks" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
        {marks.map((mark, index) => (
          <rect key={index} class={mark.tone} x={share(history, mark.atMs)} width="3" height="12">
            <title>{`${moment(mark.atMs)} ${mark.text}`}</title>
          </rect>
        ))}
        {atMs !== null && <rect class="shown" x={Math.min(997, share(history, atMs))} width="3" height="12" />}
      </svg>
      {history.marksLeftOut > 0 && oldest !== undefined && (
        <p class="left-out">
          {counted(history.marksLeftOut, 'older event')} of this time {history.marksLeftOut === 1 ? 'is' : 'are'} not
          drawn.{' '}
          <button
            type="button"
            class="small"
            data-do="older"
            onClick={() => {
              endAt(oldest.atMs);
            }}
          >
            Show the time before {moment(oldest.atMs)}
          </button>
        </p>
      )}
      <details class="events">
        <summary>
          {marks.length === 0 ? 'Nothing happened in this time' : counted(marks.length, 'event')}
          {later > 0 && <span class="dim"> ({later} more after the moment shown)</span>}
        </summary>
        <ol class="lines short">
          {[...marks]
            .reverse()
            .slice(0, listed)
            .map((mark, index) => (
              <Row key={index} mark={mark} scope={scope} isLong={history.toMs - history.fromMs > DAY_MS} />
            ))}
        </ol>
        {unlisted > 0 && (
          <button
            type="button"
            class="small"
            data-do="more"
            onClick={() => {
              setListed(listed + 10 * LISTED_AT_ONCE);
            }}
          >
            {counted(unlisted, 'older event')} not listed: show more
          </button>
        )}
      </details>
    </>
  );
};

interface RowProps {
  readonly mark: Mark;
  readonly scope: string;
  /** The time on the axis is of several days. */
  readonly isLong: boolean;
}

const Row = ({ mark, scope, isLong }: RowProps): JSX.Element => (
  <li class={mark.tone}>
    <At ms={mark.atMs} day={isLong} />
    <button type="button" class="link-button" onClick={() => void travel(scope, mark.atMs)}>
      {mark.kind}
    </button>
    <span class="text">
      {mark.text}
      {mark.incident !== undefined && (
        <>
          {' '}
          <a href={placeHash(scope, { kind: 'incident', id: mark.incident })}>{mark.incident}</a>
        </>
      )}
    </span>
  </li>
);
