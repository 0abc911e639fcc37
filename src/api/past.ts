import { z } from 'zod';
import {
  aroundOf,
  BEGINNINGS,
  isWholePass,
  NOTHING_AROUND,
  pastSnapshot,
  type Around,
  type WholePass,
} from '../history/past.js';
import type { JournalEntry } from '../model/entry.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { known, snapshotOf, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError } from './errors.js';
import { demoOf, overview } from './overview.js';
import { openRunIn } from './run-overview.js';
import { timeOf } from './validation.js';

export const PAST_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/at',
    access: 'viewer',
    summary:
      'The whole page as it was: ?time=TIME (milliseconds or ISO 8601). {overview, run, snapshot} of the last recorded pass at or before it, its `seq` and `atMs`, and when the recorded passes before and after it were (`previousMs`, `nextMs`; null: none). What the journal does not keep is null or "unknown".',
    schema: { querystring: z.strictObject({ time: z.string().min(1).max(40) }) },
    handle: (context, call) => {
      const scope = known(context, call);
      const timeMs = timeOf('time', call.query['time'] ?? '');
      return context.journalReads.pass(() => past(context, scope, timeMs));
    },
  },
];

/** The last pass of a run holds no whole moment, and one that cannot be read neither: so many are looked at. */
const PASSES = 8;

/** A recorded pass, and the cluster as it was shown then. */
interface Moment {
  readonly pass: WholePass;
  readonly previousMs: number | null;
  readonly snapshot: ClusterSnapshot;
}

/** The last recorded pass at or before `timeMs` (milliseconds since 1970). Throws `no-such-moment`. */
async function momentAt({ controller }: Context, scope: string, timeMs: number): Promise<Moment> {
  const { entries } = await controller.journal({ scope, kinds: ['pass'], untilMs: timeMs, limit: PASSES });
  const index = entries.findLastIndex(isWholePass);
  const pass = entries[index];
  if (pass === undefined || !isWholePass(pass))
    throw new ApiError('no-such-moment', await whyNot(controller, scope, entries, timeMs));
  const { policy, ...around } = await aroundPass(controller, pass);
  if (policy === null)
    throw new ApiError('no-such-moment', `entry ${pass.seq} was decided by a policy that is not in the journal`);
  const present = controller.snapshot(scope);
  const snapshot = { ...pastSnapshot(pass, { ...around, policy }), ...(present === null ? {} : demoOf(present)) };
  return { pass, previousMs: entries[index - 1]?.atMs ?? null, snapshot };
}

/** The query of what can also be asked of a past moment. */
export const TIME_QUERY = { querystring: z.strictObject({ time: z.string().min(1).max(40).optional() }) };

/** Of the moment that `?time=` asks for, else of now. Throws `no-such-moment`, and what `snapshotOf` throws. */
export async function snapshotAsked(context: Context, call: Call): Promise<ClusterSnapshot> {
  const { time } = call.query;
  if (time === undefined) return snapshotOf(context, call);
  const scope = known(context, call);
  const timeMs = timeOf('time', time);
  return (await context.journalReads.pass(() => momentAt(context, scope, timeMs))).snapshot;
}

async function past(context: Context, scope: string, timeMs: number): Promise<Answer> {
  const { pass, previousMs, snapshot } = await momentAt(context, scope, timeMs);
  return {
    body: {
      seq: pass.seq,
      atMs: pass.atMs,
      previousMs,
      nextMs: await nextAfter(context.controller, pass),
      overview: overview(snapshot),
      run: openRunIn(snapshot),
      snapshot,
    },
  };
}

async function whyNot(
  controller: Context['controller'],
  scope: string,
  entries: readonly JournalEntry[],
  timeMs: number,
): Promise<string> {
  const last = entries.at(-1);
  const when = new Date(timeMs).toISOString();
  if (last === undefined) return `no pass at or before ${when} is in the journal: ${await reachOf(controller, scope)}`;
  const lost = last.body.kind === 'pass' ? last.body.lost : undefined;
  return `entry ${last.seq}, the last pass before ${when}, does not hold all that was seen${lost === undefined ? '' : `: ${lost}`}`;
}

/** From when to when its passes are. */
async function reachOf(controller: Context['controller'], scope: string): Promise<string> {
  const { entries } = await controller.journal({ scope, kinds: ['pass'], limit: 1 });
  const [newest] = entries;
  for await (const { atMs } of controller.entries(scope, { kinds: ['pass'] }))
    return `its passes reach from ${new Date(atMs).toISOString()} to ${new Date(newest?.atMs ?? atMs).toISOString()}`;
  return 'it has no pass';
}

/** Nearly always the two entries before are enough; a run that reloaded its policy often is looked through further back. */
async function aroundPass(controller: Context['controller'], { scope, seq, body }: WholePass): Promise<Around> {
  let around = NOTHING_AROUND;
  for (const limit of [2, 50]) {
    const page = await controller.journal({ scope, kinds: BEGINNINGS, beforeSeq: seq, limit });
    around = aroundOf(page.entries, body.circumstances.policyHash);
    if (around.policy !== null && around.startedAtMs !== null) break;
  }
  return around;
}

async function nextAfter(controller: Context['controller'], { scope, atMs }: WholePass): Promise<number | null> {
  for await (const next of controller.entries(scope, { sinceMs: atMs + 1, kinds: ['pass'] })) return next.atMs;
  return null;
}
