import type { Logger } from 'pino';
import type { Redactor } from '../config/redactor.js';
import { openJournal } from '../journal/open.js';
import type { EkimiConfig } from '../model/config.js';
import { holdsPolicy, type EntryBody, type JournalEntry, type NewEntry } from '../model/entry.js';
import type { CodedFields } from '../model/log-code.js';
import type { JournalPort } from '../ports/journal.js';

export interface Journals {
  readonly of: (scope: string) => JournalPort;
  close(): Promise<void>;
}

/**
 * The journal of each cluster, in a folder of its own. One that cannot be written holds its own cluster only and is tried again with each entry;
 * only where none can be written is the start refused, since then the directory itself is not what was meant.
 */
export async function openJournals(config: EkimiConfig, log: Logger, redact: Redactor['value']): Promise<Journals> {
  const opened = await Promise.all(
    config.clusters.map(async ({ scope }) => ({
      scope,
      journal: await openJournal({ ...config.journal, scope, redact }),
    })),
  );
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(({ journal }) => journal.close()));
  };
  const faults = opened.flatMap(({ journal }) => journal.fault ?? []);
  const [first] = faults;
  if (first !== undefined && faults.length === opened.length) {
    await close();
    throw first;
  }
  for (const { scope, journal } of opened) {
    for (const note of journal.notes)
      log.warn({ code: 'JOURNAL_NOTE', scope, note } satisfies CodedFields, 'the journal as it was found at opening');
    if (journal.fault !== null)
      log.error({ code: 'JOURNAL', scope, err: journal.fault } satisfies CodedFields, 'the journal cannot be written');
  }
  const byScope = new Map<string, JournalPort>(opened.map(({ scope, journal }) => [scope, journal]));
  return {
    close,
    of: (scope) => {
      const journal = byScope.get(scope);
      if (journal === undefined) throw new Error(`no journal was opened for ${scope}`);
      return journal;
    },
  };
}

/**
 * The same journal, in which nothing is decided by a policy that does not stand there: the `start` of a run or a reload that could not be
 * written is written before whatever can be, or what follows could not be decided again.
 */
export function beginningWith(journal: JournalPort, start: Extract<EntryBody, { kind: 'start' }>): JournalPort {
  let owed: readonly EntryBody[] = [start];
  const pay = async (at: Omit<NewEntry, 'body'>): Promise<JournalEntry | null> => {
    let last: JournalEntry | null = null;
    for (const body of owed) {
      last = await journal.append({ ...at, body });
      owed = owed.filter((row) => row !== body);
    }
    return last;
  };
  return {
    append: async (entry) => {
      const { body, ...at } = entry;
      const isOwed = holdsPolicy(body);
      if (isOwed && !owed.includes(body)) owed = [...owed, body];
      const last = await pay(at);
      return isOwed && last !== null ? last : journal.append(entry);
    },
    read: (options) => journal.read(options),
    page: (options) => journal.page(options),
    verify: () => journal.verify(),
    close: () => journal.close(),
  };
}
