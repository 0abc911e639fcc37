// What is being done, what waits for a person, what is switched off.
import type { JSX } from 'preact';
import { spanText } from '../../words/amounts.js';
import { approvalWhy } from '../../words/consequence.js';
import { lossText } from '../../words/loss.js';
import type { Remediation } from '../../model/ledger.js';
import type { ApprovalOverview } from '../approval-overview.js';
import type { Overview } from '../overview.js';
import { askDecision, askPause, askResume, ConsequenceList } from './ask.js';
import type { Picture } from './connection.js';
import { At, Count, Nothing, Panel, Requests } from './parts.js';
import { cardId } from './route.js';

const SHOWN_ENDED = 12;

export const Remediations = ({ overview: { inFlight, ended } }: { readonly overview: Overview }): JSX.Element => (
  <Panel
    id="remediations"
    title="Remediations"
    note={inFlight.length === 0 ? 'none in flight' : `${inFlight.length} in flight`}
  >
    {inFlight.length > 0 && (
      <ul class="rows">
        {inFlight.map((one) => (
          <InFlightRow key={one.id} one={one} />
        ))}
      </ul>
    )}
    {ended.length > 0 && (
      <ol class="history" aria-label="Recent remediations">
        {ended.slice(0, SHOWN_ENDED).map((one) => (
          <EndedRow key={one.id} one={one} />
        ))}
      </ol>
    )}
    {inFlight.length + ended.length === 0 && <Nothing>Nothing has been done.</Nothing>}
  </Panel>
);

const InFlightRow = ({ one }: { readonly one: Remediation }): JSX.Element => {
  const at = Math.min(one.stepIndex + 1, one.steps);
  return (
    <li class={`row remediation ${one.shadow ? 'shadow' : ''}`}>
      <div class="row-head">
        <span class="verdict">{one.phase}</span>
        <h3>
          <code>{one.plan.action}</code> <span class="subject">{one.plan.target}</span>
        </h3>
        <span class="when">
          <Count kind="left" ms={one.deadlineMs} />
        </span>
      </div>
      <div class="steps">
        <span class="dim">
          step {at} of {one.steps}
        </span>
        {Array.from({ length: Math.min(one.steps, 24) }, (_, index) => (
          <i key={index} class={index < at - 1 ? 'done' : index === at - 1 ? 'now' : ''} aria-hidden="true" />
        ))}
      </div>
      {one.detail !== '' && <p class="why">{one.detail}</p>}
      {one.shadow && <p class="phase">dry-run twin: nothing was sent</p>}
    </li>
  );
};

const EndedRow = ({ one }: { readonly one: Remediation }): JSX.Element => {
  const endedAtMs = one.endedAtMs ?? one.createdAtMs;
  return (
    <li class={one.shadow ? 'rehearsed' : one.phase}>
      <At ms={endedAtMs} />
      <span class="result">{one.shadow ? 'would have' : one.phase}</span>
      <span class="text">
        <code>{one.plan.action}</code> {one.plan.target}
        <span class="dim">
          {' '}
          after {spanText(endedAtMs - one.createdAtMs)}
          {one.shadow ? ', dry-run: nothing was sent' : ''}
        </span>
        {one.detail !== '' && <span class="detail">{one.detail}</span>}
      </span>
    </li>
  );
};

interface Changing {
  /** The page shows the past: nothing can be changed there. */
  readonly isPast: boolean;
}

export const Approvals = ({ picture, isPast }: Changing & { readonly picture: Picture }): JSX.Element => {
  const { approvals, scope } = picture.overview;
  return (
    <Panel
      id="approvals"
      title="Waiting for an approval"
      note={approvals.length === 0 ? '' : `${approvals.length} to decide`}
      class={approvals.length > 0 ? 'calls' : ''}
    >
      {approvals.length === 0 ? (
        <Nothing>No approval waits.</Nothing>
      ) : (
        <ul class="rows">
          {approvals.map((one) => (
            <ApprovalRow key={one.id} one={one} scope={scope} isPast={isPast} />
          ))}
        </ul>
      )}
    </Panel>
  );
};

const ApprovalRow = ({
  one,
  scope,
  isPast,
}: Changing & {
  readonly one: ApprovalOverview;
  readonly scope: string;
}): JSX.Element => (
  <li class="row approval" id={cardId({ kind: 'approval', id: one.id })} tabIndex={-1}>
    <div class="row-head">
      <h3>
        <code>{one.plan.action}</code> <span class="subject">{one.plan.target}</span>
      </h3>
      <span class="when">
        expires <Count kind="until" ms={one.expiresAtMs} />
      </span>
    </div>
    <ConsequenceList of={one.consequence} />
    {one.loss != null && <p class="loss">Loses {lossText(one.loss)}.</p>}
    <p class="why">{approvalWhy(one)}</p>
    {one.steps.length > 0 && <Requests steps={one.steps} />}
    <p class="buttons">
      <button
        type="button"
        class="go"
        data-do="approve"
        disabled={isPast}
        onClick={() => void askDecision('approve', one, scope)}
      >
        Approve…
      </button>
      <button type="button" data-do="reject" disabled={isPast} onClick={() => void askDecision('reject', one, scope)}>
        Reject…
      </button>
      <span class="dim">{one.id}</span>
    </p>
  </li>
);

export const Switches = ({
  picture: { overview, snapshot },
  isPast,
}: Changing & { readonly picture: Picture }): JSX.Element => {
  const { switches, breaker, scope, members } = overview;
  const pause = (): void =>
    void askPause(
      scope,
      members.map(({ name }) => name),
      Object.keys(snapshot.policy.actions),
    );
  const resume = (subject: string) => (): void => void askResume(scope, subject);
  return (
    <Panel
      id="switches"
      title="Kill switches"
      note={
        <button type="button" class="small" data-do="pause" disabled={isPast} onClick={pause}>
          Pause…
        </button>
      }
    >
      {breaker !== null && (
        <div class="row switch">
          <div class="row-head">
            <span class="verdict">breaker open</span>
            <h3>The budget is spent</h3>
            <button type="button" class="small" disabled={isPast} onClick={resume('breaker')}>
              Close…
            </button>
          </div>
          <p class="why">
            {breaker.reason}
            <span class="dim">
              {' '}
              for <Count kind="since" ms={breaker.openSinceMs} />
            </span>
          </p>
        </div>
      )}
      {switches.length === 0 && breaker === null && <Nothing>All may run.</Nothing>}
      {switches.length > 0 && (
        <ul class="rows">
          {switches.map((one) => (
            <li key={one.subject} class="row switch">
              <div class="row-head">
                <span class="verdict">paused</span>
                <h3>
                  <code>{one.subject}</code>
                </h3>
                <button type="button" class="small" disabled={isPast} onClick={resume(one.subject)}>
                  Resume…
                </button>
              </div>
              <p class="why">
                {one.reason}
                <span class="dim">
                  {' '}
                  by {one.owner}, for <Count kind="since" ms={one.sinceMs} />
                </span>
              </p>
              <p class="phase">
                {one.expiresAtMs === null ? (
                  'until somebody resumes it'
                ) : (
                  <>
                    ends by itself <Count kind="until" ms={one.expiresAtMs} />
                  </>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
};
