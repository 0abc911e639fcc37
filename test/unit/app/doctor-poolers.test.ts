import { describe, expect, it } from 'vitest';
import { poolerRows } from '../../../src/app/doctor-poolers.js';
import { unknown } from '../../../src/model/reading.js';
import { pausedPooler, pooler } from '../../support/pooler-situations.js';
import { NOW_MS, viewOf, type Change } from '../../support/view.js';

const rows = (...changes: readonly Change[]) =>
  poolerRows(viewOf(...changes)).map(({ check, verdict, detail }) => `${check} ${verdict}: ${detail}`);

describe('what the doctor says of a pooler', () => {
  it('which version answers, and which databases would be held', () => {
    expect(rows(pooler())).toEqual(['pooler bouncer ok: PgBouncer 1.18.0 answers; held would be: app']);
  });

  it('that it is paused, that it has no such database, that it refuses our login', () => {
    expect(rows(pausedPooler)).toEqual(['pooler bouncer warn: PgBouncer 1.18.0 is paused (app)']);
    expect(rows(pooler({}, { databases: [] }))).toEqual([
      'pooler bouncer warn: PgBouncer 1.18.0 has no database of poolers.bouncer.databases',
    ]);
    const refused = unknown('denied', 'console of bouncer: refuses our login', NOW_MS, 'console of bouncer');
    expect(rows((view) => ({ ...view, poolers: [{ name: 'bouncer', seen: refused }] }))).toEqual([
      'pooler bouncer warn: console of bouncer: refuses our login',
    ]);
  });

  it('nothing where none is configured', () => {
    expect(rows()).toEqual([]);
  });
});
