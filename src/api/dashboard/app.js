// Holds what the daemon last said and draws it. Nothing here is polled: every pass arrives by the event stream.
import { listen, read } from './connection.js';
import { askDecision, askPause, askResume, askRun, askToken } from './dialogs.js';
import { h, update } from './dom.js';
import { counting, serverNow, tickCounts, timeOfDay, words } from './format.js';
import * as panels from './panels.js';
import * as remediation from './remediation.js';
import * as runs from './runs.js';
import { topology } from './topology.js';

const KEPT_LINES = 120;
const clusters = new Map();
const lines = new Map();
let selected = decodeURIComponent(location.hash.slice(1)) || null;
let connection = 'connecting';
let lostAtMs = null;
let announced = '';
let drawing = false;

const part = (id) => document.getElementById(id);

function draw() {
  drawing = false;
  const cluster = clusters.get(selected) ?? clusters.values().next().value;
  document.body.dataset.connection = condition(cluster);
  update(part('top'), topBar(cluster));
  update(part('banner'), banner(cluster));
  if (cluster === undefined) return;
  const { overview, snapshot } = cluster;
  selected = overview.scope;
  document.body.dataset.level = overview.level;
  document.title = `${overview.level === 'ok' ? '' : '● '}${words(overview.state)} · ${overview.scope} · ekimi`;
  update(part('mode'), panels.modeBand(overview));
  update(part('hero'), panels.hero(overview, snapshot));
  update(part('topology'), topology(overview));
  update(part('problems'), panels.problems(overview));
  update(part('decisions'), panels.decisions(snapshot));
  update(part('remediations'), remediation.remediations(overview));
  update(part('runs'), runs.run(cluster.run));
  update(part('approvals'), remediation.approvals(overview, snapshot));
  part('approvals').classList.toggle('calls', overview.approvals.length > 0);
  update(part('switches'), remediation.switches(overview));
  update(part('journal'), panels.journal([...(lines.get(selected) ?? [])].reverse()));
  update(part('sources'), panels.sources(overview));
  announce(overview);
}

function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

/** live, or what is wrong: a page that looks alive and is not is worse than none. */
function condition(cluster) {
  if (connection !== 'live') return connection;
  if (cluster !== undefined && serverNow() - cluster.snapshot.atMs > cluster.overview.staleAfterMs) return 'stale';
  return 'live';
}

function topBar(cluster) {
  const names = [...clusters.keys()];
  const state = condition(cluster);
  return h(
    'div',
    { class: 'top' },
    h(
      'p',
      { class: 'mark' },
      h('svg', { viewBox: '0 0 28 16', 'aria-hidden': 'true' }, h('path', { d: 'M1 9h5l3-7 5 13 3.4-8 1.6 2h8' })),
      'ekimi',
    ),
    names.length > 1
      ? h(
          'nav',
          { 'aria-label': 'Clusters' },
          names.map((name) =>
            h(
              'a',
              {
                href: `#${encodeURIComponent(name)}`,
                'data-key': name,
                'aria-current': name === selected ? 'page' : null,
              },
              name,
            ),
          ),
        )
      : h('p', { class: 'scope' }, names[0] ?? ''),
    h(
      'p',
      { class: `live ${state}` },
      h('i', { 'aria-hidden': 'true' }),
      h('span', null, state),
      cluster !== undefined &&
        h('span', { class: 'dim' }, `pass ${cluster.snapshot.tick}, `, counting('ago', cluster.snapshot.atMs)),
    ),
    cluster !== undefined &&
      h('p', { class: 'build dim' }, `${cluster.snapshot.instance} · ${cluster.snapshot.version}`),
  );
}

function banner(cluster) {
  const state = condition(cluster);
  if (state === 'live') return [];
  if (state === 'connecting')
    return cluster === undefined ? h('p', { class: 'connecting' }, 'Connecting to the daemon…') : [];
  if (state === 'locked')
    return h(
      'p',
      null,
      h('strong', null, 'Locked.'),
      ' Reading needs a token here. ',
      h('button', { type: 'button', 'data-do': 'token' }, 'Give a token'),
    );
  const from =
    cluster === undefined ? 'Nothing has been shown yet.' : `What you see is from ${timeOfDay(cluster.snapshot.atMs)}.`;
  if (state === 'stale')
    return h(
      'p',
      null,
      h('strong', null, 'Stale.'),
      ' The daemon answers but its loop does not tick: the last pass ended ',
      counting('ago', cluster.snapshot.atMs),
      `. ${from}`,
    );
  return h(
    'p',
    null,
    h('strong', null, 'Offline.'),
    ` No connection to the daemon since ${timeOfDay(lostAtMs ?? serverNow())}. ${from} Trying again.`,
  );
}

/** Said once per change, for those who listen: the state and the problems, not the figures. */
function announce(overview) {
  const active = overview.problems.filter((problem) => problem.phase === 'active');
  const text = `${overview.scope} is ${overview.headline}. ${active.map((problem) => `${words(problem.code)} ${problem.subject}`).join('. ')}${overview.approvals.length > 0 ? '. An approval waits' : ''}`;
  if (text === announced) return;
  announced = text;
  part('announcer').textContent = text;
}

async function loadJournal(scope) {
  try {
    const answer = await read(`/v1/clusters/${encodeURIComponent(scope)}/journal?form=line&limit=${KEPT_LINES}`);
    lines.set(scope, answer.lines);
    redraw();
  } catch {
    // the stream says that we are offline; the journal is read again when it is back
  }
}

const stream = listen(
  (kind, data) => {
    if (kind === 'snapshot') {
      const scope = data.snapshot.scope;
      clusters.set(scope, data);
      if (!lines.has(scope)) {
        lines.set(scope, []);
        void loadJournal(scope);
      }
    } else if (kind === 'entry') {
      const known = lines.get(data.line.scope) ?? [];
      if (!known.some((line) => line.seq === data.line.seq))
        lines.set(data.line.scope, [...known, data.line].slice(-KEPT_LINES));
    }
    redraw();
  },
  (status) => {
    if (status !== 'live' && connection === 'live') lostAtMs = serverNow();
    if (status === 'live' && connection !== 'live') lines.clear();
    connection = status;
    redraw();
  },
);

const ACTIONS = {
  approve: (button, cluster) => decide('approve', button, cluster),
  reject: (button, cluster) => decide('reject', button, cluster),
  pause: (_button, { overview, snapshot }) =>
    askPause(
      overview.scope,
      overview.members.map((member) => member.name),
      Object.keys(snapshot.policy.actions),
    ),
  resume: (button, { overview }) => askResume(overview.scope, button.dataset.subject),
  run: (button, { overview, run }) =>
    run?.id === button.dataset.id
      ? askRun(button.dataset.word, run, button.dataset.mark, overview.scope)
      : Promise.resolve(null),
  token: () => askToken().then(() => stream.again()),
};

function decide(verb, button, { overview }) {
  const approval = overview.approvals.find((one) => one.id === button.dataset.id);
  return approval === undefined ? Promise.resolve(null) : askDecision(verb, approval, overview.scope);
}

document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[data-do]') : null;
  if (button === null) return;
  void ACTIONS[button.dataset.do](button, clusters.get(selected)).then((answer) => {
    if (answer?.text !== undefined) part('announcer').textContent = answer.text;
  });
});

addEventListener('hashchange', () => {
  selected = decodeURIComponent(location.hash.slice(1));
  redraw();
});

let lastCondition = '';
setInterval(() => {
  tickCounts();
  const now = condition(clusters.get(selected));
  if (now !== lastCondition) redraw();
  lastCondition = now;
}, 1000);
redraw();
