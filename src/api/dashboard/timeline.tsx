// Lag and writes over time, with what happened marked on the axis, and the way to any past moment.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Plots as History } from '../../history/plots.js';
import { daemonNow, moment } from './clock.js';
import { clusterPath, problemText, read, type Picture } from './connection.js';
import { LagPlot } from './lag-plot.js';
import { At, Nothing, Panel } from './parts.js';
import { placeHash } from './route.js';
import { Scrubber, travel } from './scrubber.js';

const HOUR_MS = 3_600_000;
const RANGES: readonly (readonly [string, number])[] = [
  ['15 min', HOUR_MS / 4],
  ['1 h', HOUR_MS],
  ['6 h', 6 * HOUR_MS],
  ['24 h', 24 * HOUR_MS],
  ['7 d', 7 * 24 * HOUR_MS],
];
const POINTS = 400;
const REFRESH_MS = 15_000;

interface Props {
  readonly picture: Picture;
  /** The lag of this member only. */
  readonly only?: string;
}

export const Timeline = ({ picture: { overview }, only }: Props): JSX.Element => {
  const [rangeMs, setRange] = useState(HOUR_MS);
  const { scope } = overview;
  const history = useHistory(scope, rangeMs);
  return (
    <Panel
      id="timeline"
      title={only === undefined ? 'Over time' : `Lag of ${only} over time`}
      note={
        <div class="ranges" role="group" aria-label="How far back">
          {RANGES.map(([text, ms]) => (
            <button
              key={text}
              type="button"
              class="small"
              aria-pressed={ms === rangeMs}
              onClick={() => {
                setRange(ms);
              }}
            >
              {text}
            </button>
          ))}
        </div>
      }
    >
      {typeof history === 'string' ? (
        <Nothing>No history: {history}</Nothing>
      ) : history === null ? (
        <Nothing>Reading the journal…</Nothing>
      ) : (
        <>
          <Writes history={history} />
          <LagPlot history={history} lag={overview.lag} only={only} />
          <Marks history={history} scope={scope} />
        </>
      )}
      <Scrubber scope={scope} rangeMs={rangeMs} />
    </Panel>
  );
};

/** null: not read yet; a text: why it cannot be read. Read again while the page is open. */
function useHistory(scope: string, rangeMs: number): History | string | null {
  const [history, setHistory] = useState<History | string | null>(null);
  useEffect(() => {
    let isOver = false;
    const load = async (): Promise<void> => {
      const toMs = Math.round(daemonNow());
      try {
        const path = `${clusterPath(scope)}/history?from=${toMs - rangeMs}&to=${toMs}&points=${POINTS}`;
        const next = await read<History>(path);
        if (!isOver) setHistory(next);
      } catch (error) {
        if (!isOver) setHistory(problemText(error));
      }
    };
    void load();
    const timer = setInterval(() => void load(), REFRESH_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [scope, rangeMs]);
  return history;
}

const share = ({ fromMs, toMs }: History, atMs: number): number =>
  Math.min(1000, Math.max(0, (1000 * (atMs - fromMs)) / Math.max(1, toMs - fromMs)));

/** A band: taken, in part, not, nothing known. Words beside it say the same. */
const Writes = ({ history }: { readonly history: History }): JSX.Element => {
  const { writable, stepMs } = history;
  const known = writable.filter((value) => value !== null);
  const lostMs = known.reduce((sum, value) => sum + (1 - value) * stepMs, 0);
  const text =
    known.length === 0
      ? 'Writes: nothing is known of this time.'
      : lostMs === 0
        ? `Writes were taken all the time that is known (${Math.round((100 * known.length) / writable.length)} % of it).`
        : `At most ${Math.round(lostMs / 1000)} s without writes, in steps of ${Math.round(stepMs / 1000)} s.`;
  return (
    <figure class="writes">
      <figcaption>{text}</figcaption>
      <svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label={text}>
        <rect class="unknown" width="1000" height="14" />
        {spansOf(writable).map(({ from, to, kind }) => (
          <rect
            key={from}
            class={kind}
            x={(1000 * from) / writable.length}
            width={Math.max(1.5, (1000 * (to - from)) / writable.length)}
            height="14"
          />
        ))}
      </svg>
    </figure>
  );
};

interface Span {
  readonly from: number;
  readonly to: number;
  readonly kind: 'taken' | 'partly' | 'none';
}

const kindOf = (value: number): Span['kind'] => (value >= 1 ? 'taken' : value > 0 ? 'partly' : 'none');

/** Neighbours of one kind are one span; what is not known is none. */
function spansOf(values: readonly (number | null)[]): readonly Span[] {
  const spans: Span[] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const kind = kindOf(value);
    const last = spans.at(-1);
    if (last !== undefined && last.kind === kind && last.to === index)
      spans[spans.length - 1] = { ...last, to: index + 1 };
    else spans.push({ from: index, to: index + 1, kind });
  });
  return spans;
}

const SHOWN_MARKS = 40;

/** What happened, on the axis and as a list; each leads to that moment. */
const Marks = ({ history, scope }: { readonly history: History; readonly scope: string }): JSX.Element => {
  const marks = history.marks.slice(-400);
  return (
    <>
      <svg class="marks" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
        {marks.map((mark, index) => (
          <rect key={index} class={mark.tone} x={share(history, mark.atMs)} width="3" height="12">
            <title>{`${moment(mark.atMs)} ${mark.text}`}</title>
          </rect>
        ))}
      </svg>
      <details class="events">
        <summary>
          {history.marks.length === 0 ? 'Nothing happened in this time' : `${history.marks.length} events`}
        </summary>
        <ol class="lines short">
          {[...marks]
            .reverse()
            .slice(0, SHOWN_MARKS)
            .map((mark, index) => (
              <li key={index} class={mark.tone}>
                <At ms={mark.atMs} />
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
            ))}
        </ol>
      </details>
    </>
  );
};
