import { z } from 'zod';
import type { DataCheck } from '../model/data-check.js';
import { lastValue } from '../model/reading.js';
import { known, snapshotOf, who, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError, conflictError } from './errors.js';

/** Checks of the data of members by pg_amcheck: shown, begun. */
export const CHECK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/checks',
    access: 'viewer',
    summary:
      'Of each member the check of its data that goes on, else the last that is known, whichever instance made it.',
    handle: (context, call) => ({ body: { checks: checksIn(context, call) } }),
  },
  {
    method: 'POST',
    path: '/v1/clusters/:scope/checks',
    access: 'operator',
    summary:
      'Body {member, database?, leader?}. 202: pg_amcheck reads its data; 409: not now, and why. Nothing is repaired.',
    schema: {
      body: z.strictObject({
        member: z.string().min(1).max(128),
        database: z.string().min(1).max(63).nullish(),
        leader: z.boolean().optional(),
      }),
    },
    handle: begin,
  },
];

const checksIn = (context: Context, call: Call): Readonly<Record<string, DataCheck>> =>
  Object.fromEntries(
    (snapshotOf(context, call).view?.members ?? []).flatMap(({ name, check }) => {
      const last = check === undefined ? null : lastValue(check);
      return last === null ? [] : [[name, last]];
    }),
  );

async function begin(context: Context, call: Call): Promise<Answer> {
  const { member, database, leader } = call.body;
  const names = (snapshotOf(context, call).view?.members ?? []).map(({ name }) => String(name));
  // Before the first pass nobody knows the names: the controller says that it has to be asked again.
  if (names.length > 0 && !names.includes(String(member)))
    throw new ApiError('unknown-member', `no member ${String(member)}; configured: ${names.join(', ')}`);
  const request = {
    member: String(member),
    database: typeof database === 'string' ? database : null,
    leader: leader === true,
  };
  const said = await context.controller.checkData(known(context, call), request, who(call));
  if (!said.ok)
    throw said.lacks === undefined
      ? conflictError(said.text, said.conflict)
      : new ApiError('not-configured', said.text);
  const { text, startedMs } = said;
  return { status: 202, body: { ok: true, text, ...(startedMs === undefined ? {} : { startedMs }) } };
}
