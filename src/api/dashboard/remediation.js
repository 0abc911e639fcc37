// What is being done, what waits for a person, what is switched off.
import { h } from './dom.js';
import { counting, duration, lossText, timeOfDay } from './format.js';
import { nothing, panelTitle, requests } from './panels.js';

export function remediations(overview) {
  const { inFlight, ended } = overview;
  return [
    panelTitle(
      'remediations',
      'Remediations',
      inFlight.length === 0 ? 'none in flight' : `${inFlight.length} in flight`,
    ),
    inFlight.length > 0 && h('ul', { class: 'rows' }, inFlight.map(inFlightRow)),
    ended.length === 0
      ? inFlight.length === 0 && nothing('Nothing has been done.')
      : h('ol', { class: 'history', 'aria-label': 'Recent remediations' }, ended.slice(0, 12).map(endedRow)),
  ];
}

function inFlightRow(one) {
  const at = Math.min(one.stepIndex + 1, one.steps);
  return h(
    'li',
    { class: `row remediation ${one.shadow ? 'shadow' : ''}`, 'data-key': one.id },
    h(
      'div',
      { class: 'row-head' },
      h('span', { class: 'verdict' }, one.phase),
      h('h3', null, h('code', null, one.plan.action), ' ', h('span', { class: 'subject' }, one.plan.target)),
      h('span', { class: 'when' }, counting('left', one.deadlineMs)),
    ),
    h(
      'div',
      { class: 'steps' },
      h('span', { class: 'dim' }, `step ${at} of ${one.steps}`),
      Array.from({ length: Math.min(one.steps, 24) }, (_, index) =>
        h('i', { class: index < at - 1 ? 'done' : index === at - 1 ? 'now' : '', 'aria-hidden': 'true' }),
      ),
    ),
    one.detail !== '' && h('p', { class: 'why' }, one.detail),
    one.shadow && h('p', { class: 'phase' }, 'dry-run twin: nothing was sent'),
  );
}

function endedRow(one) {
  const endedAtMs = one.endedAtMs ?? one.createdAtMs;
  return h(
    'li',
    { class: one.shadow ? 'rehearsed' : one.phase, 'data-key': one.id },
    h('time', { datetime: new Date(endedAtMs).toISOString() }, timeOfDay(endedAtMs)),
    h('span', { class: 'result' }, one.shadow ? 'would have' : one.phase),
    h(
      'span',
      { class: 'text' },
      h('code', null, one.plan.action),
      ' ',
      one.plan.target,
      h(
        'span',
        { class: 'dim' },
        ` after ${duration(endedAtMs - one.createdAtMs)}${one.shadow ? ', dry-run: nothing was sent' : ''}`,
      ),
      one.detail !== '' && h('span', { class: 'detail' }, one.detail),
    ),
  );
}

export function approvals(overview, snapshot) {
  const list = overview.approvals;
  return [
    panelTitle('approvals', 'Waiting for an approval', list.length === 0 ? '' : `${list.length} to decide`),
    list.length === 0
      ? nothing('No approval waits.')
      : h(
          'ul',
          { class: 'rows' },
          list.map((one) => approvalRow(one, stepsOf(one, snapshot.decisions))),
        ),
  ];
}

const stepsOf = (approval, decisions) =>
  decisions.find(
    (decision) =>
      decision.plan !== undefined &&
      decision.plan.action === approval.plan.action &&
      decision.plan.target === approval.plan.target,
  )?.steps ?? [];

function approvalRow(one, steps) {
  return h(
    'li',
    { class: 'row approval', 'data-key': one.id },
    h(
      'div',
      { class: 'row-head' },
      h('h3', null, h('code', null, one.plan.action), ' ', h('span', { class: 'subject' }, one.plan.target)),
      h('span', { class: 'when' }, 'expires ', counting('until', one.expiresAtMs)),
    ),
    h('p', { class: 'why' }, one.why),
    one.loss != null && h('p', { class: 'loss' }, `Loses ${lossText(one.loss)}.`),
    steps.length > 0 && requests(steps),
    h(
      'p',
      { class: 'buttons' },
      h('button', { type: 'button', class: 'go', 'data-do': 'approve', 'data-id': one.id }, 'Approve…'),
      h('button', { type: 'button', 'data-do': 'reject', 'data-id': one.id }, 'Reject…'),
      h('span', { class: 'dim' }, one.id),
    ),
  );
}

export function switches(overview) {
  const list = overview.switches;
  const { breaker } = overview;
  return [
    h(
      'div',
      { class: 'panel-title' },
      h('h2', { id: 'switches-title' }, 'Kill switches'),
      h('button', { type: 'button', class: 'small', 'data-do': 'pause' }, 'Pause…'),
    ),
    breaker !== null &&
      h(
        'div',
        { class: 'row switch', 'data-key': 'breaker' },
        h(
          'div',
          { class: 'row-head' },
          h('span', { class: 'verdict' }, 'breaker open'),
          h('h3', null, 'The budget is spent'),
          h('button', { type: 'button', class: 'small', 'data-do': 'resume', 'data-subject': 'breaker' }, 'Close…'),
        ),
        h(
          'p',
          { class: 'why' },
          breaker.reason,
          h('span', { class: 'dim' }, ' for ', counting('since', breaker.openSinceMs)),
        ),
      ),
    list.length === 0
      ? breaker === null && nothing('All may run.')
      : h(
          'ul',
          { class: 'rows' },
          list.map((one) =>
            h(
              'li',
              { class: 'row switch', 'data-key': one.subject },
              h(
                'div',
                { class: 'row-head' },
                h('span', { class: 'verdict' }, 'paused'),
                h('h3', null, h('code', null, one.subject)),
                h(
                  'button',
                  { type: 'button', class: 'small', 'data-do': 'resume', 'data-subject': one.subject },
                  'Resume…',
                ),
              ),
              h(
                'p',
                { class: 'why' },
                one.reason,
                h('span', { class: 'dim' }, ` by ${one.owner}, for `, counting('since', one.sinceMs)),
              ),
              h(
                'p',
                { class: 'phase' },
                one.expiresAtMs === null
                  ? 'until somebody resumes it'
                  : ['ends by itself ', counting('until', one.expiresAtMs)],
              ),
            ),
          ),
        ),
  ];
}
