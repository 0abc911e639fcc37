// One member: its lag, what is wrong with it, what is decided about it, its slots, and what the journal says of it.
import type { JSX } from 'preact';
import { bytesText } from '../../words/amounts.js';
import type { Line } from '../../words/narrate.js';
import type { MemberView } from '../../model/view.js';
import type { MemberOverview } from '../member-overview.js';
import type { Picture } from './connection.js';
import { Count, Glyph, Nothing, Panel, words } from './parts.js';
import { DecisionRow, Problems } from './problems.js';
import { clusterHash } from './route.js';
import { Journal } from './sources.js';
import { LagFigure, memberLevel } from './topology.js';
import { Timeline } from './timeline.js';

interface Props {
  readonly picture: Picture;
  readonly name: string;
  readonly lines: readonly Line[];
}

export const Member = ({ picture, name, lines }: Props): JSX.Element => {
  const { overview, snapshot } = picture;
  const member = overview.members.find((one) => one.name === name);
  const back = <a href={clusterHash(overview.scope)}>← {overview.scope}</a>;
  if (member === undefined)
    return (
      <section id="member" class="panel" tabIndex={-1}>
        <p>{back}</p>
        <h1>No member {name}</h1>
        <Nothing>Configured are {overview.members.map((one) => one.name).join(', ') || 'none'}.</Nothing>
      </section>
    );
  const decisions = snapshot.decisions.filter((decision) =>
    decision.kind === 'act' || decision.kind === 'held' ? decision.plan.target === name : decision.subject === name,
  );
  const level = memberLevel(member.state);
  return (
    <>
      <section id="member" aria-label={`Member ${name}`} tabIndex={-1}>
        <p>{back}</p>
        <div class={`now ${level}`}>
          <Glyph level={level} />
          <div>
            <h1>
              {name} is {words(member.state)}
            </h1>
            <p>
              {member.holdsLeaderKey === true ? 'holds the leader key' : words(member.role)}
              {member.sinceMs !== null && (
                <>
                  {' '}
                  for <Count kind="since" ms={member.sinceMs} />
                </>
              )}
            </p>
          </div>
        </div>
        {member.holdsLeaderKey !== true && <LagFigure member={member} lag={overview.lag} />}
      </section>
      <Timeline picture={picture} only={name} />
      <div class="columns">
        <div class="column">
          <Problems problems={overview.problems.filter(({ subject }) => subject === name)} />
          <Panel id="decisions" title="Decisions" note={`pass ${snapshot.tick}`}>
            {decisions.length === 0 ? (
              <Nothing>None about this member.</Nothing>
            ) : (
              <ul class="rows">
                {decisions.map((decision, index) => (
                  <DecisionRow key={index} decision={decision} />
                ))}
              </ul>
            )}
          </Panel>
          <Journal lines={lines.filter(({ text }) => names(text, name))} title={`Journal lines with ${name}`} />
        </div>
        <div class="column">
          <Facts member={member} view={snapshot.view?.members.find((one) => one.name === name)} />
        </div>
      </div>
    </>
  );
};

const Fact = ({
  name,
  children,
}: {
  readonly name: string;
  readonly children: string | number | null;
}): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children ?? 'unknown'}</dd>
  </div>
);

const Facts = ({
  member,
  view,
}: {
  readonly member: MemberOverview;
  readonly view: MemberView | undefined;
}): JSX.Element => {
  const sql = view === undefined || view.sql.kind === 'unknown' ? null : view.sql.value;
  return (
    <Panel
      id="facts"
      title="As it was seen last"
      note={member.atMs === null ? '' : <Count kind="ago" ms={member.atMs} />}
    >
      <dl class="facts-list">
        <Fact name="Patroni says">{member.stateText}</Fact>
        <Fact name="timeline">{member.timeline}</Fact>
        <Fact name="writes">{member.writes}</Fact>
        <Fact name="reads">{member.reads}</Fact>
        <Fact name="sessions">{member.sessions}</Fact>
        <Fact name="host">{member.host ?? 'not configured'}</Fact>
        <Fact name="tags">{member.tags.join(', ') || 'none'}</Fact>
        <Fact name="pending restart">{member.pendingRestart ? 'yes' : 'no'}</Fact>
      </dl>
      <h3>Replication slots</h3>
      {sql === null ? (
        <Nothing>Unknown: SQL does not answer.</Nothing>
      ) : sql.slots.length === 0 ? (
        <Nothing>None.</Nothing>
      ) : (
        <ul class="whole">
          {sql.slots.map((slot) => (
            <li key={slot.name}>
              <code>{slot.name}</code> <span class="dim">{slot.active ? 'active' : 'not active'}</span>{' '}
              {slot.retainedBytes === null ? '' : `keeps ${bytesText(slot.retainedBytes)}`}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
};

/** It stands there as a word of its own: patroni1 is not patroni10. */
const names = (text: string, name: string): boolean =>
  text.split(/[^\w-]+/).some((word) => word === name) || (/[^\w-]/.test(name) && text.includes(name));
