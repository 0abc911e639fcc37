import { describe, expect, it } from 'vitest';
import { askOf } from '../../../src/decide/proposals.js';
import { misfitOf } from '../../../src/model/procedure-run.js';
import { commandsFor, STAGED_NAMES, STAGED_ROWS } from '../../../src/model/staged.js';

const CALLS = STAGED_NAMES.flatMap((name) => (STAGED_ROWS[name].for ?? []).map((row) => ({ name, ...row })));

describe('what a problem calls for', () => {
  it.each(CALLS)(
    '$code: $name is asked for as it takes it, and named as a person types it',
    ({ name, code, member }) => {
      const problem = { code, subject: 'patroni2' };
      expect(misfitOf(askOf(name, problem))).toBeNull();
      expect(askOf(name, problem).member).toBe(member ? 'patroni2' : null);
      expect(commandsFor(problem)).toContain(
        `ekimi run-procedure ${name}${member ? ' patroni2' : ''} --plan (then --reason TEXT)`,
      );
    },
  );

  it('is to add it, where a member that is down never answered: whether it is new a person knows', () => {
    const down = { code: 'member-down', subject: 'patroni4' } as const;
    expect(commandsFor({ ...down, facts: { neverHeard: true } })).toEqual([
      'ekimi run-procedure add-replica patroni4 --plan (where it is a new one; then --reason TEXT)',
    ]);
    expect(commandsFor({ ...down, facts: {} })).toEqual([]);
    expect(CALLS.filter(({ code }) => code === 'member-down')).toEqual([]);
  });

  it('is nothing for most', () => {
    expect(commandsFor({ code: 'leader-down', subject: 'patroni1' })).toEqual([]);
  });
});
