import { verifyJournal } from '../../journal/verify.js';
import type { JournalReport } from '../backend.js';

/** Does every link of each chain hold, and where not? */
export async function journalReport(directory: string): Promise<JournalReport> {
  const { files, entries, firstSeq, lastSeq, torn, faults } = await verifyJournal(directory);
  return {
    files,
    entries,
    firstSeq,
    lastSeq,
    torn: torn.length,
    faults: faults.map(({ file, line, why }) => ({ where: `${file}:${line}`, why })),
  };
}
