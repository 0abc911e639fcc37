// A change is asked for in a dialog: what will happen, why, and, once a session, with which token.
import { change, token } from './connection.js';
import { h } from './dom.js';
import { lossText } from './format.js';

const HOUR_MS = 3_600_000;
const LENGTHS = [
  ['30 minutes', HOUR_MS / 2],
  ['2 hours', 2 * HOUR_MS],
  ['8 hours', 8 * HOUR_MS],
  ['until somebody resumes', ''],
];

/** The hint describes the control and is not part of its name. */
function field(label, control, hint) {
  const id = `field-${control.getAttribute('name')}`;
  control.setAttribute('id', id);
  if (hint) control.setAttribute('aria-describedby', `${id}-hint`);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    control,
    hint && h('small', { class: 'dim', id: `${id}-hint` }, hint),
  );
}

function tokenField() {
  return h(
    'div',
    { class: 'token' },
    field(
      'Token',
      h('input', { name: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false' }),
      'An operator token of api.tokens; kept in this tab until it is closed.',
    ),
  );
}

/** Shows a form; `send(values)` runs on submit, and its error stays in the dialog. Resolves with the answer, or null if cancelled. */
function ask({ title, lead, fields, submit, danger, send }) {
  return new Promise((resolve) => {
    const problem = h('p', { class: 'problem', role: 'alert' });
    const tokens = tokenField();
    tokens.hidden = token.get() !== null;
    const button = h('button', { type: 'submit', class: danger ? 'stop' : 'go' }, submit);
    const cancel = h('button', { type: 'button' }, 'Cancel');
    const form = h(
      'form',
      null,
      h('h2', null, title),
      lead,
      fields,
      tokens,
      problem,
      h('p', { class: 'buttons' }, button, cancel),
    );
    const dialog = h('dialog', { 'aria-label': title }, form);
    const settle = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    cancel.addEventListener('click', () => settle(null));
    dialog.addEventListener('cancel', () => settle(null));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const values = Object.fromEntries(new FormData(form));
      if (!tokens.hidden && values.token !== '') token.set(String(values.token).trim());
      button.disabled = true;
      problem.textContent = '';
      send(values).then(settle, (error) => {
        button.disabled = false;
        problem.textContent =
          error.status === undefined ? `The daemon did not answer: ${error.message}` : error.message;
        if (error.status === 401 || error.status === 403) {
          token.clear();
          tokens.hidden = false;
        }
      });
    });
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector('select, textarea, input:not([hidden])') ?? button).focus();
  });
}

const reasonField = () =>
  field(
    'Reason',
    h('textarea', { name: 'reason', rows: 2, required: true, maxlength: 500 }),
    'Goes into the journal, under the name of your token.',
  );

export function askDecision(verb, approval, scope) {
  const approve = verb === 'approve';
  return ask({
    title: approve ? 'Approve' : 'Reject',
    lead: h(
      'p',
      { class: 'lead' },
      h('code', null, `${approval.plan.action} ${approval.plan.target}`),
      h('span', null, approval.why),
      approve &&
        approval.loss != null &&
        h('strong', { class: 'loss' }, `Loses ${lossText(approval.loss)}, and no more.`),
      approve &&
        h(
          'span',
          { class: 'dim' },
          'The plan is made again before it is carried out: if the cluster has changed, nothing is sent.',
        ),
    ),
    fields: reasonField(),
    submit: approve ? 'Approve' : 'Reject',
    danger: !approve,
    send: ({ reason }) =>
      change('POST', `${base(scope)}/approvals/${encodeURIComponent(approval.id)}/${verb}`, { reason }),
  });
}

const RUN_WORDS = {
  pause: ['Pause', 'The stage that is on its way ends; no further one is begun.'],
  continue: [
    'Continue',
    'You agree to the stages that are left, as they were on the screen; another list is shown anew.',
  ],
  abort: ['Abort', 'The stage that is on its way ends; what was done stays as it is.'],
};

export function askRun(word, run, mark, scope) {
  const [title, what] = RUN_WORDS[word];
  return ask({
    title,
    lead: h(
      'p',
      { class: 'lead' },
      h('code', null, run.name),
      h('span', null, run.now),
      word === 'continue' && h('span', null, run.left.map(({ text }) => text).join('; ') || 'nothing is left'),
      h('span', { class: 'dim' }, what),
    ),
    fields: reasonField(),
    submit: title,
    danger: word !== 'continue',
    send: ({ reason }) =>
      change('POST', `${base(scope)}/runs/${encodeURIComponent(run.id)}/${word}`, {
        reason,
        ...(word === 'continue' ? { seen: mark } : {}),
      }),
  });
}

export function askPause(scope, members, actions) {
  const option = (value, text) => h('option', { value }, text ?? value);
  return ask({
    title: 'Pause',
    lead: h(
      'p',
      { class: 'lead' },
      h('span', null, 'What is paused is still watched and explained; nothing is sent for it.'),
    ),
    fields: [
      field(
        'What',
        h(
          'select',
          { name: 'subject' },
          option('cluster', `this cluster (${scope})`),
          option('global', 'every cluster'),
          members.map((name) => option(`member:${name}`)),
          actions.map((name) => option(`action:${name}`)),
        ),
      ),
      field(
        'For',
        h(
          'select',
          { name: 'expiresInMs' },
          LENGTHS.map(([text, ms]) => option(ms, text)),
        ),
      ),
      reasonField(),
    ],
    submit: 'Pause',
    danger: true,
    send: ({ subject, reason, expiresInMs }) =>
      change('POST', `${base(scope)}/switches`, {
        subject,
        reason,
        ...(expiresInMs === '' ? {} : { expiresInMs: Number(expiresInMs) }),
      }),
  });
}

export function askResume(scope, subject) {
  return ask({
    title: 'Resume',
    lead: h(
      'p',
      { class: 'lead' },
      h('code', null, subject),
      h('span', null, 'Remediations of it may run again, within the mode and the policy.'),
    ),
    fields: [],
    submit: 'Resume',
    danger: false,
    send: () => change('DELETE', `${base(scope)}/switches/${encodeURIComponent(subject)}`),
  });
}

/** Where reading needs a token too: on an address that is not loopback. */
export function askToken() {
  return ask({
    title: 'Token needed',
    lead: h(
      'p',
      { class: 'lead' },
      h('span', null, 'From here the daemon shows nothing without a token of api.tokens.'),
    ),
    fields: [],
    submit: 'Continue',
    danger: false,
    send: () => Promise.resolve(true),
  });
}

const base = (scope) => `/v1/clusters/${encodeURIComponent(scope)}`;
