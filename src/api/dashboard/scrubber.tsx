// The way to any past moment.
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { daemonNow, moment } from './clock.js';
import { At } from './parts.js';
import { goTo, now, tell } from './store.js';

/** Shows the page as it was then; says so where it cannot. */
export async function travel(scope: string, atMs: number | null): Promise<void> {
  const problem = await goTo(scope, atMs);
  if (problem !== null) tell(`That moment cannot be shown: ${problem}`);
}

const NUDGE_MS = 120;

interface ScrubberProps {
  readonly scope: string;
  /** The slider goes over so much time, which ends at `endMs`; null: now. */
  readonly rangeMs: number;
  readonly endMs: number | null;
}

/** To any moment of the range, and step by step from one recorded pass to the next. */
export const Scrubber = ({ scope, rangeMs, endMs }: ScrubberProps): JSX.Element => {
  const [problem, setProblem] = useState<string | null>(null);
  const timer = useRef<number | undefined>(undefined);
  const { past } = now();
  const nowMs = daemonNow();
  const toMs = endMs ?? nowMs;
  const atMs = past?.atMs ?? nowMs;
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
      {step(past === null ? nowMs : past.previousMs, '← before')}
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
            void go(
              share >= 1000 && endMs === null ? null : (endMs ?? daemonNow()) - ((1000 - share) / 1000) * rangeMs,
            );
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
