// Lag of each member over time, with the policy's limits as dashed lines.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { byteMarks, bytesText } from '../../words/amounts.js';
import type { Plots as History } from '../../history/plots.js';
import { dayAndHour, timeOfDay, zoneNow } from './clock.js';
import type { Picture } from './connection.js';
import { Nothing } from './parts.js';
import { colour, Plot, type Columns } from './plot.js';
import { stepsUntil } from './writes.js';

const stepsOf = ({ fromMs, stepMs, writable }: History): number[] =>
  writable.map((_, index) => (fromMs + index * stepMs) / 1000);

const DAY_MS = 24 * 3_600_000;
const LINES = ['line-1', 'line-2', 'line-3', 'line-4', 'line-5'];

interface LagProps {
  readonly history: History;
  readonly lag: Picture['overview']['lag'];
  readonly only?: string | undefined;
  /** The past moment that the page shows: of what came after it nothing is drawn. null: now. */
  readonly atMs: number | null;
  /** It ends now. */
  readonly isNow: boolean;
}

export const LagPlot = ({ history, lag, only, atMs, isNow }: LagProps): JSX.Element => {
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const names = Object.keys(history.members).filter((name) => only === undefined || name === only);
  const shown = stepsUntil(history, atMs);
  const valuesOf = (name: string): (number | null)[] =>
    (history.members[name] ?? []).map((value, step) => (step < shown ? value : null));
  const data = [stepsOf(history), ...names.map(valuesOf)] as unknown as Columns;
  const isLong = history.toMs - history.fromMs > DAY_MS;
  const shape = `${names.join(' ')} ${zoneNow()} ${document.documentElement.dataset['theme'] ?? ''} ${String(systemIsDark())} ${String(isLong)}`;
  useEffect(() => {
    if (root.current === null || names.length === 0) return undefined;
    plot.current = new Plot(root.current, optionsOf(names, lag, isLong), data);
    return () => {
      plot.current?.end();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.set(data);
  }, [history, shown]);
  if (names.length === 0) return <Nothing>Nothing is known of lag in this time.</Nothing>;
  return (
    <figure class="lags" aria-label={`Lag in bytes of ${names.join(', ')}`}>
      <figcaption>
        {names.map((name, index) => (
          <span key={name} class={LINES[index % LINES.length]}>
            <i aria-hidden="true" /> {name} {lastText(valuesOf(name).slice(0, shown), isNow)}
          </span>
        ))}
      </figcaption>
      <div ref={root} class="plot" />
    </figure>
  );
};

function lastText(values: readonly (number | null)[], isNow: boolean): string {
  const last = values.at(-1);
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return `${last == null ? `unknown ${isNow ? 'now' : 'then'}` : bytesText(last)} (most ${bytesText(most)})`;
}

const axisBytes = (_plot: unknown, values: readonly number[]): string[] => values.map((value) => bytesText(value));

type Options = ConstructorParameters<typeof Plot>[1];

/** The system may change between light and dark while the page is open. */
const systemIsDark = (): boolean => matchMedia('(prefers-color-scheme: dark)').matches;

/** As everywhere on the page, 24 hours; over more than a day with the day. */
const axisTimes =
  (isLong: boolean) =>
  (_plot: unknown, seconds: readonly number[]): string[] =>
    seconds.map((at) => (isLong ? dayAndHour(at * 1_000) : timeOfDay(at * 1_000).replace(/:\d\dZ?$/, '')));

function optionsOf(names: readonly string[], lag: Picture['overview']['lag'], isLong: boolean): Options {
  const axis = { stroke: colour('dim'), grid: { stroke: colour('line'), width: 1 }, ticks: { stroke: colour('line') } };
  return {
    height: 168,
    // As wide as the bands above and below, so that a moment stands under itself.
    padding: [null, 0, null, 0],
    legend: { show: false },
    cursor: { y: false },
    tzDate: (seconds) => {
      const date = new Date(seconds * 1000);
      return zoneNow() === 'UTC' ? new Date(date.getTime() + date.getTimezoneOffset() * 60_000) : date;
    },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, lag.warningBytes / 4)] } },
    axes: [
      { ...axis, values: axisTimes(isLong) },
      { ...axis, size: 74, splits: (_plot, _axis, _low, high) => [...byteMarks(high)], values: axisBytes },
    ],
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
