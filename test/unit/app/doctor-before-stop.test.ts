import { describe, expect, it } from 'vitest';
import { configFrom } from '../../../src/adapters/patroni/parse.js';
import { beforeStopRows } from '../../../src/app/doctor-before-stop.js';
import { doctorFindings } from '../../../src/app/doctor.js';
import { doctorFails } from '../../../src/cli/render/doctor.js';
import { POOLER_DEFAULTS } from '../../../src/model/policy.js';
import { unknown } from '../../../src/model/reading.js';
import { isSince } from '../../../src/model/versions.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { testPolicy } from '../../support/policy.js';
import { pooler } from '../../support/pooler-situations.js';
import { api, config, NOW_MS, SCOPE, silent, viewOf, type Change } from '../../support/view.js';

const HELD = testPolicy({ pooler: { ...POOLER_DEFAULTS, around: ['switchover'] } });
const rows = (...changes: readonly Change[]) => beforeStopRows(viewOf(...changes), HELD);
/** What `GET /config` says of it, read as it is from a cluster. */
const told = (postgresql: unknown): Change => {
  const { beforeStop = false } = configFrom({ postgresql });
  return config({ beforeStop });
};
const SET = told({ before_stop: '/usr/lib/postgresql/18/bin/pg_ctl -D /data -m fast -w -t 1 stop' });
const UNSET = told({ use_pg_rewind: true });
const silentApis = ['patroni1', 'patroni2', 'patroni3'].map((name) => silent(name, 'api'));
const unread: Change = (view) => ({ ...view, config: unknown('timeout', 'no answer', NOW_MS, 'config') });

describe('the doctor on what ends PostgreSQL before Patroni first looks for its end', () => {
  it('advises it where clients wait behind a pooler, and claims nothing of the file of a member', () => {
    const [row, ...rest] = rows(pooler(), UNSET);
    expect(rest).toEqual([]);
    expect(row).toMatchObject({
      check: 'before_stop',
      verdict: 'off',
      disables: [],
      detail: expect.stringMatching(
        /is not set for all members, and whether a member's own patroni\.yml has it nobody tells/,
      ) as string,
      remedy: expect.stringMatching(/docs\/runbook\/switchover\.md, "A second less: before_stop"/) as string,
    });
  });

  it('is no fault: the exit code of the doctor is the same', () => {
    const snapshot = { scope: SCOPE, view: viewOf(pooler(), UNSET) } as unknown as ClusterSnapshot;
    const found = doctorFindings(snapshot, HELD);
    expect(found).toContainEqual(expect.objectContaining({ check: 'before_stop' }));
    expect(doctorFails(found)).toBe(false);
  });

  it.each<[string, readonly Change[], string]>([
    ['where it is set, what that is worth', [SET], 'postgresql.before_stop is set for all members: where it stops'],
    [
      'that one Patroni is too old',
      [UNSET, api('patroni2', { version: '3.0.2' })],
      'not asked for: Patroni has no such setting before 3.0.3 (patroni2 runs 3.0.2)',
    ],
    ['the same, though it is written', [SET, api('patroni2', { version: '3.0.2' })], 'not asked for'],
  ])('says %s', (_what, changes, detail) => {
    expect(rows(pooler(), ...changes)).toEqual([
      expect.objectContaining({ verdict: 'ok', detail: expect.stringContaining(detail) as string }),
    ]);
  });

  it.each<[string, readonly Change[]]>([
    ['no pooler is configured', [UNSET]],
    ['the configuration was not read', [pooler(), unread]],
    ['it is of an older journal, which does not tell', [pooler()]],
    ['no Patroni tells its version', [pooler(), UNSET, ...silentApis]],
  ])('says nothing where %s', (_when, changes) => {
    expect(rows(...changes)).toEqual([]);
  });

  it('says nothing where no client is held around a switchover', () => {
    const policy = testPolicy({ pooler: { ...POOLER_DEFAULTS, around: [] } });
    expect(beforeStopRows(viewOf(pooler(), UNSET), policy)).toEqual([]);
  });
});

it.each([
  ['3.0.2', false],
  ['3.0.3', true],
  ['3.1.0', true],
  ['4.0.0rc1', true],
  ['2.1.7', false],
  ['4', true],
  ['', false],
  ['devel', false],
])('a version %j is 3.0.3 or newer: %s', (version, is) => {
  expect(isSince(version, [3, 0, 3])).toBe(is);
});
