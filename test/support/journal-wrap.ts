import type { JournalPort } from '../../src/ports/journal.js';

/** What happens around one append: it is called, or it never is. `name` is `journal` and the entry's kind. */
type Around = <T>(name: string, append: () => Promise<T>) => Promise<T>;

/** A journal each append of which goes through `around`; reading and closing it are as ever. */
export const appendingThrough =
  (around: Around) =>
  (journal: JournalPort): JournalPort => ({
    append: (entry) => around(`journal ${entry.body.kind}`, () => journal.append(entry)),
    read: (options) => journal.read(options),
    page: (options) => journal.page(options),
    verify: () => journal.verify(),
    close: () => journal.close(),
  });
