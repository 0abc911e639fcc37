// One card an incident: seen, waited, would or did, verified, told. What the journal has of it is folded and read when it is opened.
import type { ComponentChildren, JSX } from 'preact';
import type { Decision } from '../../model/decision.js';
import type { ApprovalOverview } from '../approval-overview.js';
import type { Remediation } from '../../model/ledger.js';
import type { IncidentOverview } from '../../words/incident.js';
import { askAcknowledge } from './ask.js';
import type { Picture } from './connection.js';
import { Earlier, IncidentJournal } from './earlier.js';
import { At, Count, Glyph, Nothing, Panel } from './parts.js';
import { cardId, placeHash } from './route.js';
import { Evidence, verdictOf } from './problems.js';
import { ToldAlone } from './told-alone.js';

interface Props {
  readonly picture: Picture;
  readonly isPast: boolean;
}

/** `opened`: the incident that the page was opened for; where it is over, the list of those is open too. */
export const Incidents = ({ picture, isPast, opened }: Props & { readonly opened: string | null }): JSX.Element => {
  const { incidents } = picture.overview;
  return (
    <Panel
      id="incidents"
      title="Incidents"
      note={incidents.length === 0 ? 'none open' : `${incidents.length} open`}
      class={incidents.length > 0 ? 'open' : ''}
    >
      {incidents.length === 0 && <Nothing>None is open.</Nothing>}
      {incidents.map((one) => (
        <Card key={one.id} one={one} picture={picture} isPast={isPast} />
      ))}
      <ToldAlone picture={picture} isPast={isPast} />
      <Earlier key={picture.overview.scope} picture={picture} isPast={isPast} opened={opened} />
    </Panel>
  );
};

const Card = ({ one, picture, isPast }: Props & { readonly one: IncidentOverview }): JSX.Element => {
  const acknowledged = picture.snapshot.ledger.pages.find(
    (row) => row.incident === one.id && row.acknowledged !== undefined,
  );
  return (
    <article class={`incident ${one.level}`} id={cardId({ kind: 'incident', id: one.id })} tabIndex={-1}>
      <div class="row-head">
        <Glyph level={one.level} />
        <h3>
          <code>{one.cause}</code> <span class="subject">{one.subject}</span>
        </h3>
        <span class="when">
          {one.id} · <Count kind="since" ms={one.openedAtMs} />
        </span>
      </div>
      <p class="why">{one.text}</p>
      <ol class="story" aria-label="What happened">
        <Seen one={one} />
        <Thought one={one} picture={picture} />
        <Tried one={one} rows={picture.snapshot.ledger.remediations} />
        <Told one={one} />
      </ol>
      <EvidenceOf one={one} picture={picture} />
      <IncidentJournal picture={picture} isPast={isPast} id={one.id} />
      <p class="buttons">
        {acknowledged?.acknowledged === undefined ? (
          <button
            type="button"
            class="small"
            data-do="acknowledge"
            disabled={isPast}
            onClick={() => void askAcknowledge(one, picture.overview.scope)}
          >
            Acknowledge…
          </button>
        ) : (
          <span class="dim">
            {acknowledged.acknowledged.by} looks after it: {acknowledged.acknowledged.reason}
          </span>
        )}
      </p>
    </article>
  );
};

const Step = ({
  what,
  tone = '',
  children,
}: {
  readonly what: string;
  readonly tone?: string;
  readonly children: ComponentChildren;
}): JSX.Element => (
  <li class={tone}>
    <b>{what}</b>
    <span>{children}</span>
  </li>
);

const Seen = ({ one }: { readonly one: IncidentOverview }): JSX.Element => (
  <>
    {[...one.problems]
      .sort((a, b) => a.firstSeenMs - b.firstSeenMs)
      .map(({ code, subject, firstSeenMs, endedAtMs }) => (
        <Step key={`${code}/${subject}`} what="seen">
          <At ms={firstSeenMs} /> {code} {subject}
          {endedAtMs !== null && (
            <span class="dim">
              , gone at <At ms={endedAtMs} />
            </span>
          )}
        </Step>
      ))}
  </>
);

const codeOf = (decision: Decision): string =>
  decision.kind === 'act' || decision.kind === 'held'
    ? `${decision.plan.because.code}/${decision.plan.because.subject}`
    : `${decision.code}/${decision.subject}`;

const isPlanOf = (decision: Decision, { action, target }: ApprovalOverview['plan']): boolean =>
  decision.kind === 'held' && decision.plan.action === action && decision.plan.target === target;

/** What the present pass decides about its problems: that is why it waits. */
const Thought = ({
  one,
  picture: { overview, snapshot },
}: {
  readonly one: IncidentOverview;
  readonly picture: Picture;
}): JSX.Element => {
  const { approvals, scope } = overview;
  const { decisions } = snapshot;
  const codes = new Set(one.problems.map(({ code, subject }) => `${code}/${subject}`));
  return (
    <>
      {decisions
        .filter((decision) => codes.has(codeOf(decision)))
        .map((decision) => {
          const { text, tone } = verdictOf(decision);
          const blocks = decision.kind === 'held' ? decision.blocks : [];
          const asked = approvals.find(({ plan }) => isPlanOf(decision, plan));
          const planned = decision.kind === 'act' || decision.kind === 'held';
          return (
            <Step key={`${tone}/${codeOf(decision)}/${planned ? decision.plan.action : ''}`} what={text} tone={tone}>
              {planned && (
                <>
                  <code>
                    {decision.plan.action} {decision.plan.target}
                  </code>
                  :{' '}
                </>
              )}
              {asked === undefined ? (
                decision.why
              ) : (
                <a href={placeHash(scope, { kind: 'approval', id: asked.id })}>your word is asked for, by {asked.id}</a>
              )}
              {blocks.length > 0 && (
                <span class="dim"> Because {blocks.map(({ because }) => because).join('; ')}.</span>
              )}
            </Step>
          );
        })}
    </>
  );
};

const Tried = ({
  one,
  rows,
}: {
  readonly one: IncidentOverview;
  readonly rows: readonly Remediation[];
}): JSX.Element => (
  <>
    {one.remediations.map(({ id, action, target, shadow }) => {
      const row = rows.find((other) => other.id === id);
      const what = (row?.shadow ?? shadow) === true ? 'would have' : (row?.phase ?? 'did');
      return (
        <Step key={id} what={what} tone={row?.phase ?? ''}>
          {row !== undefined && (
            <>
              <At ms={row.createdAtMs} />{' '}
            </>
          )}
          <code>
            {action} {target}
          </code>
          {row !== undefined && row.detail !== '' && <>: {row.detail}</>}
        </Step>
      );
    })}
  </>
);

const Told = ({ one: { pages } }: { readonly one: IncidentOverview }): JSX.Element => (
  <>
    {[...pages]
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ code, subject, atMs }) => (
        <Step key={`${code}/${subject}`} what="told" tone="page">
          <At ms={atMs} /> a person was called for {code} {subject}
        </Step>
      ))}
  </>
);

const EvidenceOf = ({
  one,
  picture,
}: {
  readonly one: IncidentOverview;
  readonly picture: Picture;
}): JSX.Element | null => {
  const keys = new Set(one.problems.map(({ code, subject }) => `${code}/${subject}`));
  const rows = picture.overview.problems
    .filter(({ code, subject }) => keys.has(`${code}/${subject}`))
    .flatMap(({ evidence }) => evidence);
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>Evidence ({rows.length})</summary>
      <Evidence rows={rows} />
    </details>
  );
};
