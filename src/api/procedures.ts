import { z } from 'zod';
import { PROCEDURES } from '../actions/asked.js';
import { decisionText } from '../words/decision.js';
import {
  PROCEDURE_NAMES,
  type ProcedureAnswer,
  type ProcedureName,
  type ProcedureRequest,
} from '../model/procedure.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { progressOf } from '../verify/progress.js';
import { known, snapshotOf, who, why, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError, conflictError } from './errors.js';
import { reason } from './validation.js';

const member = z.string().min(1).max(128).optional();
const BODY = {
  body: z.strictObject({
    name: z.enum(PROCEDURE_NAMES),
    target: member,
    candidate: member,
    leader: member,
    scheduledAt: z.string().min(1).max(40).optional(),
    parameters: z.record(z.string().min(1).max(128), z.string().max(256)).optional(),
    acceptLoss: z.union([z.literal('any'), z.int().min(0)]).optional(),
    reason,
    dryRun: z.boolean().optional(),
  }),
};

/** What a person starts by name. The controller plans it, puts it to every gate and sends it or says why not; nothing is queued. */
export const PROCEDURE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/procedures',
    access: 'viewer',
    summary: 'What a person may start, what each takes, and its mode in the policy.',
    handle: (context, call) => {
      const { policy } = snapshotOf(context, call);
      const procedures = PROCEDURE_NAMES.filter((name) => PROCEDURES[name].alone !== false).map((name) => ({
        name,
        ...PROCEDURES[name],
        mode: policy.actions[name].mode,
      }));
      return { body: { mode: policy.mode, procedures } };
    },
  },
  {
    method: 'POST',
    path: '/v1/clusters/:scope/procedures',
    access: 'operator',
    summary:
      'Body {name, reason, target?, candidate?, leader?, scheduledAt?, acceptLoss?, parameters?, dryRun?}. 202: sent, watch its id; 409: held, with every gate.',
    schema: BODY,
    handle: async (context, call) =>
      answerOf(await context.controller.runProcedure(known(context, call), requestOf(call), who(call))),
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/remediations/:id',
    access: 'viewer',
    summary: 'One remediation and how far its effect can be seen.',
    handle: remediation,
  },
];

function requestOf(call: Call): ProcedureRequest {
  const { body } = call;
  const text = (key: string): string | null => (typeof body[key] === 'string' ? body[key] : null);
  const accepted = body['acceptLoss'];
  return {
    name: String(body['name']) as ProcedureName,
    target: text('target'),
    candidate: text('candidate'),
    leader: text('leader'),
    scheduledAt: text('scheduledAt'),
    acceptLoss: accepted === undefined ? null : accepted === 'any' ? 'any' : Number(accepted),
    reason: why(call),
    dryRun: body['dryRun'] === true,
    ...(body['parameters'] === undefined
      ? {}
      : { parameters: body['parameters'] as NonNullable<ProcedureRequest['parameters']> }),
  };
}

/** The three words that every error has, and beside them the whole answer: a client that was held wants the gates. */
function answerOf(answer: ProcedureAnswer): Answer {
  switch (answer.kind) {
    case 'started':
      return { status: 202, body: { ok: true, answer } };
    case 'rehearsed':
    case 'planned':
      return { body: { ok: true, answer } };
    case 'held': {
      const error = new ApiError('held', decisionText(answer));
      return { status: error.status, body: { ...error.body(), answer } };
    }
    case 'refused':
      throw answer.status === 409
        ? conflictError(answer.text, answer.conflict)
        : new ApiError(REFUSED[answer.status], answer.text);
    default:
      return answer satisfies never;
  }
}

const REFUSED = { 400: 'bad-request', 404: 'unknown-scope' } as const;

function remediation(context: Context, call: Call): Answer {
  const snapshot = snapshotOf(context, call);
  const id = call.params['id'] ?? '';
  const found = snapshot.ledger.remediations.find((row) => row.id === id);
  if (found === undefined) throw new ApiError('unknown-remediation', `no remediation ${id}`);
  return { body: { remediation: found, progress: progressOf(inputOf(snapshot), found, context.now()) } };
}

const inputOf = ({ view, states, ledger, policy }: ClusterSnapshot) =>
  view === null || states === null ? null : { view, memory: states.memory, ledger, policy };
