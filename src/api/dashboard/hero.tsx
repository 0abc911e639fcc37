// The state of the cluster in one word, and the figures beside it.
import type { JSX, ComponentChildren } from 'preact';
import type { Picture } from './connection.js';
import { Count, Glyph, Term } from './parts.js';
import { typed } from './store.js';

export const Hero = ({ picture: { overview, snapshot } }: { readonly picture: Picture }): JSX.Element => (
  <section id="hero" aria-label="State of the cluster">
    <div class={`now ${overview.level}`}>
      <Glyph level={overview.level} />
      <div>
        <h1>{overview.headline}</h1>
        <p>
          {overview.sinceMs === null ? (
            'since the start'
          ) : (
            <>
              for <Count kind="since" ms={overview.sinceMs} />
            </>
          )}
        </p>
        <p class="summary" title={snapshot.sentence}>
          {typed(snapshot.sentence)}
        </p>
      </div>
    </div>
    <Instruments picture={{ overview, snapshot, run: null }} />
    {overview.impaired.length > 0 && (
      <ul class="impaired" aria-label="What stops it from working">
        {overview.impaired.map((text) => (
          <li key={text}>
            <Glyph level="critical" />
            {typed(text)}
          </li>
        ))}
      </ul>
    )}
  </section>
);

const Instrument = (props: {
  readonly name: ComponentChildren;
  readonly bad?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element => (
  <div class={props.bad === true ? 'bad' : ''}>
    <dt>{props.name}</dt>
    <dd>{props.children}</dd>
  </div>
);

const Instruments = ({ picture: { overview, snapshot } }: { readonly picture: Picture }): JSX.Element => {
  const { leader, pools, members, breaker, budget, timeline } = overview;
  const reads = pools.find((pool) => pool.use === 'reads');
  const taking = reads?.servers.filter((server) => server.rotation === 'in').length;
  const replicas = members.length - (leader === null ? 0 : 1);
  return (
    <dl class="instruments">
      <Instrument name="leader" bad={leader === null}>
        {leader ?? 'none'}
      </Instrument>
      <Instrument name={<Term of="timeline" />}>{timeline ?? '?'}</Instrument>
      <Instrument name={<Term of="read pool" />} bad={taking === 0}>
        {taking === undefined ? 'unknown' : `${taking} of ${replicas}`}
      </Instrument>
      <Instrument name={<Term of={breaker === null ? 'budget' : 'breaker'} />} bad={breaker !== null}>
        {breaker === null ? `${budget.left} of ${budget.perHour}` : 'open'}
      </Instrument>
      <Instrument name={<Term of="pass" />}>
        {snapshot.passMs === null ? 'unknown' : `${Math.round(snapshot.passMs.last)} ms`}
      </Instrument>
      <Instrument name="up">
        {snapshot.startedAtMs === null ? 'unknown' : <Count kind="since" ms={snapshot.startedAtMs} />}
      </Instrument>
    </dl>
  );
};
