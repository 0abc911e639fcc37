import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';

type Copies = NonNullable<Memory['copies']>;

/**
 * How far each base backup is that a server tells of, and since when it is there: whoever waits for a copy can tell one that goes on from one
 * that hangs. A source that is silent for a moment keeps what it told last.
 */
export function rememberCopies(memory: Memory, view: ClusterView): Pick<Memory, 'copies'> {
  const before: Copies = memory.copies ?? {};
  const next: Record<string, Copies[string]> = {};
  for (const member of view.members) {
    const sql = freshValue(member.sql);
    if (sql === null) {
      for (const [key, row] of Object.entries(before)) if (row.source === member.name) next[key] = row;
      continue;
    }
    for (const { client, streamedBytes } of sql.backups ?? []) {
      if (streamedBytes === null) continue;
      const key = `${member.name} ${client ?? ''}`;
      const last = before[key];
      next[key] =
        last?.bytes === streamedBytes ? last : { source: member.name, bytes: streamedBytes, changedAtMs: view.atMs };
    }
  }
  return Object.keys(next).length === 0 && memory.copies === undefined ? {} : { copies: next };
}
