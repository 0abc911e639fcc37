import type { Logger } from 'pino';
import type { Redactor } from '../config/redactor.js';
import { openJournal } from '../journal/open.js';
import type { EkimiConfig } from '../model/config.js';
import type { EntryBody, JournalEntry } from '../model/entry.js';
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
 * The same journal, in which nothing stands before `start`: where that could not be written, it is written before whatever can be, or what
 * follows could not be decided again for lack of its policy.
 */
export function beginningWith(journal: JournalPort, start: Extract<EntryBody, { kind: 'start' }>): JournalPort {
  let isBegun = false;
  const begin = async (entry: { readonly atMs: number; readonly scope: string }): Promise<JournalEntry> => {
    const begun = await journal.append({ ...entry, body: start });
    isBegun = true;
    return begun;
  };
  return {
    append: async (entry) => {
      if (entry.body === start) return begin(entry);
      if (!isBegun) await begin({ atMs: entry.atMs, scope: entry.scope });
      return journal.append(entry);
    },
    read: (options) => journal.read(options),
    page: (options) => journal.page(options),
    close: () => journal.close(),
  };
}
