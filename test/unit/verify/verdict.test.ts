import { describe, expect, it } from 'vitest';
import { stepsOf, verdictOf } from '../../../src/verify/verdict.js';
import type { Remediation } from '../../../src/model/ledger.js';
import type { DcsKeys } from '../../../src/model/dcs.js';
import type { Plan } from '../../../src/model/plan.js';
import { testPolicy } from '../../support/policy.js';
import {
  assessmentOf,
  host,
  isPrimary,
  keys,
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
import type { PatroniStatus } from '../../../src/model/patroni.js';
import { fresh, freshValue } from '../../../src/model/reading.js';

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

describe('a restart whose stop takes minutes, and whose answer was lost', () => {
  const SENT_MS = NOW_MS - 200_000;
  const restart = (part: Partial<Remediation> = {}): Remediation =>
    remediationOf('restart-member', 'patroni3', {
      plan: planOf('restart-member', 'patroni3', { via: 'patroni' }),
      phase: 'unknown',
      sentAtMs: SENT_MS,
      deadlineMs: NOW_MS - 20_000,
      endedAtMs: null,
      ...part,
    });
  const judgedWith = (
    stop: { fromMs: number; toMs: number | null } | null,
    change: Partial<PatroniStatus>,
    part: Partial<Remediation> = {},
    others: readonly Remediation[] = [],
  ) => {
    const view = viewOf(
      member('patroni3', ({ api }) => ({
        api: fresh({ ...(freshValue(api) as PatroniStatus), ...change }, NOW_MS, 'api'),
      })),
    );
    const input = assessmentOf(view, { policy });
    const memory = { ...input.memory, ...(stop && { stops: { patroni3: stop } }) };
    const row = restart(part);
    const ledger = { ...input.ledger, remediations: [row, ...others] };
    return verdictOf({ ...input, memory, ledger }, row, NOW_MS);
  };
  const stopping = { state: 'restarting', stateText: 'restarting' } as const;
  const back = { postmasterStartedAtMs: NOW_MS - 5_000 };
  const stopped = { fromMs: SENT_MS + 2_000, toMs: NOW_MS - 3_000 };

  it('stays open past its deadline while PostgreSQL is seen not to run since then', () => {
    expect(judgedWith({ fromMs: SENT_MS + 2_000, toMs: null }, stopping)).toMatchObject({
      kind: 'pending',
      text: expect.stringMatching(/^patroni3 says restarting; PostgreSQL on patroni3 has not run since/) as string,
    });
  });

  it.each([
    ['start-failed', 'start failed'],
    ['restart-failed', 'restart failed'],
    ['crashed', 'crashed'],
    ['stop-failed', 'stop failed'],
  ] as const)(
    'is judged at its deadline where Patroni says %s: the stop is over, and nothing goes on',
    (state, text) => {
      expect(judgedWith({ fromMs: SENT_MS + 2_000, toMs: null }, { state, stateText: text })).toMatchObject({
        kind: 'expired',
        text: expect.stringContaining(text) as string,
      });
    },
  );

  it('is judged at its deadline where nothing shows that, where it was answered, and after a quarter of an hour', () => {
    const open = { fromMs: SENT_MS + 2_000, toMs: null };
    expect(judgedWith(null, stopping).kind).toBe('expired');
    const row = restart();
    const silentNow = assessmentOf(viewOf(silent('patroni3', 'api')), { policy });
    const memory = { ...silentNow.memory, stops: { patroni3: open } };
    expect(
      verdictOf({ ...silentNow, memory, ledger: { ...silentNow.ledger, remediations: [row] } }, row, NOW_MS).kind,
    ).toBe('expired');
    expect(judgedWith({ fromMs: SENT_MS - 2_000, toMs: null }, stopping).kind).toBe('expired');
    expect(judgedWith({ fromMs: SENT_MS + 61_000, toMs: null }, stopping).kind).toBe('expired');
    expect(judgedWith(open, stopping, { phase: 'verifying' }).kind).toBe('expired');
    const long = NOW_MS - 15 * 60_000;
    expect(judgedWith({ fromMs: long + 1, toMs: null }, stopping, { sentAtMs: long }).kind).toBe('expired');
  });

  it('is our doing when it is up again at the end of that stop, however late', () => {
    expect(judgedWith(stopped, back)).toMatchObject({ kind: 'met' });
  });

  it('is not where it ran meanwhile, or another request of ours came after it', () => {
    expect(judgedWith({ fromMs: NOW_MS - 10_000, toMs: NOW_MS - 3_000 }, back)).toMatchObject({ ending: 'not-ours' });
    expect(judgedWith({ fromMs: SENT_MS + 2_000, toMs: SENT_MS + 9_000 }, back)).toMatchObject({ ending: 'not-ours' });
    const later = remediationOf('restart-member', 'patroni3', { sentAtMs: SENT_MS + 70_000 });
    expect(judgedWith(stopped, back, {}, [later])).toMatchObject({ ending: 'not-ours' });
  });
});

describe('a failover of a leaderless cluster to which no answer came', () => {
  const SENT_MS = NOW_MS - 20_000;
  const asked = (reply: Partial<NonNullable<Remediation['lastReply']>> = {}): Remediation =>
    remediationOf('failover', 'patroni1', {
      plan: planOf('failover', 'patroni1', { candidate: 'patroni1' }),
      phase: 'unknown',
      sentAtMs: SENT_MS,
      deadlineMs: NOW_MS + 10_000,
      endedAtMs: null,
      lastReply: { effect: 'maybe', status: null, text: 'no answer', tookMs: 20_000, ...reply },
    });
  const KEY = { failover: null, failoverRevision: '70' } as const;
  const BEFORE = { wishBefore: '70' } as const;
  const judged = (
    part: Partial<Remediation>,
    key: Partial<DcsKeys> = KEY,
    reply: Parameters<typeof asked>[0] = {},
    isByOurClock = true,
  ) => verdictOf(assessmentOf(viewOf(keys(key)), { policy }), { ...asked(reply), ...part }, NOW_MS, isByOurClock);

  it('did not make its candidate leader where nobody has written a request since, whatever our clocks did meanwhile', () => {
    const never = {
      kind: 'expired',
      text: 'patroni1 leads, not by our request: nobody has written a request into the key failover since before it was sent',
      ending: 'not-ours',
    };
    expect(judged(BEFORE)).toEqual(never);
    expect(judged({ wishBefore: null }, { failover: null, failoverRevision: null })).toEqual(never);
    // The clock was set ahead, or back, or it is another machine's.
    for (const atMs of [SENT_MS + 60_000, NOW_MS + 60_000])
      expect(judged({ ...BEFORE, sentAtMs: atMs })).toEqual(never);
    expect(judged(BEFORE, KEY, {}, false)).toEqual(never);
  });

  it.each<[string, Parameters<typeof judged>]>([
    ['the key was written since', [BEFORE, { failover: null, failoverRevision: '71' }]],
    [
      'the key was written since, and the clock was set ahead',
      [
        { ...BEFORE, sentAtMs: NOW_MS + 60_000 },
        { failover: null, failoverRevision: '71' },
      ],
    ],
    ['there was no such key', [{ wishBefore: null }]],
    ['a request stands in it', [BEFORE, { ...KEY, failover: { leader: null, member: 'patroni1', scheduledAt: null } }]],
    ['the look before it did not tell, or an older version sent it', [{}]],
    ['an older journal does not tell its revision', [BEFORE, { failover: null }]],
    ['it was answered that it goes on', [BEFORE, KEY, { status: 503 }]],
  ])('may have, where %s', (_when, args) => {
    expect(judged(...args).kind).toBe('met');
  });
});

describe('a deletion of the leader key that another instance sent', () => {
  const expedited = remediationOf('expedite-failover', 'patroni2', {
    plan: planOf('switchover', 'patroni2', { leader: 'patroni2', candidate: 'patroni1' }),
    phase: 'unknown',
    sentAtMs: NOW_MS - 70_000,
    deadlineMs: NOW_MS + 10_000,
    endedAtMs: null,
  });
  const judgedAs = (heldMs: number, isByOurClock: boolean) => {
    const input = assessmentOf(viewOf(), { policy });
    const leadership = { ...input.memory.leadership, strangers: [], heldMs: { patroni2: heldMs } };
    const memory = { ...input.memory, leadership } as typeof input.memory;
    return verdictOf({ ...input, memory }, expedited, NOW_MS, isByOurClock);
  };
  /** What a switchover can take effect for, by the waits of the cluster. */
  const reachMs = 61_000;

  it('is by its clock: what two machines may differ by in time proves nothing, what is beyond it does', () => {
    const heldMs = NOW_MS - 70_000 + reachMs + 5_000;
    expect(judgedAs(heldMs, true)).toMatchObject({ kind: 'expired', ending: 'not-ours' });
    expect(judgedAs(heldMs, false).kind).toBe('met');
    expect(judgedAs(heldMs + 30_000, false)).toMatchObject({ kind: 'expired', ending: 'not-ours' });
  });
});
