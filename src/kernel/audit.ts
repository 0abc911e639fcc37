import type { ApiChange } from '../model/entry.js';
import { write } from './record.js';
import type { Session } from './session.js';

/** Written at the head of the next pass, after what it tells of: an answer, that of a kill switch above all, waits for no journal. */
export function noteChange(session: Session, change: ApiChange): void {
  session.inbox.put(async () => {
    await write(session, { kind: 'api-change', ...change });
  });
  session.wake();
}
