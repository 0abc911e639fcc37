// Problems, decisions, what we can see, the journal: each a panel that is there also when there is nothing to tell.
import { h } from './dom.js';
import { counting, glyph, serverNow, timeOfDay, words } from './format.js';

export const panelTitle = (id, title, note) =>
  h('div', { class: 'panel-title' }, h('h2', { id: `${id}-title` }, title), h('p', { class: 'dim' }, note));

export const nothing = (text) => h('p', { class: 'nothing' }, text);

export function problems(overview) {
  const active = overview.problems.filter((problem) => problem.phase === 'active').length;
  const suspect = overview.problems.filter((problem) => problem.phase === 'suspect').length;
  const note = overview.problems.length === 0 ? '' : `${active} active, ${suspect} in grace`;
  return [
    panelTitle('problems', 'Problems', note),
    overview.problems.length === 0
      ? nothing('None in sight.')
      : h('ul', { class: 'rows' }, overview.problems.map(problemRow)),
  ];
}

function problemRow(problem) {
  const level = problem.phase === 'active' ? problem.level : problem.phase === 'suspect' ? 'unknown' : 'info';
  return h(
    'li',
    { class: `row problem ${problem.phase} ${problem.level}`, 'data-key': `${problem.code}/${problem.subject}` },
    h(
      'div',
      { class: 'row-head' },
      glyph(level),
      h('h3', null, h('code', null, problem.code), ' ', h('span', { class: 'subject' }, problem.subject)),
      h('span', { class: 'when' }, counting('since', problem.firstSeenMs)),
    ),
    h('p', { class: 'phase' }, phaseOf(problem)),
    problem.phase === 'suspect' && graceBar(problem),
    h(
      'ul',
      { class: 'evidence', 'aria-label': 'Evidence' },
      problem.evidence
        .slice(0, 8)
        .map((one) => h('li', null, h('span', { class: 'channel' }, one.channel), h('span', null, one.text))),
    ),
  );
}

function phaseOf(problem) {
  const seen = `${problem.level}, seen in ${problem.samples} passes by ${problem.channels.join(' and ') || 'no channel'}`;
  if (problem.phase === 'suspect') return [`${seen}; actionable `, counting('until', problem.actionableAtMs)];
  if (problem.phase === 'recovering') return `${seen}; not seen any more, watching that it stays away`;
  return `${seen}; past its grace`;
}

function graceBar(problem) {
  const whole = Math.max(1, problem.actionableAtMs - problem.firstSeenMs);
  const done = Math.min(1, Math.max(0, (serverNow() - problem.firstSeenMs) / whole));
  return h(
    'svg',
    { class: 'grace', viewBox: '0 0 100 2', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    h('rect', { class: 'track', width: 100, height: 2 }),
    h('rect', { class: 'fill', width: Math.round(done * 100), height: 2 }),
  );
}

export function decisions(snapshot) {
  const list = snapshot.decisions;
  return [
    panelTitle(
      'decisions',
      'Decisions',
      `pass ${snapshot.tick}${snapshot.passMs === null ? '' : `, ${Math.round(snapshot.passMs.last)} ms`}`,
    ),
    list.length === 0
      ? nothing('None: there is nothing to do now.')
      : h('ul', { class: 'rows' }, list.map(decisionRow)),
  ];
}

/** Held by the mode alone means that everything else said yes: that is what dry-run is for. */
export const verdictOf = (decision) =>
  decision.kind !== 'held'
    ? decision.kind
    : decision.blocks.every((block) => block.gate === 'mode')
      ? 'would act'
      : decision.blocks.every((block) => block.gate === 'approval')
        ? 'waits for an approval'
        : 'held';

function decisionRow(decision) {
  const verdict = verdictOf(decision);
  const planned = decision.plan !== undefined;
  return h(
    'li',
    {
      class: `row decision ${verdict === 'waits for an approval' ? 'held' : verdict.replace(' ', '-')}`,
      'data-key': planned ? `${decision.plan.action}/${decision.plan.target}` : `${decision.code}/${decision.subject}`,
    },
    h(
      'div',
      { class: 'row-head' },
      h('span', { class: 'verdict' }, verdict === 'page' ? 'a person must act' : verdict),
      h(
        'h3',
        null,
        h('code', null, planned ? decision.plan.action : decision.code),
        ' ',
        h('span', { class: 'subject' }, planned ? decision.plan.target : decision.subject),
      ),
    ),
    h('p', { class: 'why' }, decision.why),
    planned && requests(decision.steps),
    decision.kind === 'held' && gates(decision.blocks),
    decision.kind === 'waiting' &&
      decision.untilMs !== null &&
      h('p', { class: 'phase' }, 'decides again ', counting('until', decision.untilMs)),
  );
}

export const requests = (steps) =>
  h(
    'ol',
    { class: 'requests', 'aria-label': 'Requests' },
    steps.map((step) => h('li', null, h('code', null, step))),
  );

const gates = (blocks) =>
  h(
    'ul',
    { class: 'gates', 'aria-label': 'Held by' },
    blocks.map((block) =>
      h(
        'li',
        { 'data-key': block.gate },
        h('span', { class: 'gate' }, block.gate),
        h(
          'span',
          null,
          block.because,
          h('span', { class: 'unblock' }, block.unblock),
          block.retryAtMs !== null &&
            h('span', { class: 'unblock' }, 'asked again ', counting('until', block.retryAtMs)),
        ),
      ),
    ),
  );

const COLUMNS = [
  ['api', 'API'],
  ['cluster', 'peers'],
  ['sql', 'SQL'],
  ['host', 'host'],
  ['tag-file', 'tags'],
];
const WHOLE = [
  ['leader-key', 'leader key'],
  ['dcs-membership', 'etcd membership'],
  ['dcs-alarms', 'etcd alarms'],
  ['config', 'dynamic config'],
  ['history', 'history'],
  ['proxy', 'HAProxy'],
];

export function sources(overview) {
  const unknown = overview.sources.filter((source) => source.kind === 'unknown');
  const find = (name, subject) =>
    overview.sources.find((source) => source.source === name && source.subject === subject);
  return [
    panelTitle(
      'sources',
      'What it can see',
      unknown.length === 0 ? 'every source answers' : `${unknown.length} unknown`,
    ),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Age of each reading' },
      h(
        'table',
        null,
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            h('th', { scope: 'col' }, 'member'),
            COLUMNS.map(([, title]) => h('th', { scope: 'col' }, title)),
          ),
        ),
        h(
          'tbody',
          null,
          overview.members.map((member) =>
            h(
              'tr',
              { 'data-key': member.name },
              h('th', { scope: 'row' }, member.name),
              COLUMNS.map(([name]) => h('td', null, age(find(name, member.name)))),
            ),
          ),
        ),
      ),
    ),
    h(
      'ul',
      { class: 'whole' },
      WHOLE.map(([name, title]) =>
        h('li', { 'data-key': name }, h('span', { class: 'dim' }, title), ' ', age(find(name, null))),
      ),
    ),
    unknown.length > 0 &&
      h(
        'ul',
        { class: 'reasons', 'aria-label': 'Why unknown' },
        unknown.map((source) =>
          h(
            'li',
            { 'data-key': `${source.source}/${source.subject ?? ''}` },
            h('span', { class: 'channel' }, source.source),
            h('span', null, source.reason),
          ),
        ),
      ),
  ];
}

function age(source) {
  if (source === undefined || source.kind === 'off') return h('span', { class: 'off' }, 'off');
  if (source.kind === 'unread') return h('span', { class: 'off' }, 'not due');
  if (source.kind === 'unknown') return h('b', { class: 'unknown' }, 'unknown');
  return h('span', { class: source.kind }, counting('since', source.atMs));
}

export function journal(lines) {
  return [
    panelTitle('journal', 'Journal', 'newest first'),
    lines.length === 0
      ? nothing('Nothing has been written yet.')
      : h(
          'ol',
          { class: 'lines', tabindex: 0, 'aria-label': 'Journal, newest first' },
          lines.map((line) =>
            h(
              'li',
              { class: line.tone, 'data-key': line.seq },
              h('time', { datetime: new Date(line.atMs).toISOString() }, timeOfDay(line.atMs)),
              h('span', { class: 'kind' }, line.kind),
              h('span', { class: 'text' }, line.text),
            ),
          ),
        ),
  ];
}

const MODE_TEXT = {
  observe: ['observe', 'names what is wrong; plans nothing, sends nothing'],
  'dry-run': ['dry-run', 'decides and journals as if it acted; sends nothing'],
  enforce: ['enforce', 'acts: requests are sent to the cluster'],
};

export function modeBand(overview) {
  const [name, text] = MODE_TEXT[overview.mode] ?? [overview.mode, ''];
  const held = overview.tenure.state === 'held' || overview.tenure.state === 'not-needed';
  return h(
    'p',
    { class: `band ${overview.mode} ${overview.brakes.length > 0 ? 'held-back' : ''}` },
    overview.demo === true && h('strong', { class: 'demo' }, 'demo: a simulated cluster; nothing here is real'),
    h('strong', null, name),
    h('span', null, overview.brakes.length > 0 ? `but ${overview.brakes.join('; ')}` : text),
    h('span', { class: `tenure ${held ? '' : 'bad'}` }, tenureText(overview.tenure)),
  );
}

function tenureText(tenure) {
  if (tenure.state === 'held') return `tenure held, epoch ${tenure.epoch ?? '?'}`;
  if (tenure.state === 'other') return `tenure is ${tenure.owner ?? 'another instance'}'s: watching only`;
  if (tenure.state === 'not-needed') return 'single instance';
  return 'tenure unknown: sends nothing';
}

export function hero(overview, snapshot) {
  const reads = overview.pools.find((pool) => pool.use === 'reads');
  const inRotation = reads?.servers.filter((server) => server.rotation === 'in').length;
  const replicas = overview.members.length - (overview.leader === null ? 0 : 1);
  const instruments = [
    ['leader', overview.leader ?? 'none', overview.leader === null ? 'bad' : ''],
    ['timeline', overview.timeline ?? '?', ''],
    ['read pool', inRotation === undefined ? 'unknown' : `${inRotation} of ${replicas}`, inRotation === 0 ? 'bad' : ''],
    [
      'budget',
      overview.breaker === null ? `${overview.budget.left} of ${overview.budget.perHour}` : 'breaker open',
      overview.breaker === null ? '' : 'bad',
    ],
    ['pass', snapshot.passMs === null ? 'unknown' : `${Math.round(snapshot.passMs.last)} ms`, ''],
    ['up', counting('since', snapshot.startedAtMs), ''],
  ];
  return [
    h(
      'div',
      { class: `now ${overview.level}` },
      glyph(overview.level),
      h(
        'div',
        null,
        h('h1', null, overview.headline),
        h(
          'p',
          null,
          overview.sinceMs === null ? 'since the start' : ['for ', counting('since', overview.sinceMs)],
          h('span', { class: 'summary' }, snapshot.sentence),
        ),
      ),
    ),
    h(
      'dl',
      { class: 'instruments' },
      instruments.map(([name, value, tone]) => h('div', { class: tone }, h('dt', null, name), h('dd', null, value))),
    ),
    overview.incidents.length > 0 &&
      h(
        'ul',
        { class: 'incidents', 'aria-label': 'Open incidents' },
        overview.incidents.map((one) =>
          h(
            'li',
            { class: one.level, 'data-key': one.id },
            h('span', { class: 'kind' }, 'incident'),
            h('b', null, one.id),
            h('span', null, `${one.cause} ${one.subject}`),
            h('span', { class: 'dim' }, one.text),
          ),
        ),
      ),
    overview.impaired.length > 0 &&
      h(
        'ul',
        { class: 'impaired', 'aria-label': 'What stops it from working' },
        overview.impaired.map((text) => h('li', null, glyph('critical'), text)),
      ),
  ];
}
