import { describe, expect, it } from 'vitest';
import { machineRemedy } from '../../../src/assess/machine-faults.js';
import { row } from '../../../src/app/doctor-row.js';
import { unknown, type ReadingFault } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import { assessmentOf, findingOf, viewOf } from '../../support/view.js';

/** What the driver of one member gives, while all else is well. */
const given =
  (part: 'host' | 'power', fault: ReadingFault, reason: string) =>
  (view: ClusterView): ClusterView => ({
    ...view,
    members: view.members.map((member) =>
      member.name === 'patroni2' ? { ...member, [part]: unknown(fault, reason, view.atMs, 'status') } : member,
    ),
  });
const told = (part: 'host' | 'power', fault: ReadingFault, reason: string): string =>
  findingOf(assessmentOf(given(part, fault, reason)(viewOf())), 'channel-silent')?.evidence[0]?.text ?? '';

const BROKEN: readonly (readonly [string, ReadingFault, string, RegExp])[] = [
  [
    'is missing',
    'unreachable',
    '/nowhere/status: ENOENT',
    /expected a program or an engine that is there: correct the path/,
  ],
  ['hangs', 'timeout', 'it had not ended after 5000 ms', /expected an answer within deadlines\.host: run it by hand/],
  ['prints megabytes', 'bad-reply', 'it wrote more than 1048576 bytes', /less than 1 MiB of output: run it by hand/],
  [
    'answers for the wrong machine',
    'wrong-scope',
    'it answers for db9, not for db2',
    /correct the name of this member/,
  ],
  ['may not', 'denied', 'Interactive authentication required', /expected permission to ask: give it to Ekimi's user/],
];

describe.each(BROKEN)('a driver that %s', (_, fault, reason, advice) => {
  it('is told as a channel that is silent: what was found and expected, the remedy, the key, and what is not done', () => {
    const text = told('host', fault, reason);
    expect(text).toContain(reason);
    expect(text).toMatch(advice);
    expect(text).toContain('(clusters[].hosts)');
    expect(text).toMatch(/without it no expedite-failover, fence-member, fence-leader and start-member there$/);
  });

  it('is told likewise where it is what cuts power', () => {
    const text = told('power', fault, reason);
    expect(text).toMatch(advice);
    expect(text).toMatch(/\(clusters\[\]\.power\); without it no fence-member and fence-leader while the host driver/);
  });

  it('is named by doctor with the same words', () => {
    const found = row(
      'patroni2 host',
      unknown(fault, reason, 0, 's'),
      'the host driver for patroni2',
      ['x'],
      'warn',
      'hosts',
    );
    expect(found).toMatchObject({ verdict: 'warn', disables: ['x'] });
    expect(found.detail).toContain(reason);
    expect('remedy' in found && found.remedy).toBe(machineRemedy('hosts', fault));
  });
});
