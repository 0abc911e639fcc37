import { describe, expect, it } from 'vitest';
import { STAGED_NAMES } from '../../../src/model/staged.js';
import { STAGED } from '../../../src/procedures/index.js';
import { doneByHand, goesOn, playsThrough } from '../../support/staged/case.js';
import { STAGED_CASES } from '../../support/staged/cases.js';

const ALL = STAGED_NAMES.flatMap((name) => STAGED_CASES[name].map((of) => ({ name, of, title: of.title })));

describe('each procedure', () => {
  it.each(STAGED_NAMES)('%s has a case, and bears its own name', (name) => {
    expect(STAGED_CASES[name].length).toBeGreaterThan(0);
    expect(STAGED[name].name).toBe(name);
  });

  it.each(ALL)('$name ($title): after each stage what is left is the tail of what was agreed', ({ name, of }) => {
    expect(playsThrough(STAGED[name], of).length).toBeGreaterThan(0);
  });

  it.each(ALL)(
    '$name ($title): ended after any stage it says how to go on, and that is not refused',
    ({ name, of }) => {
      goesOn(STAGED[name], of);
    },
  );

  it.each(ALL.flatMap((row) => (row.of.byHand ?? []).map((key) => ({ ...row, key }))))(
    '$name ($title): $key done by hand is left out, and all else stays',
    ({ name, of, key }) => {
      doneByHand(STAGED[name], of, key);
    },
  );
});
