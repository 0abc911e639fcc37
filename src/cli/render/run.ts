import type { RunOverview } from '../../api/run-overview.js';
import type { ProcedureRun, RunAnswer } from '../../model/procedure-run.js';
import { bytesText, spanText } from '../../words/amounts.js';
import type { Tone } from '../../words/narrate.js';
import { bold, byTone, clean, dim, type Style } from './paint.js';

/** Every stage with its requests as they would be now; what a later one sends may depend on those before it. */
export function renderStages(answer: Exclude<RunAnswer, { kind: 'refused' }>, style: Style): string {
  const head =
    answer.kind === 'started'
      ? `${byTone(style, 'good', 'started')} ${dim(style, `(${clean(answer.id)}; ekimi procedures follows it)`)}`
      : 'would be sent, each stage through every gate at its time; nothing is sent now';
  return [
    head,
    ...answer.stages.flatMap(({ text, requests, held, told = [] }, index) => [
      `  ${index + 1}. ${clean(text)}`,
      ...requests.map((request) => dim(style, `     ${clean(request)}`)),
      ...told.map((why) => dim(style, `     ${clean(why)}`)),
      ...held.map((why) => dim(style, `     as things stand held by ${clean(why)}`)),
    ]),
  ].join('\n');
}

const TONES: Readonly<Record<RunOverview['phase'], Tone>> = {
  running: 'plain',
  held: 'warn',
  paused: 'warn',
  aborting: 'warn',
  aborted: 'warn',
  succeeded: 'good',
};

/** ` (for 2 min, at most 8 min more; 1.2 GiB of 4 GiB, 40 MiB/s)`. */
function watchText({ sinceMs, untilMs, progress }: NonNullable<RunOverview['watch']>, { nowMs }: Style): string {
  const far =
    progress === null
      ? []
      : [
          progress.totalBytes === null
            ? bytesText(progress.doneBytes)
            : `${bytesText(progress.doneBytes)} of ${bytesText(progress.totalBytes)}`,
          ...(progress.bytesPerSecond === null ? [] : [`${bytesText(progress.bytesPerSecond)}/s`]),
        ];
  const times = `for ${spanText(nowMs - sinceMs)}, at most ${spanText(Math.max(0, untilMs - nowMs))} more`;
  return ` (${[times, ...far].join('; ')})`;
}

/** `rolling-restart running: stage 2 of 4` with what it waits for and what is left. */
export function renderRun(scope: string, run: RunOverview, style: Style): string {
  const isOver = run.endedAtMs !== null;
  const count = isOver ? '' : `: ${countText(run)}`;
  const since = spanText((run.endedAtMs ?? style.nowMs) - run.startedAtMs);
  return [
    `${bold(style, clean(run.name))} ${byTone(style, TONES[run.phase], run.phase)}${count}, ${isOver ? 'took' : 'for'} ${since} ${dim(style, `(${clean(run.id)}, ${clean(scope)}, by ${clean(run.by)}: ${clean(run.reason)})`)}`,
    `  ${nowText(run, style)}`,
    ...run.left.map(({ text }) => dim(style, `  left: ${clean(text)}`)),
    ...(run.phase === 'held' || run.phase === 'paused'
      ? [dim(style, `  ekimi procedures continue ${clean(run.id)} --seen ${clean(run.mark)} --reason TEXT, or abort`)]
      : []),
  ].join('\n');
}

const countText = (run: RunOverview): string => `stage ${Math.min(run.stagesDone + 1, run.stages)} of ${run.stages}`;

const nowText = (run: RunOverview, style: Style): string =>
  `${clean(run.now)}${run.watch === null ? '' : watchText(run.watch, style)}`;

/** `stage 2 of 4: wait until patroni4 has copied the leader (for 2 min, at most 8 min more)`. */
const stageText = (run: RunOverview, style: Style): string => `${countText(run)}: ${nowText(run, style)}`;

/** A line of what is followed. */
export const renderStage = (run: RunOverview, style: Style): string =>
  run.phase === 'running' ? stageText(run, style) : `${run.phase}: ${nowText(run, style)}`;

/** In one line of `ekimi status`; `ekimi procedures` tells what is left. */
export const renderOpenRun = (run: RunOverview | ProcedureRun, style: Style): string =>
  `${bold(style, clean(run.name))} ${byTone(style, TONES[run.phase], run.phase)} for ${spanText(style.nowMs - run.startedAtMs)}: ${'now' in run ? stageText(run, style) : clean(run.detail)} ${dim(style, '(ekimi procedures)')}`;
