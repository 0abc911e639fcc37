// The questions that this page puts to a person before it asks the daemon for a change.
import { approvalWhy } from '../../words/consequence.js';
import { lossText } from '../../words/loss.js';
import type { ApprovalOverview } from '../approval-overview.js';
import type { IncidentOverview } from '../../words/incident.js';
import type { RunOverview } from '../run-overview.js';
import type { RunChange } from '../../model/procedure-run.js';
import { change, clusterPath } from './connection.js';
import type { Values } from './dialog-spec.js';
import { ask, Field, ReasonField } from './dialog.js';
import { Help } from './help.js';
import { tell } from './store.js';

const HOUR_MS = 3_600_000;
const LENGTHS: readonly (readonly [string, string])[] = [
  ['30 minutes', String(HOUR_MS / 2)],
  ['2 hours', String(2 * HOUR_MS)],
  ['8 hours', String(8 * HOUR_MS)],
  ['until somebody resumes', ''],
];

/** Sends a change and says what the daemon answered to those who listen. */
async function told(
  method: 'POST' | 'DELETE',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const answer = await change(method, path, body);
  if (typeof answer['text'] === 'string') tell(answer['text']);
  return answer;
}

const withReason =
  (path: string, more: Readonly<Record<string, unknown>> = {}) =>
  ({ reason }: Values): Promise<unknown> =>
    told('POST', path, { reason, ...more });

/** What will be gone, who serves meanwhile, how long it takes. */
export const ConsequenceList = ({ of }: { readonly of: ApprovalOverview['consequence'] }) => (
  <dl class="consequence">
    <div>
      <dt>Destroys</dt>
      <dd>{of.destroys}</dd>
    </div>
    <div>
      <dt>Remains</dt>
      <dd>{of.remains}</dd>
    </div>
    <div>
      <dt>Takes</dt>
      <dd>{of.takes}</dd>
    </div>
  </dl>
);

export function askDecision(verb: 'approve' | 'reject', approval: ApprovalOverview, scope: string): Promise<unknown> {
  const approves = verb === 'approve';
  const { id, plan, loss, consequence } = approval;
  return ask({
    title: approves ? 'Approve' : 'Reject',
    lead: (
      <>
        <code>
          {plan.action} {plan.target}
        </code>
        {approves && <ConsequenceList of={consequence} />}
        {approves && loss != null && (
          <strong class="loss">
            {loss.bytes === null
              ? 'Nobody can count what is lost: you agree to any loss.'
              : `Loses ${lossText(loss)}. If it has become more before it is sent, you are asked again.`}
          </strong>
        )}
        <span>{approvalWhy(approval)}</span>
        {approves && (
          <span class="dim">
            The plan is made again before it is carried out: if the cluster has changed, nothing is sent.
          </span>
        )}
      </>
    ),
    fields: <ReasonField />,
    submit: approves ? 'Approve' : 'Reject',
    danger: !approves,
    send: withReason(`${clusterPath(scope)}/approvals/${encodeURIComponent(id)}/${verb}`),
  });
}

/** `id`: of the incident, or what a message goes by that is part of none. */
export const askAcknowledge = ({ id, name }: Pick<IncidentOverview, 'id' | 'name'>, scope: string): Promise<unknown> =>
  ask({
    title: 'Acknowledge',
    lead: (
      <>
        <code>{name}</code>
        <span>You look after it: nobody else is called for it, unless it becomes another thing.</span>
      </>
    ),
    fields: <ReasonField />,
    submit: 'Acknowledge',
    send: withReason(`${clusterPath(scope)}/incidents/${encodeURIComponent(id)}/acknowledge`),
  });

const RUN_WORDS: Readonly<Record<RunChange, readonly [string, string]>> = {
  pause: ['Pause', 'The stage that is on its way ends; no further one is begun.'],
  continue: [
    'Continue',
    'You agree to the stages that are left, as they were on the screen; another list is shown anew.',
  ],
  abort: ['Abort', 'The stage that is on its way ends; what was done stays as it is.'],
};

/** `mark`: of the list that was on the screen when the button was pressed. */
export function askRun(word: RunChange, run: RunOverview, mark: string, scope: string): Promise<unknown> {
  const [title, what] = RUN_WORDS[word];
  return ask({
    title,
    lead: (
      <>
        <code>{run.name}</code>
        <span>{run.now}</span>
        {word === 'continue' && <span>{run.left.map(({ text }) => text).join('; ') || 'nothing is left'}</span>}
        <span class="dim">{what}</span>
      </>
    ),
    fields: <ReasonField />,
    submit: title,
    danger: word !== 'continue',
    send: withReason(
      `${clusterPath(scope)}/runs/${encodeURIComponent(run.id)}/${word}`,
      word === 'continue' ? { seen: mark } : {},
    ),
  });
}

export function askPause(scope: string, members: readonly string[], actions: readonly string[]): Promise<unknown> {
  return ask({
    title: 'Pause',
    lead: <span>What is paused is still watched and explained; nothing is sent for it.</span>,
    fields: (
      <>
        <Field name="subject" label="What">
          {(own) => (
            <select {...own}>
              <option value="cluster">this cluster ({scope})</option>
              <option value="global">every cluster</option>
              {members.map((name) => (
                <option key={name}>{`member:${name}`}</option>
              ))}
              {actions.map((name) => (
                <option key={name}>{`action:${name}`}</option>
              ))}
            </select>
          )}
        </Field>
        <Field name="expiresInMs" label="For">
          {(own) => (
            <select {...own}>
              {LENGTHS.map(([text, ms]) => (
                <option key={text} value={ms}>
                  {text}
                </option>
              ))}
            </select>
          )}
        </Field>
        <ReasonField />
      </>
    ),
    submit: 'Pause',
    danger: true,
    send: ({ subject, reason, expiresInMs }) =>
      told('POST', `${clusterPath(scope)}/switches`, {
        subject,
        reason,
        ...(expiresInMs === undefined || expiresInMs === '' ? {} : { expiresInMs: Number(expiresInMs) }),
      }),
  });
}

export const askResume = (scope: string, subject: string): Promise<unknown> =>
  ask({
    title: 'Resume',
    lead: (
      <>
        <code>{subject}</code>
        <span>Remediations of it may run again, within the mode and the policy.</span>
      </>
    ),
    submit: 'Resume',
    send: () => told('DELETE', `${clusterPath(scope)}/switches/${encodeURIComponent(subject)}`),
  });

/** Where reading needs a token too: on an address that is not loopback. */
export const askToken = (): Promise<unknown> =>
  ask({
    title: 'Token needed',
    lead: <span>From here the daemon shows nothing without a token of api.tokens.</span>,
    submit: 'Continue',
    send: () => Promise.resolve(true),
  });

export const showHelp = (): void => {
  void ask({ title: 'Keys and words', lead: <Help />, submit: 'Close' });
};
