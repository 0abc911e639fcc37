import { describe, expect, it } from 'vitest';
import { patchOf } from '../../../src/model/config-patch.js';
import type { ConfigDocument } from '../../../src/model/plan.js';
import type { SettingRow } from '../../../src/model/sql.js';
import { changesOf, whyNotTaken } from '../../../src/procedures/config-rules.js';

const row = (part: Partial<SettingRow>): SettingRow => ({
  setting: '200',
  unit: null,
  type: 'integer',
  context: 'postmaster',
  min: '1',
  max: '262143',
  values: null,
  ...part,
});

const SETTINGS = {
  max_connections: row({}),
  wal_level: row({ setting: 'replica', type: 'enum', values: ['minimal', 'replica', 'logical'], min: null, max: null }),
};

const asked = (parameters: Readonly<Record<string, string>>, document: ConfigDocument = {}): string | null => {
  const changes = changesOf(parameters);
  const patch = patchOf(changes.map(({ name, value }) => [name, value] as const));
  return whyNotTaken(changes, { document, patch, settings: SETTINGS });
};

describe('the name of a parameter', () => {
  it('is written in lower case, however it is typed', () => {
    expect(changesOf({ 'postgresql.parameters.Max_Connections': '300' })).toEqual([
      { name: 'postgresql.parameters.max_connections', value: 300 },
    ]);
    expect(asked({ 'postgresql.parameters.Max_Connections': '300' })).toBeNull();
  });

  it('is not written beside the same one in another case, nor twice', () => {
    const document = { postgresql: { parameters: { Max_Connections: 200 } } };
    expect(asked({ 'postgresql.parameters.max_connections': '300' }, document)).toContain('the name Max_Connections');
    expect(
      asked({ 'postgresql.parameters.max_connections': '300', 'postgresql.parameters.MAX_CONNECTIONS': '400' }),
    ).toContain('is named twice');
  });
});

describe('wal_level', () => {
  it.each([
    ['minimal', false],
    ['"Minimal"', false],
    ['logical', true],
  ])('%s is taken: %s', (value, isTaken) => {
    const why = asked({ 'postgresql.parameters.wal_level': value });
    expect(why === null, why ?? '').toBe(isTaken);
  });
});
