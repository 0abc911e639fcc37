// Lag and writes over time, with what happened marked on the axis, and the way to any past moment.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { bytesText } from '../../words/amounts.js';
import { daemonNow, moment, zoneNow } from './clock.js';
import { clusterPath, read, type Picture } from './connection.js';
import type { Plots as History } from '../../history/plots.js';
import { At, Nothing, Panel } from './parts.js';
import { colour, Plot, type Columns } from './plot.js';
import { goTo, now, tell } from './store.js';
import { placeHash } from './route.js';

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
        if (!isOver) setHistory(error instanceof Error ? error.message : String(error));
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

const stepsOf = ({ fromMs, stepMs, writable }: History): number[] =>
  writable.map((_, index) => (fromMs + index * stepMs) / 1000);

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

const LINES = ['line-1', 'line-2', 'line-3', 'line-4', 'line-5'];

interface LagProps {
  readonly history: History;
  readonly lag: Picture['overview']['lag'];
  readonly only?: string | undefined;
}

const LagPlot = ({ history, lag, only }: LagProps): JSX.Element => {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const names = Object.keys(history.members).filter((name) => only === undefined || name === only);
  const data = [stepsOf(history), ...names.map((name) => [...(history.members[name] ?? [])])] as unknown as Columns;
  const shape = `${names.join(' ')} ${zoneNow()} ${document.documentElement.dataset['theme'] ?? ''}`;
  useEffect(() => {
    if (root.current === null || names.length === 0) return undefined;
    plot.current = new Plot(root.current, optionsOf(names, lag), data);
    return () => {
      plot.current?.end();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.set(data);
  }, [history]);
  if (names.length === 0) return <Nothing>Nothing is known of lag in this time.</Nothing>;
  return (
    <figure class="lags" aria-label={`Lag in bytes of ${names.join(', ')}`}>
      <figcaption>
        {names.map((name, index) => (
          <span key={name} class={LINES[index % LINES.length]}>
            <i aria-hidden="true" /> {name} {lastText(history.members[name] ?? [])}
          </span>
        ))}
      </figcaption>
      <div ref={root} class="plot" />
    </figure>
  );
};

function lastText(values: readonly (number | null)[]): string {
  const last = values.at(-1);
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return `${last == null ? 'unknown now' : bytesText(last)} (most ${bytesText(most)})`;
}

const axisBytes = (_plot: unknown, values: readonly number[]): string[] => values.map((value) => bytesText(value));

type Options = ConstructorParameters<typeof Plot>[1];

function optionsOf(names: readonly string[], lag: Picture['overview']['lag']): Options {
  const axis = { stroke: colour('dim'), grid: { stroke: colour('line'), width: 1 }, ticks: { stroke: colour('line') } };
  return {
    height: 168,
    legend: { show: false },
    cursor: { y: false },
    tzDate: (seconds) => {
      const date = new Date(seconds * 1000);
      return zoneNow() === 'UTC' ? new Date(date.getTime() + date.getTimezoneOffset() * 60_000) : date;
    },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, lag.warningBytes / 4)] } },
    axes: [axis, { ...axis, size: 74, values: axisBytes }],
    series: [
      {},
      ...names.map((name, index) => ({
        label: name,
        stroke: colour(LINES[index % LINES.length] ?? 'accent'),
        width: 1.6,
        spanGaps: false,
        points: { show: false },
      })),
    ],
    hooks: {
      draw: [
        (plot) => {
          drawLimits(plot, lag);
        },
      ],
    },
  };
}

/** The policy's limits as dashed lines, where they are in sight. */
function drawLimits(
  plot: {
    readonly ctx: CanvasRenderingContext2D;
    readonly bbox: { readonly left: number; readonly top: number; readonly width: number };
    valToPos: (value: number, scale: string, canvas: boolean) => number;
  },
  { warningBytes, criticalBytes, emergencyBytes }: Picture['overview']['lag'],
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([6, 5]);
  for (const [bytes, name] of [
    [warningBytes, 'warn'],
    [criticalBytes, 'bad'],
    [emergencyBytes, 'bad'],
  ] as const) {
    const y = plot.valToPos(bytes, 'y', true);
    if (y < bbox.top) continue;
    ctx.strokeStyle = colour(name);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
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

async function travel(scope: string, atMs: number | null): Promise<void> {
  const problem = await goTo(scope, atMs);
  if (problem !== null) tell(`That moment cannot be shown: ${problem}`);
}

const NUDGE_MS = 120;

/** To any moment of the range, and step by step from one recorded pass to the next. */
const Scrubber = ({ scope, rangeMs }: { readonly scope: string; readonly rangeMs: number }): JSX.Element => {
  const [problem, setProblem] = useState<string | null>(null);
  const timer = useRef<number | undefined>(undefined);
  const { past } = now();
  const toMs = daemonNow();
  const atMs = past?.atMs ?? toMs;
  const go = async (target: number | null): Promise<void> => {
    setProblem(await goTo(scope, target));
  };
  const step = (target: number | null | undefined, text: string): JSX.Element => (
    <button type="button" class="small" disabled={target == null} onClick={() => void go(target ?? null)}>
      {text}
    </button>
  );
  return (
    <div class="scrubber" role="group" aria-label="Past moments">
      {step(past === null ? toMs : past.previousMs, '← before')}
      <input
        type="range"
        min={0}
        max={1000}
        value={Math.round(Math.min(1000, Math.max(0, 1000 - (1000 * (toMs - atMs)) / rangeMs)))}
        aria-label="Moment that the page shows"
        aria-valuetext={past === null ? 'now' : moment(atMs)}
        onInput={(event) => {
          const share = Number(event.currentTarget.value);
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => {
            void go(share >= 1000 ? null : daemonNow() - ((1000 - share) / 1000) * rangeMs);
          }, NUDGE_MS);
        }}
      />
      {step(past?.nextMs, 'after →')}
      {past === null ? (
        <span class="dim">now</span>
      ) : (
        <>
          <At ms={atMs} day />
          <button type="button" class="small go" onClick={() => void go(null)}>
            Back to now
          </button>
        </>
      )}
      {problem !== null && <p class="dim">That moment cannot be shown: {problem}</p>}
    </div>
  );
};
