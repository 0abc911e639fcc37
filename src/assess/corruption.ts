import type { Finding } from '../model/problem.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';

/** A member whose pages are wrong, by its own counter (`pg_stat_database.checksum_failures`). */
export const assessCorruption: Assess = ({ view }) =>
  view.members.flatMap(({ name, sql }): readonly Finding[] => {
    const failures = freshValue(sql)?.checksumFailures ?? 0;
    if (failures === 0) return [];
    return [
      seen('data-corruption', name, [says('sql', `${name} counted ${failures} checksum failures`, view.atMs)], {
        failures,
      }),
    ];
  });

/** Why nothing may be copied from this member, and it should not lead: pages of it are wrong. Null: nobody says so. */
export function whyCorrupt({ name, sql }: MemberView): string | null {
  const failures = recentValue(sql)?.checksumFailures ?? 0;
  return failures === 0 ? null : `${name} counted ${failures} checksum failures`;
}
