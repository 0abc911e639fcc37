// What routes to whom, who leads, who follows and how far behind; read from top to bottom as a request travels.
import type { JSX } from 'preact';
import { bytesText, spanText } from '../../words/amounts.js';
import type { MemberOverview } from '../member-overview.js';
import type { Overview } from '../overview.js';
import { Count, Glyph, Term, words, type Tone } from './parts.js';
import { memberHash } from './route.js';

/** How bad a member's state is; one that a newer daemon has is unknown. */
const MEMBER_LEVEL: Readonly<Record<MemberOverview['state'], Tone>> = {
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
export const memberLevel = (state: string): Tone =>
  Object.hasOwn(MEMBER_LEVEL, state) ? MEMBER_LEVEL[state as MemberOverview['state']] : 'unknown';

const SOURCE_TEXT: Readonly<Record<string, string>> = {
  api: 'API',
  cluster: 'peers',
  sql: 'SQL',
  host: 'host',
  'tag-file': 'tags',
};

interface Props {
  readonly overview: Overview;
}

export const Topology = ({ overview }: Props): JSX.Element => (
  <section id="topology" aria-label="Topology" tabIndex={-1}>
    <div class={overview.leader === null ? 'topology headless' : 'topology'}>
      {overview.poolers.length > 0 && <PoolerBar overview={overview} />}
      <ProxyBar overview={overview} />
      <ol class="members" aria-label="Members">
        {overview.members.map((member) => (
          <MemberCard key={member.name} member={member} overview={overview} />
        ))}
      </ol>
      <StoreBar overview={overview} />
    </div>
  </section>
);

const PoolerBar = ({ overview: { poolers } }: Props): JSX.Element => (
  <div class="bar proxy">
    <h2 class="bar-name">Pooler</h2>
    {poolers.map(({ name, paused, text, untilMs }) => (
      <p key={name} class={`pool ${paused === false ? '' : 'bad'}`}>
        <strong>{name}</strong>
        <span class="dim">
          {text}
          {untilMs !== null && (
            <>
              , ends <Count kind="until" ms={untilMs} />
            </>
          )}
        </span>
      </p>
    ))}
  </div>
);

const ProxyBar = ({ overview: { proxyNote, pools } }: Props): JSX.Element => (
  <div class="bar proxy">
    <h2 class="bar-name">HAProxy</h2>
    {proxyNote !== null && <p class="bar-note">{proxyNote}</p>}
    {pools.map((pool) => {
      const up = pool.servers.filter((server) => server.rotation === 'in');
      const sessions = up.reduce((sum, server) => sum + server.sessions, 0);
      const who = pool.use === 'writes' ? up.map((server) => server.name).join(', ') || 'nobody' : `${up.length} up`;
      return (
        <p key={`${pool.proxy ?? ''}:${pool.backend}:${pool.use}`} class={`pool ${up.length === 0 ? 'bad' : ''}`}>
          <span class="pool-use">{pool.use}</span>
          <span class="arrow" aria-hidden="true">
            →
          </span>
          <strong>{who}</strong>
          <span class="dim">
            {pool.proxy === undefined ? '' : `${pool.proxy}: `}
            {pool.backend}, {sessions} sessions
          </span>
        </p>
      );
    })}
  </div>
);

const leads = (member: MemberOverview): boolean => member.holdsLeaderKey === true;
const STREAMING = ['healthy', 'lagging', 'blocked'];

/** The member's own pool decides how its line to the proxy is drawn: writes for the leader, reads for everyone else. */
const MemberCard = ({ member, overview }: Props & { readonly member: MemberOverview }): JSX.Element => {
  const level = memberLevel(member.state);
  const streams = !leads(member) && overview.leader !== null && STREAMING.includes(member.state);
  return (
    <li
      class={`member ${leads(member) ? 'leads' : ''} ${streams ? 'streams' : ''}`}
      data-rotation={leads(member) ? member.writes : member.reads}
      data-level={level}
    >
      <div class="link">
        <span>{member.poolText}</span>
      </div>
      <article class="card">
        <header>
          <h3>
            <a href={memberHash(overview.scope, member.name)}>{member.name}</a>
          </h3>
          <span class="role">{leads(member) ? 'leader' : words(member.role)}</span>
        </header>
        <p class={`state ${level}`}>
          <Glyph level={level} />
          <strong>{words(member.state)}</strong>
          {member.sinceMs !== null && (
            <span class="dim">
              {' '}
              <Count kind="since" ms={member.sinceMs} />
            </span>
          )}
        </p>
        {leads(member) ? <LeaderFigure overview={overview} /> : <LagFigure member={member} lag={overview.lag} />}
        <Facts member={member} />
        <Seen member={member} overview={overview} />
      </article>
      <div class="wal" aria-hidden="true" />
    </li>
  );
};

const thresholdsOf = ({ warningBytes, criticalBytes, emergencyBytes }: Overview['lag']): readonly number[] => [
  warningBytes,
  criticalBytes,
  emergencyBytes,
];

const LeaderFigure = ({ overview: { lag, leaseTtlMs } }: Props): JSX.Element => (
  <div class="figure">
    <p>
      <b>
        holds the <Term of="leader key" />
      </b>
      <span class="dim">
        <Term of="lease" /> {leaseTtlMs === null ? 'unknown' : `${Math.round(leaseTtlMs / 1000)} s`}
      </span>
    </p>
    <p class="dim legend">lag limits {thresholdsOf(lag).map(bytesText).join(', ')}</p>
  </div>
);

const BAR = { width: 200, height: 12, from: Math.log10(65_536) };

/** Logarithmic, from 64 KiB to ten times the emergency threshold: the three thresholds stay apart. */
function place(bytes: number, { emergencyBytes }: Overview['lag']): number {
  const to = Math.log10(emergencyBytes * 10);
  const share = (Math.log10(Math.max(bytes, 1)) - BAR.from) / (to - BAR.from);
  return Math.round(Math.min(1, Math.max(0, share)) * BAR.width);
}

function lagLevel(bytes: number | null, lag: Overview['lag']): Tone {
  if (bytes === null) return 'unknown';
  return bytes >= lag.criticalBytes ? 'critical' : bytes >= lag.warningBytes ? 'warning' : 'ok';
}

function lagWords(bytes: number | null): string {
  if (bytes === null) return 'lag unknown';
  return bytes === 0 ? 'level with the leader' : `${bytesText(bytes)} behind`;
}

/** Measured by the rows that are written for it; estimates stay with the problems that they speak for. */
function lagFrom({ lagAgeMs, lagAgeBy, lagFrom: from }: MemberOverview): string {
  return lagAgeBy === 'heartbeat' && lagAgeMs !== null ? `${spanText(lagAgeMs)} by heartbeat; ${from}` : from;
}

export const LagFigure = ({
  member,
  lag,
}: {
  readonly member: MemberOverview;
  readonly lag: Overview['lag'];
}): JSX.Element => (
  <div class={`figure ${lagLevel(member.lagBytes, lag)}`}>
    <p>
      <b>{lagWords(member.lagBytes)}</b>
      <span class="dim from">{lagFrom(member)}</span>
    </p>
    <svg class="lag" viewBox={`0 0 ${BAR.width} ${BAR.height}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" x="0" y="3" width={BAR.width} height="6" rx="1" />
      {member.lagBytes !== null && (
        <rect class="fill" x="0" y="3" width={Math.max(2, place(member.lagBytes, lag))} height="6" rx="1" />
      )}
      {thresholdsOf(lag).map((threshold) => (
        <rect key={threshold} class="threshold" x={place(threshold, lag)} y="0" width="1.2" height="12" />
      ))}
    </svg>
  </div>
);

const Facts = ({ member }: { readonly member: MemberOverview }): JSX.Element => (
  <p class="facts">
    <span>
      <Term of="TL" /> {member.timeline ?? '?'}
    </span>
    <span>{member.stateText ?? 'Patroni silent'}</span>
    {member.host !== null && <span>host {member.host}</span>}
    {member.sessions !== null && !leads(member) && <span>{member.sessions} sessions</span>}
    {member.pendingRestart && (
      <span>
        <Term of="pending restart" />
      </span>
    )}
    {member.tags.map((tag) => (
      <span key={tag}>{tag}</span>
    ))}
  </p>
);

const Seen = ({ member, overview }: Props & { readonly member: MemberOverview }): JSX.Element => (
  <p class="seen">
    {overview.sources
      .filter(
        ({ subject, source, kind }) =>
          subject === member.name && source in SOURCE_TEXT && kind !== 'off' && kind !== 'unread',
      )
      .map(({ source, kind, atMs }) => (
        <span key={source} class={kind}>
          {SOURCE_TEXT[source]} {kind === 'unknown' ? <b>unknown</b> : <Count kind="since" ms={atMs} />}
        </span>
      ))}
  </p>
);

const StoreBar = ({ overview: { endpoints, leader, leaderNote } }: Props): JSX.Element => {
  const healthy = endpoints.filter((endpoint) => endpoint.healthy === true).length;
  const hasQuorum = healthy > endpoints.length / 2;
  return (
    <div class="bar dcs">
      <h2 class="bar-name">etcd</h2>
      <p class={hasQuorum ? '' : 'bad'}>
        <strong>
          {healthy} of {endpoints.length}
        </strong>
        <span class="dim">{hasQuorum ? 'healthy, quorum' : 'healthy, no quorum'}</span>
      </p>
      <ul class="endpoints">
        {endpoints.map(({ name, healthy: isHealthy, isLeader }) => (
          <li key={name}>
            <Glyph level={isHealthy === true ? 'ok' : isHealthy === false ? 'critical' : 'unknown'} />
            {name}
            <span class="dim">{isHealthy === null ? 'no answer' : isLeader ? 'raft leader' : ''}</span>
          </li>
        ))}
      </ul>
      <p class="key">
        <span class="dim">
          <Term of="leader key" />
        </span>
        <strong>{leader ?? leaderNote ?? 'unknown'}</strong>
      </p>
    </div>
  );
};
