import type { Command } from 'commander';
import type { JournalEntry } from '../model/entry.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { dayText } from '../words/moments.js';
import { CliError } from './cli-error.js';
import { entriesOf, isRemote, timeOf, withJournal, type JournalOptions } from './commands-journal.js';
import { clientOf, nowOf, print, printJson, scopesOf, styleOf, withZone, type Context } from './context.js';
import type { Answer } from './render/why.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** `ekimi why`: an answer from what was written at the time. */
export function addWhyCommand(program: Command, context: Context): void {
  withZone(withJournal(program.command('why')))
    .description('what it did, what it did not do, which gate said no, and what would unblock it')
    .argument('[subject]', 'a member, an action or a problem code')
    .option('--at <TIME>', 'then, from the journal; else now, from the daemon. ISO 8601, 09:30 or 10m (ago)')
    .action((subject: string | undefined, options: JournalOptions & { at?: string }) =>
      why(context, subject ?? null, options),
    );
}

/** A second as we print it means all of it: what happened in it is told. */
const withItsSecond = (text: string, atMs: number): number =>
  /:\d{2}:\d{2}(?:Z|[+-][\d:]+)?$/.test(text) ? atMs + 999 : atMs;

async function why(context: Context, subject: string | null, options: JournalOptions & { at?: string }): Promise<void> {
  const atMs = options.at === undefined ? null : withItsSecond(options.at, await timeOf(context, options, options.at));
  const answers =
    atMs === null && options.journal === undefined
      ? await whyNow(context, subject, options)
      : await whyThen(context, subject, options, atMs);
  if (subject !== null && answers.length > 0 && answers.every(({ known }) => !known))
    throw new CliError(
      'absent',
      'unknown-name',
      `nothing here is called ${subject}`,
      'Name a member, an action, a problem code or an etcd endpoint: ekimi status shows members and problems, ekimi policy the actions.',
    );
  const { renderWhy } = await import('./render/why.js');
  if (options.json === true) printJson(context, answers);
  else
    print(
      context,
      answers
        .map((found) => renderWhy(found, { ...styleOf(context), nowMs: found.atMs ?? nowOf(context) }))
        .join('\n\n'),
      answers[0]?.atMs ?? nowOf(context),
    );
}

async function whyNow(context: Context, subject: string | null, options: JournalOptions): Promise<readonly Answer[]> {
  const client = await clientOf(context, options);
  const { answer } = await import('./render/why.js');
  const ask = async (scope: string): Promise<Answer> => {
    const snapshot: ClusterSnapshot = await client.snapshot(scope);
    const entries = await client.journal(scope, { sinceMs: snapshot.atMs - HOUR_MS, limit: 1000 });
    return answer({ subject, atMs: null, snapshot, entries });
  };
  return Promise.all((await scopesOf(client, options)).map(ask));
}

async function whyThen(
  context: Context,
  subject: string | null,
  options: JournalOptions,
  atMs: number | null,
): Promise<readonly Answer[]> {
  const { answer } = await import('./render/why.js');
  if (atMs !== null && isRemote(context, options)) return whyThenThere(context, subject, options, atMs);
  // A pass that only repeats the one before is not written: of a quiet cluster the one in force may be old.
  const read = (sinceMs: number | null) => writtenUntil(context, options, sinceMs, atMs);
  let written = await read(atMs === null ? null : atMs - DAY_MS);
  if (written.byScope.size === 0) written = await read(null);
  if (written.byScope.size === 0) throw await beyondJournal(context, options, atMs);
  return [...written.byScope.values()].map((entries) => {
    const { note, ...told } = answer({ subject, atMs, snapshot: null, entries });
    const endMs = atMs === null || written.goesOn ? null : (entries.at(-1)?.atMs ?? null);
    const ended =
      endMs === null ? [] : [`The last entry before that time, and of the journal, is of ${dayText(endMs)}.`];
    const notes = [...(note === null ? [] : [note]), ...ended];
    return { ...told, note: notes.length === 0 ? null : notes.join(' ') };
  });
}

interface Written {
  readonly byScope: ReadonlyMap<string, readonly JournalEntry[]>;
  /** There are later entries than that time. */
  readonly goesOn: boolean;
}

async function writtenUntil(
  context: Context,
  options: JournalOptions,
  sinceMs: number | null,
  atMs: number | null,
): Promise<Written> {
  const byScope = new Map<string, JournalEntry[]>();
  for await (const entry of entriesOf(context, options, sinceMs === null ? {} : { sinceMs })) {
    if (atMs !== null && entry.atMs > atMs) return { byScope, goesOn: true };
    const known = byScope.get(entry.scope);
    if (known === undefined) byScope.set(entry.scope, [entry]);
    else known.push(entry);
  }
  return { byScope, goesOn: false };
}

/** From when to when it reaches, for whoever asked about another time. */
async function beyondJournal(context: Context, options: JournalOptions, atMs: number | null): Promise<CliError> {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for await (const { atMs: one } of entriesOf(context, options))
    [fromMs, toMs] = [Math.min(fromMs, one), Math.max(toMs, one)];
  const reach = toMs < fromMs ? 'it has no entry' : `it reaches from ${dayText(fromMs)} to ${dayText(toMs)}`;
  const when = atMs === null ? '' : ` at or before ${dayText(atMs)}`;
  return new CliError(
    'absent',
    'no-entry',
    `the journal has nothing${when}: ${reach}`,
    'Give a time within it with --at, or name another journal with --journal DIR.',
  );
}

/** Then, from a daemon: the hour before, up to the pass that was in force. */
async function whyThenThere(
  context: Context,
  subject: string | null,
  options: JournalOptions,
  atMs: number,
): Promise<readonly Answer[]> {
  const { answer } = await import('./render/why.js');
  const client = await clientOf(context, options);
  const ask = async (scope: string): Promise<Answer> => {
    const beforeSeq = (await client.seqAt(scope, atMs)) + 1;
    const entries = await client.journal(scope, { sinceMs: atMs - HOUR_MS, beforeSeq, limit: 1000 });
    return answer({ subject, atMs, snapshot: null, entries });
  };
  return Promise.all((await scopesOf(client, options)).map(ask));
}
