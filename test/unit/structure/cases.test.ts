import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CASES, casesIn } from '../../../src/docs/cases.js';
import { namedTests } from '../../../src/docs/named-tests.js';

const tests = namedTests(fileURLToPath(new URL('../../../', import.meta.url)));
const held = new Set(tests.flatMap(({ name }) => casesIn(name)));

describe('the page of cases', () => {
  it.each(Object.keys(CASES))('%s is held by a test that bears its name', (id) => {
    expect(held.has(id)).toBe(true);
  });

  it('knows every case that a test names', () => {
    expect([...held].filter((id) => !(id in CASES)).sort()).toEqual([]);
  });
});
