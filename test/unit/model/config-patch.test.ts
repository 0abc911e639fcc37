import { describe, expect, it } from 'vitest';
import { holds, isSameValue, patched, patchOf, shownDocument, valueAt } from '../../../src/model/config-patch.js';

const DOCUMENT = { ttl: 30, postgresql: { use_slots: true, parameters: { max_connections: 100 } } };

describe('a patch of the dynamic configuration', () => {
  it('is merged section by section; null removes, and what it does not name stays', () => {
    const patch = patchOf([
      ['ttl', 20],
      ['postgresql.parameters.work_mem', '8MB'],
      ['postgresql.parameters.max_connections', null],
    ]);
    const after = patched(DOCUMENT, patch);
    expect(after).toEqual({ ttl: 20, postgresql: { use_slots: true, parameters: { work_mem: '8MB' } } });
    expect(holds(after, patch)).toBe(true);
    expect(holds(DOCUMENT, patch)).toBe(false);
    expect(valueAt(after, 'postgresql.parameters.work_mem')).toBe('8MB');
    expect(valueAt(after, 'postgresql.nothing.there')).toBeUndefined();
  });

  it("of an extension's parameter is one key with a dot in it, set and removed where the document has it", () => {
    const name = 'postgresql.parameters.pg_stat_statements.max';
    const before = { postgresql: { parameters: { 'pg_stat_statements.max': 5000 } } };
    const patch = patchOf([[name, 10_000]]);
    expect(valueAt(before, name)).toBe(5000);
    expect(patched(before, patch)).toEqual({ postgresql: { parameters: { 'pg_stat_statements.max': 10_000 } } });
    expect(holds(before, patch)).toBe(false);
    expect(patched(before, patchOf([[name, null]]))).toEqual({ postgresql: { parameters: {} } });
  });

  it('takes a section over a value, and no prototype for a section', () => {
    expect(patched({ a: 1 }, { a: { b: 2 } })).toEqual({ a: { b: 2 } });
    expect(valueAt({}, 'constructor.name')).toBeUndefined();
  });

  it('compares as Patroni does: by text', () => {
    expect(isSameValue(300, '300')).toBe(true);
    expect(isSameValue(undefined, null)).toBe(true);
    expect(isSameValue(300, 301)).toBe(false);
    expect(isSameValue(undefined, 0)).toBe(false);
  });

  it('is shown without what may be a secret', () => {
    const secret = { postgresql: { parameters: { archive_command: 'curl -u me:pw', work_mem: '8MB' } } };
    expect(JSON.stringify(shownDocument(secret))).not.toContain('me:pw');
    expect(shownDocument(secret)).toMatchObject({ postgresql: { parameters: { work_mem: '8MB' } } });
  });
});
