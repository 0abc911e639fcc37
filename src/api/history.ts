import { z } from 'zod';
import { HOLDS_MS, PLOTTED_KINDS, plotter, type PlotRange } from '../history/plots.js';
import { known, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError } from './errors.js';
import { readSpan } from './paced.js';
import { timeOf } from './validation.js';

const DAY_MS = 24 * 3_600_000;
const MOST_DAYS = 35;
const MOST_POINTS = 2_000;
const POINTS = 300;

const moment = z.string().max(40).optional();

export const HISTORY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/history',
    access: 'viewer',
    summary: `For plots, from the journal: ?from=TIME, ?to=TIME (milliseconds or ISO 8601; the last day, ${MOST_DAYS} days at most), ?points=1..${MOST_POINTS}. One value a step: the most that each member was behind in bytes, the part of the time in which clients could write, and what happened as marks. null: nothing is known.`,
    schema: {
      querystring: z.strictObject({
        from: moment,
        to: moment,
        points: z.coerce.number().int().min(1).max(MOST_POINTS).optional(),
      }),
    },
    handle: history,
  },
];

async function history(context: Context, call: Call): Promise<Answer> {
  const scope = known(context, call);
  const range = rangeOf(call, context.now());
  const { take, value } = plotter(range);
  const { fromMs, toMs } = range;
  await readSpan(context, scope, { sinceMs: fromMs - HOLDS_MS, untilMs: toMs, kinds: PLOTTED_KINDS }, take);
  return { body: value(context.now()) };
}

function rangeOf({ query }: Call, nowMs: number): PlotRange {
  const { from, to, points = POINTS } = query;
  const toMs = to === undefined ? nowMs : timeOf('to', to);
  const fromMs = from === undefined ? toMs - DAY_MS : timeOf('from', from);
  if (fromMs >= toMs) throw new ApiError('bad-request', `from (${fromMs}) is not before to (${toMs})`);
  const days = (toMs - fromMs) / DAY_MS;
  if (days > MOST_DAYS)
    throw new ApiError('bad-request', `from ... to is ${Math.ceil(days)} days; expected at most ${MOST_DAYS}`);
  return { fromMs, toMs, points: Number(points) };
}
