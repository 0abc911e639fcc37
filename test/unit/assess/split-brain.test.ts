import { describe, expect, it } from 'vitest';
import { formatLsn } from '../../../src/model/names.js';
import { fresh } from '../../../src/model/reading.js';
import {
  api,
  assessmentOf,
  at,
  findingOf,
  isPrimary,
  leaderKey,
  MB,
  noEtcd,
  NOW_MS,
  SCOPE,
  silent,
  sql,
  viewOf,
  type Change,
} from '../../support/view.js';

const lsn = (behind: number): string => formatLsn(at(behind));

const history =
  (timeline: number, behind: number): Change =>
  (view) => ({
    ...view,
    history: fresh([{ timeline, lsn: at(behind), reason: '', at: null, newLeader: 'patroni1' }], NOW_MS, 'history'),
  });

const texts = (changes: readonly Change[], code: 'split-brain-suspected' | 'split-brain-confirmed', subject: string) =>
  findingOf(assessmentOf(viewOf(...changes)), code, subject)?.evidence.map((item) => `${item.channel}: ${item.text}`);

/** The leader is on timeline 7; the rogue stayed on 6, or went on to 8. */
const behind = [isPrimary('patroni3', ['api', 'sql'], 6), history(6, 3 * MB)];
const ahead = isPrimary('patroni3');

describe('what is told of two primaries', () => {
  it('is where each stands by each of its own channels, and where the rogue was left behind', () => {
    expect(texts(behind, 'split-brain-confirmed', 'patroni3')).toEqual([
      `api: patroni1 is primary by its own API, on timeline 7 at ${lsn(0)}`,
      `sql: patroni1 is primary by its SQL, on timeline 7 at ${lsn(0)}`,
      `api: patroni3 is primary by its own API, on timeline 6 at ${lsn(0)}`,
      `sql: patroni3 is primary by its SQL, on timeline 6 at ${lsn(0)}`,
      `dcs: patroni1 holds the leader key; patroni1 left timeline 6 at ${lsn(3 * MB)}, and patroni3 holds 3 MiB past it`,
    ]);
  });

  it('is in figures too, for the suspicion as for the proof', () => {
    const facts = {
      rogue: 'patroni3',
      positions: `patroni1 on timeline 7 at ${lsn(0)}, patroni3 on timeline 6 at ${lsn(0)}`,
      fork: `6 at ${lsn(3 * MB)}`,
      ownBytes: 3 * MB,
    };
    const assessment = assessmentOf(viewOf(...behind));
    expect(findingOf(assessment, 'split-brain-suspected', SCOPE)?.facts).toEqual(facts);
    expect(findingOf(assessment, 'split-brain-confirmed', 'patroni3')?.facts).toEqual(facts);
  });

  it.each<[string, readonly Change[], string, number | null]>([
    [
      'the rogue went on to a timeline of its own, and /history knows from where',
      [ahead, history(7, 2 * MB)],
      `patroni3 left timeline 7 at ${lsn(2 * MB)}, and patroni3 holds 2 MiB past it`,
      2 * MB,
    ],
    ['/history does not know', [ahead], '/history does not tell where patroni3 left timeline 7', null],
    [
      'both are on the same number',
      [isPrimary('patroni3', ['api', 'sql'], 7)],
      'patroni3 is on timeline 7 as well: no history tells where they part, and pg_rewind cannot',
      null,
    ],
    [
      'the rogue says no position',
      [isPrimary('patroni3', ['sql']), silent('patroni3', 'api'), sql('patroni3', { currentLsn: null })],
      'where patroni3 left the history of the leader is unknown',
      null,
    ],
    [
      'nobody holds the key',
      [ahead, leaderKey(null)],
      'where patroni1 left the history of the leader is unknown; where patroni3 left the history of the leader is unknown',
      null,
    ],
  ])('where the histories part when %s', (_name, changes, text, ownBytes) => {
    const finding = findingOf(assessmentOf(viewOf(...changes)), 'split-brain-suspected', SCOPE);
    expect(finding?.evidence.at(-1)?.text.replace(/^.*? holds? the leader key; /, '')).toBe(text);
    expect(finding?.facts['ownBytes']).toBe(ownBytes);
  });

  it('says unknown where a channel does not tell', () => {
    const changes = [ahead, api('patroni3', { timeline: null })];
    expect(texts(changes, 'split-brain-suspected', SCOPE)).toContain(
      `api: patroni3 is primary by its own API, on timeline unknown at ${lsn(0)}`,
    );
  });

  it('adds no channel that did not speak: without etcd two primaries are told of by their own word alone', () => {
    const finding = findingOf(assessmentOf(viewOf(...behind, noEtcd)), 'split-brain-suspected', SCOPE);
    expect(finding?.channels).toEqual(['api', 'sql']);
    expect(finding?.facts['positions']).toContain('patroni3 on timeline 6');
  });
});
