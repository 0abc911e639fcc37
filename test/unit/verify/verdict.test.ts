import { describe, expect, it } from 'vitest';
import { stepsOf, verdictOf } from '../../../src/verify/verdict.js';
import type { Remediation } from '../../../src/model/ledger.js';
import type { Plan } from '../../../src/model/plan.js';
import { testPolicy } from '../../support/policy.js';
import {
  assessmentOf,
  host,
  isPrimary,
  leaderKey,
  member,
  notStreaming,
  NOW_MS,
  planOf,
  proxyDrain,
  remediationOf,
  silent,
  viewOf,
  type Change,
} from '../../support/view.js';
import { fresh } from '../../../src/model/reading.js';

const policy = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: false } });
const DEADLINE_MS = NOW_MS + 10_000;

const underWay = (stepIndex: number, part: Partial<Remediation> = {}): Remediation =>
  remediationOf('drain-replica', 'patroni3', {
    phase: 'verifying',
    endedAtMs: null,
    deadlineMs: DEADLINE_MS,
    stepIndex,
    steps: 3,
    ...part,
  });

const judged = (remediation: Remediation, nowMs: number, ...changes: readonly Change[]) =>
  verdictOf(assessmentOf(viewOf(...changes), { policy }), remediation, nowMs);

const tagInFile = member('patroni3', () => ({ fileTag: fresh(true, NOW_MS, 'tags') }));

describe('a verdict', () => {
  it.each<[string, Remediation, number, readonly Change[], string]>([
    [
      'on a first step whose effect is seen asks for the next',
      underWay(0),
      NOW_MS,
      [proxyDrain('patroni3')],
      'step-met',
    ],
    ['on a step without effect so far is to wait', underWay(0), NOW_MS, [], 'pending'],
    ['on a step without effect at its deadline is that it did not help', underWay(0), DEADLINE_MS, [], 'expired'],
    [
      'on an effect that is seen after the deadline is still that it is there',
      underWay(0),
      DEADLINE_MS + 1,
      [proxyDrain('patroni3')],
      'step-met',
    ],
    ['on a middle step looks at that step only', underWay(1), NOW_MS, [tagInFile], 'step-met'],
    [
      'on what was never answered is the same as on what was',
      underWay(0, { phase: 'unknown' }),
      NOW_MS,
      [proxyDrain('patroni3')],
      'step-met',
    ],
    ['[A10] on a step that is no longer there is that it is not seen', underWay(3), NOW_MS, [], 'pending'],
  ])('%s', (_name, remediation, nowMs, changes, kind) => {
    expect(judged(remediation, nowMs, ...changes).kind).toBe(kind);
  });

  it('on the last step is the end', () => {
    const rebuild = { ...underWay(0), plan: planOf('reinitialize-replica', 'patroni3'), steps: 1 };
    expect(judged(rebuild, NOW_MS)).toEqual({ kind: 'met', text: 'patroni3 runs and streams' });
    expect(judged(rebuild, NOW_MS, notStreaming('patroni3'))).toEqual({
      kind: 'pending',
      text: 'patroni3 runs but does not stream yet',
    });
  });

  it('on what can no longer come true does not wait for the deadline', () => {
    const failover = { ...underWay(0), plan: planOf('failover', 'patroni3', { candidate: 'patroni3' }), steps: 1 };
    expect(judged(failover, NOW_MS, leaderKey('patroni2'), isPrimary('patroni2'))).toEqual({
      kind: 'expired',
      text: 'patroni2 leads instead',
    });
  });

  it('goes on from a step that only helps when its time is over', () => {
    const fence = {
      ...underWay(0),
      plan: planOf('fence-member', 'patroni1', { id: 'patroni1-1', proxied: true }, 'leader-frozen'),
    };
    expect(judged(fence, NOW_MS).kind).toBe('pending');
    expect(judged(fence, DEADLINE_MS).kind).toBe('step-met');
    expect(judged({ ...fence, stepIndex: 2 }, DEADLINE_MS).kind).toBe('expired');
  });
});

describe('a stop whose answer was lost', () => {
  const startedAtMs = NOW_MS - 3_600_000;
  const sent = (part: Partial<Remediation> = {}, params: Plan['params'] = {}): Remediation => ({
    ...underWay(2, { phase: 'unknown', sentAtMs: NOW_MS - 6_000, ...part }),
    plan: planOf('fence-member', 'patroni1', { id: 'patroni1-1', startedAtMs, proxied: true, ...params }),
  });

  it('is due once more when the same run of the container goes on: it never arrived', () => {
    expect(judged(sent(), NOW_MS)).toEqual({
      kind: 'undone',
      text: 'patroni1 still runs since before the request, which never arrived',
    });
  });

  it.each<[string, Remediation, readonly Change[]]>([
    ['it was answered', sent({ phase: 'verifying' }), []],
    ['it may still be on its way', sent({ sentAtMs: NOW_MS - 4_000 }), []],
    ['a clean stop may still be under way', sent({ sentAtMs: NOW_MS - 12_000 }, { hears: true }), []],
    ['it was sent twice already', sent({ sentAgain: true }), []],
    ['the container was started again', sent(), [host('patroni1', { startedAtMs: NOW_MS - 1_000 })]],
    ['another container bears the name', sent(), [host('patroni1', { id: 'patroni1-2' })]],
    ['the host driver is silent', sent(), [silent('patroni1', 'host')]],
    [
      'the host driver knows no start times',
      sent({}, { startedAtMs: null }),
      [host('patroni1', { startedAtMs: null })],
    ],
  ])('is only watched when %s', (_name, remediation, changes) => {
    expect(judged(remediation, NOW_MS, ...changes).kind).toBe('pending');
  });
});

describe('the steps of a remediation', () => {
  it('are those of its plan under the policy of now', () => {
    expect(stepsOf(assessmentOf(viewOf(), { policy }), underWay(0))).toHaveLength(3);
    expect(stepsOf(assessmentOf(viewOf()), underWay(0))).toHaveLength(1);
  });
});

describe('a switchover that Patroni answered with 503, since its leader is slow to stop', () => {
  const handOver = (status: number | null): Remediation =>
    remediationOf('switchover', 'patroni2', {
      plan: planOf('switchover', 'patroni2', { leader: 'patroni2', candidate: 'patroni1' }),
      phase: 'unknown',
      sentAtMs: NOW_MS - 70_000,
      deadlineMs: NOW_MS + 10_000,
      endedAtMs: null,
      lastReply: { effect: 'maybe', status, text: 'Switchover status unknown', tookMs: 20_000 },
    });
  const verdict = (status: number | null) => {
    const input = assessmentOf(viewOf(), { policy });
    const leadership = { ...input.memory.leadership, strangers: [], heldMs: { patroni2: NOW_MS - 5_000 } };
    const memory = { ...input.memory, leadership } as typeof input.memory;
    return verdictOf({ ...input, memory }, handOver(status), NOW_MS);
  };

  it('is our doing although the old leader kept its key for a minute: a second one would be asked for in vain', () => {
    expect(verdict(503).kind).toBe('met');
    expect(verdict(503).text).not.toContain('no answer came');
  });

  it('and one without any answer is not', () => {
    expect(verdict(null)).toMatchObject({ kind: 'expired', ending: 'not-ours' });
  });
});
