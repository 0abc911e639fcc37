import { z } from 'zod';
import { REPORTED_KINDS, reporter } from '../history/report.js';
import { known, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError } from './errors.js';
import { readSpan } from './paced.js';
import { timeOf } from './validation.js';

const DAY_MS = 24 * 3_600_000;
const WEEK_DAYS = 7;
const MOST_DAYS = 100;
const moment = z.string().max(40).optional();

export const REPORT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/report',
    access: 'viewer',
    summary: `What happened, from the journal: ?since=TIME, ?until=TIME (milliseconds or ISO 8601; the last week, ${MOST_DAYS} days at most). Incidents by cause with the time without writes beside stock, what was done and would have been, times, what persons changed.`,
    schema: { querystring: z.strictObject({ since: moment, until: moment }) },
    handle: report,
  },
];

async function report(context: Context, call: Call): Promise<Answer> {
  const scope = known(context, call);
  const { since, until } = call.query;
  const untilMs = until === undefined ? context.now() : timeOf('until', until);
  const sinceMs = since === undefined ? untilMs - WEEK_DAYS * DAY_MS : timeOf('since', since);
  const days = (untilMs - sinceMs) / DAY_MS;
  if (days <= 0 || days > MOST_DAYS)
    throw new ApiError('bad-request', `since ... until is ${days.toFixed(1)} days; expected 0 to ${MOST_DAYS}`);
  const { take, value } = reporter(scope, sinceMs, untilMs);
  await readSpan(context, scope, { sinceMs, untilMs, kinds: REPORTED_KINDS }, take);
  return { body: value() };
}
