import { expect, it } from 'vitest';
import { asideSinceMs, asideSuffix, isAsideName, isAsideSuffix } from '../../../src/model/aside.js';

const AT = Date.UTC(2026, 10, 26, 21, 16, 30);

it('a directory that is moved aside bears the time in its name, and tells it again', () => {
  const suffix = asideSuffix(AT + 412);
  expect(suffix).toBe('ekimi-20261126T211630Z');
  expect(isAsideSuffix(suffix)).toBe(true);
  expect(isAsideName(`data.${suffix}`)).toBe(true);
  expect(asideSinceMs(`data.${suffix}`)).toBe(AT);
});

it.each(['data.failed', 'data.ekimi-1', 'data'])('%s tells no time', (name) => {
  expect(asideSinceMs(name)).toBeNull();
});

it.each(['', 'old-1', 'ekimi-', 'ekimi-../x', 'ekimi-a b', 'ekimi-$(x)', '-r'])('%j is no suffix', (text) => {
  expect(isAsideSuffix(text)).toBe(false);
});

it.each(['', '.ekimi-1', 'data', 'data.failed', '../data.ekimi-1', 'a/data.ekimi-1', 'data.ekimi-1\nx', ' .ekimi-1'])(
  '%j is no name of what lies aside',
  (text) => {
    expect(isAsideName(text)).toBe(false);
  },
);
