import { z } from 'zod';
import { ENTRY_KINDS, type EntryKind, type JournalEntry } from '../model/entry.js';
import { toJson } from '../model/json.js';
import { narrate } from '../words/narrate.js';
import { known, type Answer, type Call, type Context, type Route } from './context.js';
import { ApiError } from './errors.js';
import { paced } from './paced.js';
import { timeOf } from './validation.js';

const MOST = 1000;
const USUAL = 100;
/** Of one answer: what a page costs the daemon in memory while it is made. */
export const PAGE_BYTES = 8 * 1024 * 1024;

const seq = z.coerce.number().int();
const JOURNAL_QUERY = {
  querystring: z.strictObject({
    since: z.string().max(40).optional(),
    until: z.string().max(40).optional(),
    before: seq.min(1).optional(),
    after: seq.min(0).optional(),
    kind: z.string().max(400).optional(),
    limit: seq.min(1).max(MOST).optional(),
    form: z.enum(['full', 'line']).optional(),
  }),
};

export const JOURNAL_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/journal',
    access: 'viewer',
    summary:
      'The newest entries, oldest of them first: ?since=TIME, ?until=TIME (milliseconds or ISO 8601), ?kind=KIND,KIND, ?limit=1..1000, ?form=full|line (a sentence each). A page has 8 MiB at most; `before` of the answer, as ?before=SEQ, asks for the page before it (null: there is none). ?after=SEQ reads forwards, from the first entry after that number on (0: from the beginning); `after` of the answer asks for the next page.',
    schema: JOURNAL_QUERY,
    handle: journal,
  },
  {
    method: 'GET',
    path: '/v1/clusters/:scope/journal/check',
    access: 'viewer',
    summary:
      'Is the journal of this instance whole? Reads all of it and checks each hash and each link: counts, and each fault with its file and line.',
    handle: async (context, call) => {
      const scope = known(context, call);
      return { body: await context.journalReads.pass(() => context.controller.verifyJournal(scope)) };
    },
  },
];

/** Throws `bad-request`: a kind that there is none of would find nothing, which reads as if nothing had happened. */
function kindsOf(text: string): readonly EntryKind[] {
  return text.split(',').map((name) => {
    const kind = ENTRY_KINDS.find((one) => one === name);
    if (kind !== undefined) return kind;
    throw new ApiError(
      'bad-request',
      `kind is ${JSON.stringify(name)}; expected one or several of ${ENTRY_KINDS.join(', ')}`,
    );
  });
}

async function journal(context: Context, call: Call): Promise<Answer> {
  const scope = known(context, call);
  const { since, until, before, after, kind, limit = USUAL, form } = call.query;
  if (before !== undefined && after !== undefined)
    throw new ApiError('bad-request', 'before and after are both given; expected one of them');
  const only = {
    ...(since === undefined ? {} : { sinceMs: timeOf('since', since) }),
    ...(until === undefined ? {} : { untilMs: timeOf('until', until) }),
    ...(kind === undefined ? {} : { kinds: kindsOf(String(kind)) }),
  };
  const shown = (entries: readonly JournalEntry[]) => (form === 'line' ? { lines: entries.map(narrate) } : { entries });
  return context.journalReads.pass(async () => {
    if (after !== undefined) {
      const { entries, more } = await pageAfter(context, scope, { ...only, afterSeq: Number(after) }, Number(limit));
      return { body: { ...shown(entries), after: more ? (entries.at(-1)?.seq ?? null) : null } };
    }
    const page = await context.controller.journal({
      scope,
      limit: Number(limit),
      maxBytes: PAGE_BYTES,
      ...only,
      ...(before === undefined ? {} : { beforeSeq: Number(before) }),
    });
    const entries = [...page.entries].sort((a, b) => a.seq - b.seq);
    return { body: { ...shown(entries), before: page.more ? (entries[0]?.seq ?? null) : null } };
  });
}

/** Forwards, for whoever reads all of it: the first entries after that number. */
async function pageAfter(
  { controller }: Context,
  scope: string,
  span: Parameters<Context['controller']['entries']>[1],
  limit: number,
): Promise<{ readonly entries: readonly JournalEntry[]; readonly more: boolean }> {
  const entries: JournalEntry[] = [];
  let bytes = 0;
  for await (const entry of paced(controller.entries(scope, span))) {
    bytes += toJson(entry).length;
    if (entries.length >= limit || (bytes > PAGE_BYTES && entries.length > 0)) return { entries, more: true };
    entries.push(entry);
  }
  return { entries, more: false };
}
