// Whether writes were taken over time, as a band.
import type { JSX } from 'preact';
import { spanText } from '../../words/amounts.js';
import type { Plots as History } from '../../history/plots.js';

/** How many steps of the history lie before this moment; null: all of it is shown. */
export const stepsUntil = ({ fromMs, stepMs, writable }: History, atMs: number | null): number =>
  atMs === null ? writable.length : Math.min(writable.length, Math.max(0, Math.ceil((atMs - fromMs) / stepMs)));

interface Props {
  readonly history: History;
  /** The past moment that the page shows: of what came after it nothing is told. null: now. */
  readonly atMs: number | null;
}

/** A band: taken, in part, not, nothing known. Words beside it say the same. */
export const Writes = ({ history, atMs }: Props): JSX.Element => {
  const { stepMs } = history;
  const writable = history.writable.slice(0, stepsUntil(history, atMs));
  const known = writable.filter((value) => value !== null);
  const lostMs = known.reduce((sum, value) => sum + (1 - value) * stepMs, 0);
  const text =
    known.length === 0
      ? 'Writes: nothing is known of this time.'
      : lostMs === 0
        ? `Writes were taken all the time that is known (${Math.round((100 * known.length) / writable.length)} % of it).`
        : `At most ${spanText(Math.max(1_000, lostMs))} without writes, in steps of ${spanText(Math.max(1_000, stepMs))}.`;
  return (
    <figure class="writes">
      <figcaption>{text}</figcaption>
      <svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label={text}>
        <rect class="unknown" width="1000" height="14" />
        {spansOf(writable).map(({ from, to, kind }) => (
          <rect
            key={from}
            class={kind}
            x={(1000 * from) / history.writable.length}
            width={Math.max(1.5, (1000 * (to - from)) / history.writable.length)}
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
