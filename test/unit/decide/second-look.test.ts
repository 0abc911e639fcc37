import { describe, expect, it } from 'vitest';
import { decideProcedure } from '../../../src/decide/procedures.js';
import { haltAt } from '../../../src/decide/second-look.js';
import type { Plan } from '../../../src/model/plan.js';
import { testPolicy } from '../../support/policy.js';
import { api, at, inputOf, MB, sql, viewOf, type Change } from '../../support/view.js';

const ASKED = {
  name: 'switchover',
  target: null,
  candidate: null,
  leader: 'patroni1',
  scheduledAt: null,
  acceptLoss: null,
  reason: 'new kernel',
  dryRun: false,
  by: 'dba',
} as const;
const policy = testPolicy({}, { switchover: { mode: 'approve' } });
const look = (...changes: readonly Change[]) => inputOf([], { view: viewOf(...changes), policy });
/** Behind the leader by so many bytes, by every channel that tells. */
const behind =
  (name: string, bytes: number): Change =>
  (view) =>
    api(name, { xlog: null })(sql(name, { receiveLsn: at(bytes), replayLsn: at(bytes) })(view));

function planned(...changes: readonly Change[]): Plan {
  const decision = decideProcedure(look(...changes), ASKED);
  if (decision.kind !== 'act') throw new Error(JSON.stringify(decision));
  return decision.plan;
}

describe('a switchover for which a person named no candidate', () => {
  const plan = planned(behind('patroni3', 100));

  it('goes to whom was chosen, though another one is a little further in the look before the request', () => {
    expect(plan.params['candidate']).toBe('patroni2');
    expect(planned(behind('patroni2', 100)).params['candidate']).toBe('patroni3');
    expect(haltAt(look(behind('patroni2', 100)), plan, ASKED)).toBeNull();
  });

  it('is not sent where that one is not fit any more', () => {
    expect(haltAt(look(behind('patroni2', 2_000 * MB)), plan, ASKED)?.why).toContain('the situation changed');
  });
});
