// The procedure of several stages that is under way: where it stands, what is left, and a person's word on it.
import type { ComponentChildren, JSX } from 'preact';
import { bytesText, spanText } from '../../words/amounts.js';
import { isOver, type ProcedureRun, type RunChange } from '../../model/procedure-run.js';
import type { RunOverview } from '../run-overview.js';
import { askRun } from './ask.js';
import type { Picture } from './connection.js';
import { At, Count, Nothing, Panel } from './parts.js';

interface Props {
  readonly run: RunOverview | null;
  readonly picture: Picture;
  readonly isPast: boolean;
  /** The button that starts another one. */
  readonly children?: ComponentChildren;
}

export const Runs = ({ run, picture, isPast, children }: Props): JSX.Element => (
  <Panel id="runs" title="Procedure" note={children}>
    {run === null ? (
      <Nothing>None is under way.</Nothing>
    ) : (
      <div class={`row run ${run.phase}`}>
        <div class="row-head">
          <span class="verdict">{run.phase}</span>
          <h3>
            <code>{run.name}</code>{' '}
            <span class="dim">
              stage {Math.min(run.stagesDone + 1, run.stages)} of {run.stages}
            </span>
          </h3>
          <span class="when">
            <Count kind="since" ms={run.startedAtMs} />
          </span>
        </div>
        <progress value={run.stagesDone} max={Math.max(1, run.stages)} aria-label="Stages that are done" />
        <p class="why">{run.now}</p>
        {run.watch !== null && <Watch watch={run.watch} />}
        <ol class="requests" aria-label="Stages that are left">
          {run.left.map(({ key, text }) => (
            <li key={key}>{text}</li>
          ))}
        </ol>
        <p class="phase">
          by {run.by}: {run.reason}
        </p>
        <p class="buttons">
          {(WORDS[run.phase] ?? []).map((word) => (
            <button
              key={word}
              type="button"
              class={word === 'continue' ? 'go' : ''}
              data-do="run"
              disabled={isPast}
              // What was on the screen when it was pressed: another list by then is shown anew and not agreed to.
              onClick={() => void askRun(word, run, run.mark, picture.overview.scope)}
            >
              {TITLES[word]}
            </button>
          ))}
          <span class="dim">{run.id}</span>
        </p>
      </div>
    )}
    <Ended runs={picture.snapshot.ledger.procedures} />
  </Panel>
);

/** How those that are over ended, the newest first: whoever followed one sees what became of it. */
const Ended = ({ runs = [] }: { readonly runs: readonly ProcedureRun[] | undefined }): JSX.Element | null => {
  const ended = runs.filter(isOver).sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0));
  if (ended.length === 0) return null;
  return (
    <ol class="history" aria-label="Procedures that ended">
      {ended.map((one) => (
        <li key={one.id} class={one.phase}>
          <At ms={one.endedAtMs ?? one.startedAtMs} day />
          <span class="result">{one.phase}</span>
          <span class="text">
            <code>{one.name}</code>{' '}
            <span class="dim">
              after {spanText((one.endedAtMs ?? one.startedAtMs) - one.startedAtMs)}, by {one.by}: {one.reason}
            </span>
            {one.detail !== '' && <span class="detail">{one.detail}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
};

const Watch = ({
  watch: { sinceMs, untilMs, progress },
}: {
  readonly watch: NonNullable<RunOverview['watch']>;
}): JSX.Element => (
  <p class="phase">
    waits for <Count kind="since" ms={sinceMs} />, <Count kind="left" ms={untilMs} />
    {progress !== null && `; ${copiedText(progress)}`}
  </p>
);

type Progress = NonNullable<NonNullable<RunOverview['watch']>['progress']>;

function copiedText({ doneBytes, totalBytes, bytesPerSecond }: Progress): string {
  const of = totalBytes === null ? '' : ` of ${bytesText(totalBytes)}`;
  return `${bytesText(doneBytes)}${of}${bytesPerSecond === null ? '' : `, ${bytesText(bytesPerSecond)}/s`}`;
}

const WORDS: Partial<Readonly<Record<RunOverview['phase'], readonly RunChange[]>>> = {
  running: ['pause', 'abort'],
  held: ['continue', 'abort'],
  paused: ['continue', 'abort'],
};
const TITLES: Readonly<Record<RunChange, string>> = { pause: 'Pause…', continue: 'Continue…', abort: 'Abort…' };
