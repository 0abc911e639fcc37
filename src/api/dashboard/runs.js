// The procedure of several stages that is under way: where it stands, what is left, and a person's word on it.
import { h } from './dom.js';
import { bytes, counting } from './format.js';
import { nothing, panelTitle } from './panels.js';

export function run(one) {
  if (one == null) return [panelTitle('runs', 'Procedure', ''), nothing('None is under way.')];
  return [
    panelTitle('runs', 'Procedure', `stage ${Math.min(one.stagesDone + 1, one.stages)} of ${one.stages}`),
    h(
      'div',
      { class: `row run ${one.phase}`, 'data-key': one.id },
      h(
        'div',
        { class: 'row-head' },
        h('span', { class: 'verdict' }, one.phase),
        h('h3', null, h('code', null, one.name)),
        h('span', { class: 'when' }, counting('since', one.startedAtMs)),
      ),
      h('p', { class: 'why' }, one.now),
      one.watch !== null && watch(one.watch),
      h(
        'ol',
        { class: 'requests', 'aria-label': 'Stages that are left' },
        one.left.map(({ key, text }) => h('li', { 'data-key': key }, text)),
      ),
      h('p', { class: 'phase' }, `by ${one.by}: ${one.reason}`),
      h('p', { class: 'buttons' }, words(one), h('span', { class: 'dim' }, one.id)),
    ),
  ];
}

function watch({ sinceMs, untilMs, progress }) {
  return h(
    'p',
    { class: 'phase' },
    'waits for ',
    counting('since', sinceMs),
    ', ',
    counting('left', untilMs),
    progress !== null && `; ${copied(progress)}`,
  );
}

function copied({ doneBytes, totalBytes, bytesPerSecond }) {
  const of = totalBytes === null ? '' : ` of ${bytes(totalBytes)}`;
  return `${bytes(doneBytes)}${of}${bytesPerSecond === null ? '' : `, ${bytes(bytesPerSecond)}/s`}`;
}

const WORDS = { running: ['pause', 'abort'], held: ['continue', 'abort'], paused: ['continue', 'abort'] };
const TITLES = { pause: 'Pause…', continue: 'Continue…', abort: 'Abort…' };

const words = ({ id, phase, mark }) =>
  (WORDS[phase] ?? []).map((word) =>
    h(
      'button',
      {
        type: 'button',
        class: word === 'continue' ? 'go' : '',
        'data-do': 'run',
        'data-word': word,
        'data-id': id,
        // What was on the screen when it was pressed: another list by then is shown anew and not agreed to.
        'data-mark': mark,
      },
      TITLES[word],
    ),
  );
