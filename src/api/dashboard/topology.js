// What routes to whom, who leads, who follows and how far behind; read from top to bottom as a request travels.
import { h } from './dom.js';
import { bytes, counting, duration, glyph, words } from './format.js';

const MEMBER_LEVEL = {
  leader: 'ok',
  healthy: 'ok',
  lagging: 'warning',
  blocked: 'warning',
  'not-streaming': 'warning',
  rebuilding: 'warning',
  starting: 'warning',
  'start-failed': 'critical',
  diverged: 'critical',
  down: 'critical',
  rogue: 'critical',
  unknown: 'unknown',
};

const SOURCE_TEXT = { api: 'API', cluster: 'peers', sql: 'SQL', host: 'host', 'tag-file': 'tags' };

export function topology(overview) {
  return h(
    'div',
    { class: overview.leader === null ? 'topology headless' : 'topology' },
    proxyBar(overview),
    h(
      'ol',
      { class: 'members', 'aria-label': 'Members' },
      overview.members.map((member) => memberCard(member, overview)),
    ),
    dcsBar(overview),
  );
}

/** One of several pools for a purpose is known by its proxy and backend. */
const poolKey = (pool, pools) =>
  pools.filter(({ use }) => use === pool.use).length > 1 ? `${pool.proxy ?? ''}:${pool.backend}` : pool.use;

function proxyBar(overview) {
  return h(
    'div',
    { class: 'bar proxy' },
    h('h2', { class: 'bar-name' }, 'HAProxy'),
    overview.proxyNote !== null && h('p', { class: 'bar-note' }, overview.proxyNote),
    overview.pools.map((pool) => {
      const up = pool.servers.filter((server) => server.rotation === 'in');
      const sessions = up.reduce((sum, server) => sum + server.sessions, 0);
      const who = pool.use === 'writes' ? up.map((server) => server.name).join(', ') || 'nobody' : `${up.length} up`;
      return h(
        'p',
        { class: `pool ${up.length === 0 ? 'bad' : ''}`, 'data-key': poolKey(pool, overview.pools) },
        h('span', { class: 'pool-use' }, pool.use),
        h('span', { class: 'arrow', 'aria-hidden': 'true' }, '→'),
        h('strong', null, who),
        h(
          'span',
          { class: 'dim' },
          `${pool.proxy === undefined ? '' : `${pool.proxy}: `}${pool.backend}, ${sessions} sessions`,
        ),
      );
    }),
  );
}

const isLeader = (member) => member.holdsLeaderKey === true;

/** The member's own pool decides how its line to the proxy is drawn: writes for the leader, reads for everyone else. */
function memberCard(member, overview) {
  const rotation = isLeader(member) ? member.writes : member.reads;
  const level = MEMBER_LEVEL[member.state] ?? 'unknown';
  const streams =
    !isLeader(member) && overview.leader !== null && ['healthy', 'lagging', 'blocked'].includes(member.state);
  return h(
    'li',
    {
      class: `member ${isLeader(member) ? 'leads' : ''} ${streams ? 'streams' : ''}`,
      'data-key': member.name,
      'data-rotation': rotation,
      'data-level': level,
    },
    h('div', { class: 'link' }, h('span', null, member.poolText)),
    h(
      'article',
      { class: 'card' },
      h(
        'header',
        null,
        h('h3', null, member.name),
        h('span', { class: 'role' }, isLeader(member) ? 'leader' : words(member.role)),
      ),
      h(
        'p',
        { class: `state ${level}` },
        glyph(level),
        h('strong', null, words(member.state)),
        member.sinceMs !== null && h('span', { class: 'dim' }, ' ', counting('since', member.sinceMs)),
      ),
      isLeader(member) ? leaderFigure(overview) : lagFigure(member, overview.lag),
      h('p', { class: 'facts' }, factsOf(member)),
      h('p', { class: 'seen' }, sourcesOf(member, overview.sources)),
    ),
    h('div', { class: 'wal', 'aria-hidden': 'true' }),
  );
}

function leaderFigure(overview) {
  const { lag } = overview;
  const lease = overview.leaseTtlMs === null ? 'lease unknown' : `lease ${Math.round(overview.leaseTtlMs / 1000)} s`;
  return h(
    'div',
    { class: 'figure' },
    h('p', null, h('b', null, 'holds the leader key'), h('span', { class: 'dim' }, lease)),
    h(
      'p',
      { class: 'dim legend' },
      `thresholds ${[lag.warningBytes, lag.criticalBytes, lag.emergencyBytes].map(bytes).join(', ')}`,
    ),
  );
}

const BAR = { width: 200, height: 12, from: Math.log10(65_536) };

/** Logarithmic, from 64 KiB to ten times the emergency threshold: the three thresholds stay apart. */
function place(value, lag) {
  const to = Math.log10(lag.emergencyBytes * 10);
  const share = (Math.log10(Math.max(value, 1)) - BAR.from) / (to - BAR.from);
  return Math.round(Math.min(1, Math.max(0, share)) * BAR.width);
}

/** Measured by the rows that are written for it; estimates stay with the problems that they speak for. */
const ageByHeartbeat = ({ lagAgeMs, lagAgeBy }) =>
  lagAgeBy === 'heartbeat' ? [`${duration(lagAgeMs)} by heartbeat`] : [];

function lagFigure(member, lag) {
  const known = member.lagBytes !== null;
  const level = !known
    ? 'unknown'
    : member.lagBytes >= lag.criticalBytes
      ? 'critical'
      : member.lagBytes >= lag.warningBytes
        ? 'warning'
        : 'ok';
  return h(
    'div',
    { class: `figure ${level}` },
    h(
      'p',
      null,
      known && member.lagBytes === 0
        ? h('b', null, 'level with the leader')
        : h('b', null, known ? `${bytes(member.lagBytes)} behind` : 'lag unknown'),
      h('span', { class: 'dim from' }, [...ageByHeartbeat(member), member.lagFrom].join('; ')),
    ),
    h(
      'svg',
      { class: 'lag', viewBox: `0 0 ${BAR.width} ${BAR.height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      h('rect', { class: 'track', x: 0, y: 3, width: BAR.width, height: 6, rx: 1 }),
      known &&
        h('rect', { class: 'fill', x: 0, y: 3, width: Math.max(2, place(member.lagBytes, lag)), height: 6, rx: 1 }),
      [lag.warningBytes, lag.criticalBytes, lag.emergencyBytes].map((threshold) =>
        h('rect', { class: 'threshold', x: place(threshold, lag), y: 0, width: 1.2, height: 12 }),
      ),
    ),
  );
}

function factsOf(member) {
  const facts = [
    `TL ${member.timeline ?? '?'}`,
    member.stateText ?? 'Patroni silent',
    member.host === null ? null : `host ${member.host}`,
    member.sessions === null || isLeader(member) ? null : `${member.sessions} sessions`,
    member.pendingRestart ? 'pending restart' : null,
    ...member.tags,
  ];
  return facts.filter((fact) => fact !== null).map((fact) => h('span', null, fact));
}

function sourcesOf(member, sources) {
  return sources
    .filter((source) => source.subject === member.name && SOURCE_TEXT[source.source] !== undefined)
    .filter((source) => source.kind !== 'off' && source.kind !== 'unread')
    .map((source) =>
      h(
        'span',
        { class: source.kind, 'data-key': source.source },
        SOURCE_TEXT[source.source],
        ' ',
        source.kind === 'unknown' ? h('b', null, 'unknown') : counting('since', source.atMs),
      ),
    );
}

function dcsBar(overview) {
  const healthy = overview.endpoints.filter((endpoint) => endpoint.healthy === true).length;
  const quorum = healthy > overview.endpoints.length / 2;
  return h(
    'div',
    { class: 'bar dcs' },
    h('h2', { class: 'bar-name' }, 'etcd'),
    h(
      'p',
      { class: quorum ? '' : 'bad' },
      h('strong', null, `${healthy} of ${overview.endpoints.length}`),
      h('span', { class: 'dim' }, quorum ? 'healthy, quorum' : 'healthy, no quorum'),
    ),
    h(
      'ul',
      { class: 'endpoints' },
      overview.endpoints.map((endpoint) => {
        const level = endpoint.healthy === true ? 'ok' : endpoint.healthy === false ? 'critical' : 'unknown';
        return h(
          'li',
          { 'data-key': endpoint.name },
          glyph(level),
          endpoint.name,
          h('span', { class: 'dim' }, endpoint.healthy === null ? 'no answer' : endpoint.isLeader ? 'raft leader' : ''),
        );
      }),
    ),
    h(
      'p',
      { class: 'key' },
      h('span', { class: 'dim' }, 'leader key'),
      h('strong', null, overview.leader ?? overview.leaderNote ?? 'unknown'),
    ),
  );
}
