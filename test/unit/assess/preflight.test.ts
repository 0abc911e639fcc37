import { describe, expect, it } from 'vitest';
import { preflightText } from '../../../src/assess/preflight.js';
import { api, assessmentOf, at, MB, NO_TAGS, silent, sql, viewOf, type Change } from '../../support/view.js';

const move = { leader: 'patroni1', candidate: 'patroni2' };
const told = (...changes: readonly Change[]): string | null => preflightText(assessmentOf(viewOf(...changes)), move);
const NO_SESSIONS = { database: 'mail', total: 3, active: 0, idle: 3, idleInTransaction: 0 };
const sessions = (part: Partial<typeof NO_SESSIONS>): Change =>
  sql('patroni1', { connections: { max: 100, total: 3, byDatabase: [{ ...NO_SESSIONS, ...part }] } });
const calm = sessions({});

describe('before leadership is handed over', () => {
  it('nothing is told of a cluster in which nothing waits', () => {
    expect(told(calm)).toBeNull();
  });

  it.each<[string, Change, string]>([
    ['statements under way', sessions({ active: 2 }), 'sessions of patroni1 are cut: 2 statements under way'],
    ['open transactions', sessions({ idleInTransaction: 1 }), '1 idle in a transaction are rolled back'],
    ['a base backup', sql('patroni1', { baseBackups: 1 }), '1 base backup from patroni1 would break off'],
    [
      'an archiver that is behind',
      sql('patroni1', {
        currentLsn: at(-200 * MB),
        archiver: { failedAgoMs: null, failedWal: null, archivedAgoMs: 1, archivedWal: '000000080000000000000001' },
      }),
      'patroni1 stops once its archiver has caught up',
    ],
    [
      'a slow receiver',
      sql('patroni1', {
        replicas: [
          {
            applicationName: 'patroni3',
            state: 'streaming',
            syncState: 'async',
            sentLsn: null,
            replayLsn: null,
            lagBytes: 64 * MB,
          },
        ],
      }),
      'patroni1 stops once all its WAL is with patroni3 (64 MiB behind)',
    ],
    [
      'a cascade',
      api('patroni3', { tags: { ...NO_TAGS, raw: { replicatefrom: 'patroni4' } } }),
      'patroni3 follows patroni4 (replicatefrom), not patroni2',
    ],
    [
      'one that does not stream on purpose',
      api('patroni3', { tags: { ...NO_TAGS, raw: { nostream: true } } }),
      'patroni3 does not stream from patroni2 afterwards',
    ],
    ['another timeline', sql('patroni3', { timeline: 6 }), 'patroni3 is on timeline 6'],
    ['silence', silent('patroni3', 'api'), 'patroni3 does not answer: it is not known whether it follows patroni2'],
  ])('%s is told', (_, change, text) => {
    expect(told(calm, change)).toContain(text);
  });

  it('nothing is told of a leader that does not answer: that is refused', () => {
    expect(told(silent('patroni1', 'sql'), calm)).toBeNull();
  });
});
