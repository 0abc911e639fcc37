import type { CheckFinding, DataCheck } from '../../model/data-check.js';
import { spanText } from '../../words/amounts.js';

const where = ({ what, relation, block }: CheckFinding): string =>
  block === null ? `${what} ${relation}` : `${what} ${relation}, block ${block}`;

function verdictOf({ endedMs, found, gaps, startedMs }: DataCheck, nowMs: number): string {
  if (endedMs === null) return `is being checked for ${spanText(nowMs - startedMs)}`;
  const how = `checked in ${spanText(endedMs - startedMs)}, ${new Date(endedMs).toISOString()}`;
  if (found > 0) return `${found} wrong: ${how}`;
  return gaps.length > 0 ? `nothing wrong found, but not all was checked: ${how}` : `nothing wrong found: ${how}`;
}

/** What a check of the data of a member found, what it left out, and what a person does about it. */
export function renderDataCheck(member: string, check: DataCheck, nowMs: number): string {
  const { database, findings, found, gaps, by } = check;
  const of = database === null ? 'all databases' : `database ${database}`;
  const more = found > findings.length ? [`  and ${found - findings.length} more`] : [];
  return [
    `${member}, ${of}, by ${by}: ${verdictOf(check, nowMs)}`,
    ...findings.flatMap((row) => [`  ${where(row)}`, `    ${row.text}`]),
    ...more,
    ...gaps.map((gap) => `  ! ${gap}`),
    ...(found > 0 ? [`  next: ekimi run-procedure rebuild-member ${member} --plan`] : []),
  ].join('\n');
}
