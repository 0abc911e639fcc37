import { describe, expect, it } from 'vitest';
import { decideProcedure } from '../../../src/decide/procedures.js';
import { momentOf } from '../../../src/decide/moment.js';
import { PROCEDURES } from '../../../src/actions/asked.js';
import { ACTIONS } from '../../../src/actions/index.js';
import { CATALOGUE } from '../../../src/assess/catalogue.js';
import { PROCEDURE_NAMES, type ProcedureRequest } from '../../../src/model/procedure.js';
import { fingerprint } from '../../../src/model/plan.js';
import { requestOf } from '../../support/asking.js';
import { testPolicy } from '../../support/policy.js';
import { inputOf, keys, NOW_MS, startFailed, viewOf, type Change } from '../../support/view.js';

const approve = { mode: 'approve' as const };
const POLICY = testPolicy(
  {},
  { switchover: approve, 'cancel-switchover': approve, failover: approve, 'fence-member': approve },
);
const decided = (asked: Partial<ProcedureRequest> & Pick<ProcedureRequest, 'name'>, ...changes: readonly Change[]) =>
  decideProcedure(inputOf([], { view: viewOf(...changes), policy: POLICY }), requestOf(asked));

describe('what makes no sense as it is written', () => {
  const cases: readonly [what: string, asked: Parameters<typeof decided>[0], text: RegExp][] = [
    ['no member', { name: 'restart-member' }, /^restart-member needs a member to work on$/],
    ['no candidate', { name: 'failover' }, /^failover needs a candidate/],
    ['a time for what has none', { name: 'failover', candidate: 'patroni2', scheduledAt: 'x' }, /does not take a time/],
    ['a loss where none is possible', { name: 'switchover', acceptLoss: 5 }, /does not take a loss/],
    ['a member for a switchover', { name: 'switchover', target: 'patroni2' }, /does not take a member/],
    [
      'a strange member',
      { name: 'restart-member', target: 'p9' },
      /^p9 is not a member of email-cluster; its members: p/,
    ],
    ['a strange candidate', { name: 'switchover', candidate: 'p9' }, /^p9 is not a member/],
    ['a strange leader', { name: 'switchover', leader: 'p9' }, /^p9 is not a member/],
    [
      'a time that is none',
      { name: 'switchover', scheduledAt: 'tonight' },
      /^"tonight" is not a time: write it like 2026-/,
    ],
  ];
  it.each(cases)('%s is refused before any gate is asked', (_what, asked, text) => {
    const decision = decided(asked);
    expect(decision).toMatchObject({ kind: 'refused', status: 400 });
    expect(decision.kind === 'refused' ? decision.text : '').toMatch(text);
  });
});

describe('a moment', () => {
  const at = (ms: number): string => new Date(NOW_MS + ms).toISOString();

  it.each([
    ['in UTC', at(60_000), NOW_MS + 60_000],
    ['with an offset', '2026-01-15T05:30:00+02:00', NOW_MS + 90 * 60_000],
    ['with an offset without a colon, and a blank', '2026-01-15 05:30:00+0200', NOW_MS + 90 * 60_000],
    ['without seconds', '2026-01-15T03:30Z', NOW_MS + 90 * 60_000],
  ])('%s is understood', (_what, text, ms) => {
    expect(momentOf(text, NOW_MS)).toBe(ms);
  });

  it.each([
    ['without an offset', '2026-01-15T03:30:00', /no offset.*write 2026-01-15T03:30:00Z for UTC/],
    ['that is past', at(-1), /is past: it is 2026-01-15T02:00:00Z$/],
    ['that is now', at(0), /is past/],
    ['that is about to be', at(14_999), /less than 15 s away: leave the time out/],
    ['that is a slip of the pen', '2062-01-15T03:30:00Z', /more than 31 days away/],
    ['of no calendar', '2026-02-31T25:30:00Z', /no day of the calendar/],
    ['in words', 'tomorrow 3 am', /is not a time/],
    ['as a date alone', '2026-01-16', /is not a time/],
  ])('%s is refused with what to write', (_what, text, words) => {
    expect(momentOf(text, NOW_MS)).toMatch(words);
  });
});

describe('a person', () => {
  it('in whose eyes another member leads is told who does', () => {
    expect(decided({ name: 'switchover', leader: 'patroni2' })).toEqual({
      kind: 'refused',
      status: 409,
      conflict: 'other-leader',
      text: 'patroni1 leads now, not patroni2: look again, and ask for it anew',
    });
  });

  it('who names the leader as candidate is told whom to name', () => {
    expect(decided({ name: 'switchover', candidate: 'patroni1' })).toMatchObject({
      status: 409,
      text: 'patroni1 leads already: name one of patroni2, patroni3',
    });
  });

  it('starts an action in mode approve without another word, under their own name', () => {
    const decision = decided({ name: 'switchover', candidate: 'patroni3' });
    expect(decision).toMatchObject({
      kind: 'act',
      why: 'dba asked for it: kernel update',
      plan: {
        target: 'patroni1',
        because: { code: 'operator', subject: 'patroni1', by: 'dba', reason: 'kernel update' },
        params: { leader: 'patroni1', candidate: 'patroni3', scheduledAt: null },
      },
    });
  });

  it('does not start the same plan as the ladder: what one was allowed the other is not', () => {
    const decision = decided({ name: 'restart-member', target: 'patroni3' });
    const plan = decision.kind === 'refused' ? null : decision.plan;
    expect(plan).not.toBeNull();
    expect(plan === null ? '' : fingerprint(plan)).not.toBe(
      plan === null ? '' : fingerprint({ ...plan, because: { code: 'replica-not-streaming', subject: 'patroni3' } }),
    );
  });

  it('may not fence a leader, nor a replica', () => {
    for (const target of ['patroni1', 'patroni3']) {
      const decision = decided({ name: 'fence-member', target });
      expect(decision.kind === 'held' ? decision.blocks.map((block) => block.gate) : []).toContain('refusal');
    }
  });

  it('may not take back a switchover that is under way', () => {
    const underWay = keys({ failover: { leader: 'patroni1', member: 'patroni2', scheduledAt: null } });
    expect(decided({ name: 'cancel-switchover' }, underWay)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('only a scheduled one can be taken back'),
    });
  });
});

describe('a loss', () => {
  const gates = (acceptLoss: ProcedureRequest['acceptLoss']) => {
    const broken = startFailed('patroni3');
    const view = viewOf(broken);
    const states = { ...inputOf([], { view }).states };
    const unknown = { ...states, memory: { ...states.memory, positions: {} } };
    const decision = decideProcedure(
      inputOf([], { view, states: unknown, policy: POLICY }),
      requestOf({ name: 'reinitialize-replica', target: 'patroni3', acceptLoss }),
    );
    return decision.kind === 'held' ? decision.blocks : [];
  };

  it('that nobody can count holds a rebuild, whatever number of bytes is accepted', () => {
    for (const accepted of [null, 0, 1e15])
      expect(gates(accepted)).toEqual([
        expect.objectContaining({
          gate: 'data-loss',
          because: 'no position of patroni3 is known',
          unblock: 'start it again with --accept-loss any, after looking at what it holds',
        }),
      ]);
  });

  it('of any size is accepted as such', () => {
    expect(gates('any')).toEqual([]);
  });
});

describe('taking a scheduled switchover back', () => {
  const scheduled = keys({
    failover: { leader: 'patroni1', member: 'patroni2', scheduledAt: '2026-01-15T03:00:00+00:00' },
  });

  it('is not held by that very switchover, which holds everything else', () => {
    expect(decided({ name: 'cancel-switchover' }, scheduled).kind).toBe('act');
    const other = decided({ name: 'switchover', candidate: 'patroni3' }, scheduled);
    expect(other.kind === 'held' ? other.blocks.map((block) => block.gate) : []).toEqual(['someone-else']);
  });
});

describe('the table of procedures', () => {
  it('has what the model names, each an action of the registry', () => {
    expect(Object.keys(PROCEDURES)).toEqual([...PROCEDURE_NAMES]);
    for (const name of PROCEDURE_NAMES) expect(ACTIONS[name].name).toBe(name);
  });

  it('has two that no problem ever starts', () => {
    const rungs = CATALOGUE.flatMap((row) => row.ladder.map((rung) => rung.action));
    expect(rungs).not.toContain('switchover');
    expect(rungs).not.toContain('cancel-switchover');
  });
});
