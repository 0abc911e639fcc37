import { verifyJournal } from '../../journal/verify.js';
import type { JournalReport } from '../backend.js';

/** Does every link of the chain hold, and where not? */
export async function journalReport(directory: string): Promise<JournalReport> {
  const result = await verifyJournal(directory);
  const bad = result.firstBad;
  return {
    files: result.files,
    entries: result.entries,
    firstSeq: result.firstSeq,
    lastSeq: result.lastSeq,
    torn: result.torn.length,
    faults: bad === undefined ? [] : [{ where: `${bad.file}:${bad.line}`, why: bad.why }],
  };
}
