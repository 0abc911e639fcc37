// Lag and writes over time, with what happened marked on the axis, and the way to any past moment.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Plots as History } from '../../history/plots.js';
import { daemonNow, moment } from './clock.js';
import { clusterPath, problemText, read, type Picture } from './connection.js';
import { LagPlot } from './lag-plot.js';
import { Marks } from './marks.js';
import { Nothing, Panel } from './parts.js';
import { Scrubber } from './scrubber.js';
import { now } from './store.js';
import { Writes } from './writes.js';

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

/** The time that is shown ends here (milliseconds since 1970); null: now, and goes on. */
type End = number | null;

/** Where the axis has to end so that the moment is on it. */
function endFor(atMs: number, { endMs, rangeMs }: { readonly endMs: End; readonly rangeMs: number }): End {
  const nowMs = daemonNow();
  const toMs = endMs ?? nowMs;
  if (atMs >= toMs - rangeMs && atMs <= toMs) return endMs;
  return atMs + rangeMs / 2 >= nowMs ? null : atMs + rangeMs / 2;
}

export const Timeline = ({ picture: { overview }, only }: Props): JSX.Element => {
  const [rangeMs, setRange] = useState(HOUR_MS);
  const [endMs, setEnd] = useState<End>(null);
  const { scope } = overview;
  const { past } = now();
  const atMs = past?.overview.scope === scope ? past.atMs : null;
  const history = useHistory(scope, { rangeMs, endMs });
  const endAt = (ms: number): void => {
    setEnd(ms >= daemonNow() ? null : ms);
  };
  useEffect(() => {
    setEnd(atMs === null ? null : endFor(atMs, { endMs, rangeMs }));
  }, [atMs]);
  useEffect(() => {
    if (atMs !== null) setEnd(endFor(atMs, { endMs, rangeMs }));
  }, [rangeMs]);
  const toMs = endMs ?? daemonNow();
  return (
    <Panel
      id="timeline"
      title={only === undefined ? 'Over time' : `Lag of ${only} over time`}
      note={
        <div class="ranges" role="group" aria-label="Which time">
          <button
            type="button"
            class="small"
            data-do="earlier"
            onClick={() => {
              endAt(toMs - rangeMs);
            }}
          >
            ← earlier
          </button>
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
          <button
            type="button"
            class="small"
            data-do="later"
            disabled={endMs === null}
            onClick={() => {
              endAt(toMs + rangeMs);
            }}
          >
            later →
          </button>
        </div>
      }
    >
      {endMs !== null && (
        <p class="dim">
          From {moment(endMs - rangeMs)} to {moment(endMs)}
        </p>
      )}
      {typeof history === 'string' ? (
        <Nothing>No history: {history}</Nothing>
      ) : history === null ? (
        <Nothing>Reading the journal…</Nothing>
      ) : (
        <>
          <Writes history={history} atMs={atMs} />
          <LagPlot
            history={history}
            lag={overview.lag}
            only={only}
            atMs={atMs}
            isNow={atMs === null && endMs === null}
          />
          <Marks key={`${rangeMs} ${String(endMs)}`} history={history} scope={scope} atMs={atMs} endAt={endAt} />
        </>
      )}
      <Scrubber scope={scope} rangeMs={rangeMs} endMs={endMs} />
    </Panel>
  );
};

/** null: not read yet; a text: why it cannot be read. Read again while the page is open and the time goes on. */
function useHistory(
  scope: string,
  { rangeMs, endMs }: { readonly rangeMs: number; readonly endMs: End },
): History | string | null {
  const [history, setHistory] = useState<History | string | null>(null);
  useEffect(() => {
    let isOver = false;
    const load = async (): Promise<void> => {
      const toMs = Math.round(endMs ?? daemonNow());
      try {
        const path = `${clusterPath(scope)}/history?from=${toMs - rangeMs}&to=${toMs}&points=${POINTS}`;
        const next = await read<History>(path);
        if (!isOver) setHistory(next);
      } catch (error) {
        if (!isOver) setHistory(problemText(error));
      }
    };
    void load();
    const timer = endMs === null ? setInterval(() => void load(), REFRESH_MS) : undefined;
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [scope, rangeMs, endMs]);
  return history;
}
