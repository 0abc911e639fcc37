import { journalReport as reportOf } from '../../journal/verify.js';
import type { JournalReport } from '../../model/journal-report.js';

/** Does every link of each chain hold, and where not? */
export const journalReport = (directory: string): Promise<JournalReport> => reportOf(directory);
