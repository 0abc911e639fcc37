import type { CheckFinding, DataCheck } from '../../model/data-check.js';
import { spanText } from '../../words/amounts.js';
import { clean } from '../../words/clean.js';

const where = ({ what, relation, block }: CheckFinding): string =>
  block === null ? `${what} ${relation}` : `${what} ${relation}, block ${block}`;

function verdictOf({ endedMs, found, gaps, startedMs }: DataCheck, nowMs: number): string {
  if (endedMs === null) return `is being checked for ${spanText(nowMs - startedMs)}`;
  const how = `checked in ${spanText(endedMs - startedMs)}, ${new Date(endedMs).toISOString()}`;
  if (found > 0) return `${found} wrong: ${how}`;
  return gaps.length > 0 ? `nothing wrong found, but not all was checked: ${how}` : `nothing wrong found: ${how}`;
}

/** What the leader has too would come along with a copy of it. */
const nextOf = (member: string, { leader }: DataCheck): readonly string[] =>
  leader === true
    ? [
        '  next: an index: REINDEX it on the leader; a table: ekimi run-procedure rebuild-member of it, once a replica was checked and is whole',
      ]
    : [
        '  next: ekimi check-data LEADER --leader: what it has too a copy would bring along (an index: REINDEX on the leader)',
        `        else: ekimi run-procedure rebuild-member ${member} --plan`,
      ];

/** What a check of the data of a member found, its names and lines safe to print, what it left out, and what a person does about it. */
export function renderDataCheck(member: string, check: DataCheck, nowMs: number): string {
  const { database, findings, found, gaps, by } = check;
  const of = database === null ? 'all databases' : `database ${database}`;
  const more = found > findings.length ? [`  and ${found - findings.length} more`] : [];
  return [
    `${member}, ${of}, by ${by}: ${verdictOf(check, nowMs)}`,
    ...findings.flatMap((row) => [`  ${where(row)}`, `    ${row.text}`]),
    ...more,
    ...gaps.map((gap) => `  ! ${gap}`),
    ...(found > 0 ? nextOf(member, check) : []),
  ]
    .map(clean)
    .join('\n');
}
