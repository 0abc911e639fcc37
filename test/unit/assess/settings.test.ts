import { describe, expect, it } from 'vitest';
import { isInForce, whyNotValue } from '../../../src/assess/settings.js';
import type { SettingRow } from '../../../src/model/sql.js';

const row = (part: Partial<SettingRow>): SettingRow => ({
  setting: '',
  unit: null,
  type: 'integer',
  context: 'user',
  min: null,
  max: null,
  values: null,
  ...part,
});

describe('a value of a parameter, as PostgreSQL reads it', () => {
  it.each([
    [row({ setting: '16384', unit: '8kB' }), '128MB', true],
    [row({ setting: '16384', unit: '8kB' }), 16384, true],
    [row({ setting: '4096', unit: 'kB' }), '8MB', false],
    [row({ setting: '300', unit: 's' }), '5min', true],
    [row({ setting: '60000', unit: 'ms' }), '1min', true],
    [row({ setting: '0.9', type: 'real' }), 0.9, true],
    [row({ setting: 'on', type: 'bool' }), true, true],
    [row({ setting: 'off', type: 'bool' }), 'no', true],
    [row({ setting: 'on', type: 'bool' }), 'off', false],
    [row({ setting: 'all', type: 'enum', values: ['all'] }), 'ALL', true],
    [row({ setting: 'a, b', type: 'string' }), 'a', false],
  ] as const)('%j is %j: %s', (setting, value, expected) => {
    expect(isInForce(setting, value)).toBe(expected);
  });

  it.each([
    [row({ min: '1', max: '10' }), '11', 'at most 10'],
    [row({ min: '1', max: '10' }), 0, 'at least 1'],
    [row({ unit: 'kB' }), '5min', 'takes a number with a unit such as kB'],
    [row({}), '5kB', 'takes a number'],
    [row({}), '', 'takes a number'],
    [row({ type: 'bool' }), 2, 'on or off'],
    [row({ type: 'enum', values: ['a', 'b'] }), 'c', 'takes a, b'],
    [row({ type: 'string' }), 'two\nlines', 'one line'],
    [row({ type: 'string' }), [1], 'one value'],
  ] as const)('%j does not take %j: %s', (setting, value, why) => {
    expect(whyNotValue('it', setting, value)).toContain(why);
  });

  it.each([
    [row({ type: 'enum', values: ['on', 'off', 'remote_apply'] }), 'true'],
    [row({ min: '1', max: '1000', unit: 'MB' }), '1GB'],
  ] as const)('%j takes %j', (setting, value) => {
    if (value === '1GB') expect(whyNotValue('it', setting, value)).toContain('at most');
    else expect(whyNotValue('it', setting, value)).toBeNull();
  });
});
