import { placeOf, type DamageMark } from '../model/damage.js';
import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { MemberView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';

/** A member whose pages are wrong: by its own counter (`pg_stat_database.checksum_failures`), by what its log said of a page, or by a check of its data. */
export const assessCorruption: Assess = ({ view, memory }) =>
  view.members.flatMap(({ name, sql }): readonly Finding[] => {
    const failures = freshValue(sql)?.checksumFailures ?? 0;
    const marks = marksOf(memory, name);
    if (failures === 0 && marks.length === 0) return [];
    const counted = failures === 0 ? [] : [says('sql', `${name} counted ${failures} checksum failures`, view.atMs)];
    return [seen('data-corruption', name, [...counted, ...logged(name, marks)], { failures, places: marks.length })];
  });

const marksOf = (memory: Memory, name: string): readonly DamageMark[] => memory.damage?.[name]?.marks ?? [];

/** One sentence a place, with what was said of it word for word. */
const logged = (name: string, marks: readonly DamageMark[]): readonly Evidence[] =>
  marks.map((mark) =>
    mark.kind === 'checked'
      ? says('sql', `pg_amcheck found ${placeOf(mark)} on ${name} wrong: ${mark.text}`, mark.lastMs)
      : says(
          'host',
          `${name} could not read ${placeOf(mark)}, since ${new Date(mark.firstMs).toISOString()}; its log says: ${mark.text}`,
          mark.lastMs,
        ),
  );

/**
 * Why nothing may be copied from this member, and it should not lead: pages of it are wrong. Null: nobody says so. `logCounts`: what its log says counts,
 * into which whoever may run a statement can write.
 */
export function whyCorrupt({ name, sql }: MemberView, memory: Memory, logCounts = true): string | null {
  const failures = recentValue(sql)?.checksumFailures ?? 0;
  if (failures > 0) return `${name} counted ${failures} checksum failures`;
  const mark = marksOf(memory, name).find(({ kind }) => logCounts || kind === 'checked');
  if (mark === undefined) return null;
  return mark.kind === 'checked'
    ? `pg_amcheck found ${placeOf(mark)} on ${name} wrong`
    : `${name} could not read ${placeOf(mark)}, by its log`;
}
