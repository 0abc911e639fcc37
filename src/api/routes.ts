import { z } from 'zod';
import { decisionText } from '../words/decision.js';
import { ACTION_NAMES } from '../model/plan.js';
import type { Change, ClusterSnapshot, ControllerPort } from '../model/snapshot.js';
import { known, snapshotOf, who, why, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError, conflictError, type ApiErrorCode } from './errors.js';
import { reason } from './validation.js';
import { demoOf, overview, staleAfterMs } from './overview.js';
import { CHECK_ROUTES } from './checks.js';
import { HISTORY_ROUTES } from './history.js';
import { JOURNAL_ROUTES } from './journal.js';
import { INCIDENT_ROUTES } from './incidents.js';
import { PAST_ROUTES } from './past.js';
import { PROCEDURE_ROUTES } from './procedures.js';
import { RUN_ROUTES } from './runs.js';
import { REPORT_ROUTES } from './report.js';
import { POLICY_ROUTES } from './policy.js';

const REASON_BODY = { body: z.strictObject({ reason }) };
const YEAR_MS = 366 * 86_400_000;
const SWITCH_BODY = {
  body: z.strictObject({
    subject: z
      .string()
      .regex(/^(global|cluster|member:.{1,128}|action:[a-z-]{1,64})$/, 'global, cluster, member:NAME or action:NAME'),
    reason,
    expiresInMs: z.int().min(1000).max(YEAR_MS).nullish(),
  }),
};
/** Every path but the event stream, the metrics and the page. A GET row never touches the changing half of the controller. */
export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/healthz',
    access: 'open',
    summary: 'Is the process alive and does the loop tick? 200 or 503 with reasons.',
    handle: healthz,
  },
  {
    method: 'GET',
    path: '/readyz',
    access: 'open',
    summary: 'Can it do its work now? 200 or 503 with reasons.',
    handle: ({ controller }) => {
      const { ready, reasons } = controller.ready();
      return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not-ready', reasons } };
    },
  },
  {
    method: 'GET',
    path: '/v1',
    access: 'open',
    summary: 'This list.',
    handle: () => ({
      body: { paths: ROUTES.map(({ method, path, access, summary }) => ({ method, path, access, summary })) },
    }),
  },
  {
    method: 'GET',
    path: '/v1/openapi.json',
    access: 'open',
    summary: 'All of this as an OpenAPI 3.1 document.',
    // Seldom asked for: it is not kept in a daemon that nobody asks, and made once in one that somebody does, who needs no token for it.
    handle: async () => ({ body: await (openApi ??= openApiDocument()) }),
  },
  {
    method: 'GET',
    path: '/v1/clusters',
    access: 'viewer',
    summary: 'One row a cluster: state, mode, tenure, problems.',
    handle: ({ controller }) => ({
      body: { clusters: controller.scopes().map((scope) => summaryOf(controller, scope)) },
    }),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope',
    access: 'viewer',
    summary: 'The whole snapshot: all that was read, states, decisions, ledger, policy.',
    handle: (context, call) => ({ body: snapshotOf(context, call) }),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/overview',
    access: 'viewer',
    summary: 'What the dashboard shows, derived from the snapshot.',
    handle: (context, call) => ({ body: overview(snapshotOf(context, call)) }),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/problems',
    access: 'viewer',
    summary: 'Problems with phase, grace and evidence.',
    handle: (context, call) => ({ body: { problems: snapshotOf(context, call).states?.problems ?? [] } }),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/decisions',
    access: 'viewer',
    summary: 'Every decision of the last pass, "no" included, with its gates.',
    handle: (context, call) => ({
      body: { decisions: snapshotOf(context, call).decisions.map((one) => ({ sentence: decisionText(one), ...one })) },
    }),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/plan',
    access: 'viewer',
    summary: 'What it would send now, request by request, and what holds it.',
    handle: (context, call) => {
      const { decisions, policy } = snapshotOf(context, call);
      const plans = decisions.flatMap((one) =>
        one.kind === 'act' || one.kind === 'held'
          ? [{ ...one, blocks: one.kind === 'held' ? one.blocks : [], sentence: decisionText(one) }]
          : [],
      );
      return { body: { mode: policy.mode, plans } };
    },
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/ledger',
    access: 'viewer',
    summary: 'Remediations, drains, approvals, kill switches, budget.',
    handle: (context, call) => {
      const snapshot = snapshotOf(context, call);
      return { body: { ledger: snapshot.ledger, budget: overview(snapshot).budget } };
    },
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/approvals',
    access: 'viewer',
    summary: 'Approvals, the waiting ones first.',
    handle: (context, call) => ({
      body: {
        approvals: [...snapshotOf(context, call).ledger.approvals].sort(
          (a, b) => Number(b.state === 'waiting') - Number(a.state === 'waiting') || b.requestedAtMs - a.requestedAtMs,
        ),
      },
    }),
  },
  ...JOURNAL_ROUTES,
  {
    method: 'POST',
    path: '/v1/clusters/:scope/approvals/:id/approve',
    access: 'approver',
    summary: 'Body {reason}. The plan is made again before it is carried out.',
    schema: REASON_BODY,
    handle: async (context, call) =>
      changed(await context.controller.approve(known(context, call), call.params['id'] ?? '', who(call), why(call))),
  },
  {
    method: 'POST',
    path: '/v1/clusters/:scope/approvals/:id/reject',
    access: 'approver',
    summary: 'Body {reason}.',
    schema: REASON_BODY,
    handle: async (context, call) =>
      changed(await context.controller.reject(known(context, call), call.params['id'] ?? '', who(call), why(call))),
  },
  {
    method: 'POST',
    path: '/v1/clusters/:scope/switches',
    access: 'operator',
    summary: 'Pause: body {subject: global|cluster|member:NAME|action:NAME, reason, expiresInMs?}.',
    schema: SWITCH_BODY,
    handle: pause,
  },
  {
    method: 'DELETE',
    path: '/v1/clusters/:scope/switches/:subject',
    access: 'operator',
    summary: 'Resume.',
    handle: async (context, call) =>
      changed(
        await context.controller.resume(known(context, call), call.params['subject'] ?? '', who(call)),
        'nothing-to-resume',
      ),
  },
  ...POLICY_ROUTES,
  ...HISTORY_ROUTES,
  ...PAST_ROUTES,
  ...REPORT_ROUTES,
  ...INCIDENT_ROUTES,
  {
    method: 'POST',
    path: '/v1/clusters/:scope/incidents/:id/acknowledge',
    access: 'operator',
    summary: 'Somebody looks after it: nobody else is called, until it becomes another thing. Body {reason}.',
    schema: REASON_BODY,
    handle: async (context, call) =>
      changed(
        await context.controller.acknowledge(known(context, call), call.params['id'] ?? '', who(call), why(call)),
        'unknown-incident',
      ),
  },
  ...PROCEDURE_ROUTES,
  ...RUN_ROUTES,
  ...CHECK_ROUTES,
];

let openApi: Promise<unknown> | null = null;
const openApiDocument = async (): Promise<unknown> => (await import('./openapi/document.js')).openApiOf(ROUTES);

/** Restarting us must be able to cure what this says, so a cluster in trouble or a lost tenure is not in here: /readyz has those. */
function healthz({ controller, now, startedAtMs }: Context): Answer {
  const nowMs = now();
  const reasons = controller.scopes().flatMap((scope) => {
    const snapshot = controller.snapshot(scope);
    const limitMs = snapshot === null ? 60_000 : staleAfterMs(snapshot);
    const ageMs = nowMs - (snapshot?.atMs ?? startedAtMs);
    const what = snapshot === null ? 'no pass has ended since the start' : 'the last pass ended';
    return ageMs > limitMs
      ? [`${scope}: ${what} ${Math.round(ageMs / 1000)} s ago, at most ${limitMs / 1000} s is expected`]
      : [];
  });
  const alive = reasons.length === 0;
  return { status: alive ? 200 : 503, body: { status: alive ? 'ok' : 'failing', reasons } };
}

function summaryOf(controller: ControllerPort, scope: string): Readonly<Record<string, unknown>> {
  const snapshot = controller.snapshot(scope);
  if (snapshot === null) return { scope, state: 'unknown', level: 'unknown', sentence: 'no pass has ended yet' };
  const { level, state, sinceMs, mode, tenure, leader, atMs } = overview(snapshot);
  const problems = (snapshot.states?.problems ?? []).filter((problem) => problem.phase === 'active').length;
  const members = snapshot.view === null ? {} : { members: snapshot.view.members.map(({ name }) => name) };
  const row = { scope, level, state, sinceMs, mode, tenure, leader, problems, atMs, sentence: snapshot.sentence };
  return { ...row, ...members, ...demoOf(snapshot) };
}

async function pause(context: Context, call: Call): Promise<Answer> {
  const scope = known(context, call);
  const subject = String(call.body['subject']);
  const expiresInMs = call.body['expiresInMs'];
  checkSubject(context.controller.snapshot(scope), subject);
  const sinceMs = context.now();
  const owner = who(call);
  const expiresAtMs = typeof expiresInMs === 'number' ? sinceMs + expiresInMs : null;
  return changed(
    await context.controller.pause(scope, { subject, owner, reason: why(call), sinceMs, expiresAtMs }, owner),
  );
}

/** A switch on a misspelt name stops nothing while its owner believes that it does. */
function checkSubject(snapshot: ClusterSnapshot | null, subject: string): void {
  const [kind, name] = [subject.split(':', 1)[0], subject.slice(subject.indexOf(':') + 1)];
  if (kind === 'action' && !ACTION_NAMES.some((action) => action === name))
    throw new ApiError('unknown-subject', `no action ${name}; known: ${ACTION_NAMES.join(', ')}`);
  const members = snapshot?.view?.members.map((member) => String(member.name));
  if (kind === 'member' && members !== undefined && !members.includes(name))
    throw new ApiError('unknown-subject', `no member ${name}; configured: ${members.join(', ')}`);
}

/** `absent`: which code says that there is nothing of that name. */
function changed(change: Change, absent: ApiErrorCode = 'not-waiting'): Answer {
  if (!change.ok && change.status === 409) throw conflictError(change.text, change.conflict);
  if (!change.ok) throw new ApiError(change.status === 404 ? absent : 'same-person', change.text);
  return { body: { ok: true, text: change.text } };
}
