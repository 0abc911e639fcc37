import { z } from 'zod';
import { isRunChange, RUN_CHANGES } from '../model/procedure-run.js';
import { STAGED_NAMES, STAGED_ROWS, type StagedName } from '../model/staged.js';
import { known, snapshotOf, who, why, type Answer, type Call, type Context, type Route } from './context.js';
import { needRole } from './auth.js';
import { ApiError, conflictError, type ApiErrorCode } from './errors.js';
import { runsIn } from './run-overview.js';
import { reason } from './validation.js';

const STARTING = {
  body: z.strictObject({
    name: z.enum(STAGED_NAMES),
    member: z.string().min(1).max(128).nullish(),
    candidate: z.string().min(1).max(128).nullish(),
    parameters: z.record(z.string().min(1).max(128), z.string().max(4096)).optional(),
    back: z.boolean().optional(),
    reason,
    dryRun: z.boolean().optional(),
  }),
};

/** Procedures of several stages: shown, started, paused, continued, ended. */
export const RUN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/runs',
    access: 'viewer',
    summary: 'Procedures of several stages: the one under way with what is left of it, then the last that ended.',
    handle: (context, call) => ({ body: { runs: runsIn(snapshotOf(context, call)) } }),
  },
  {
    method: 'POST',
    path: '/v1/clusters/:scope/runs',
    access: 'operator',
    summary:
      'Body {name, reason, member?, candidate?, parameters?, back?, dryRun?}. 202: begun; 200: with dryRun, every stage and its requests; 409: refused.',
    schema: STARTING,
    handle: start,
  },
  {
    method: 'POST',
    path: '/v1/clusters/:scope/runs/:id/:change',
    access: 'operator',
    summary:
      'Body {reason, seen?}; change is pause, continue or abort. continue agrees to what is left: with `seen` (the mark of the list) to that list only, else to nothing new.',
    schema: { body: z.strictObject({ reason, seen: z.string().max(64).nullish() }) },
    handle: change,
  },
];

const REFUSED = { 400: 'bad-request', 404: 'unknown-scope' } as const satisfies Record<number, ApiErrorCode>;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** What goes on without etcd decides which data survives, with nobody to be asked: only who was given that right begins it, or goes on with it. */
function needRight({ caller }: Call, name: StagedName): void {
  if (STAGED_ROWS[name].authority === 'operator') needRole(caller, 'recovery');
}

async function start(context: Context, call: Call): Promise<Answer> {
  const { body } = call;
  if (body['dryRun'] !== true) needRight(call, String(body['name']) as StagedName);
  const request = {
    name: String(body['name']) as StagedName,
    member: textOf(body['member']),
    candidate: textOf(body['candidate']),
    parameters: (body['parameters'] ?? {}) as Readonly<Record<string, string>>,
    back: body['back'] === true,
    reason: why(call),
    dryRun: body['dryRun'] === true,
  };
  const answer = await context.controller.startRun(known(context, call), request, who(call));
  if (answer.kind === 'refused')
    throw answer.status === 409
      ? conflictError(answer.text, answer.conflict)
      : new ApiError(REFUSED[answer.status], answer.text);
  return { status: answer.kind === 'started' ? 202 : 200, body: { ok: true, answer } };
}

async function change(context: Context, call: Call): Promise<Answer> {
  const { id = '', change: what = '' } = call.params;
  if (!isRunChange(what)) throw new ApiError('bad-request', `${what} is none of ${RUN_CHANGES.join(', ')}`);
  const run = context.controller.snapshot(known(context, call))?.ledger.procedures?.find((row) => row.id === id);
  if (run !== undefined && what === 'continue') needRight(call, run.name);
  const said = await context.controller.changeRun(
    known(context, call),
    id,
    what,
    who(call),
    why(call),
    textOf(call.body['seen']),
  );
  if (!said.ok)
    throw said.status === 404 ? new ApiError('unknown-run', said.text) : conflictError(said.text, said.conflict);
  return { body: { ok: true, text: said.text } };
}
