import { afterEach, describe, expect, it, vi } from 'vitest';
import { decide } from '../../../src/decide/decide.js';
import { ownDoing } from '../../../src/decide/own-doing.js';
import { pagesWished } from '../../../src/decide/page-wish.js';
import { EMPTY_LEDGER, type Remediation } from '../../../src/model/ledger.js';
import type { ProcedureRun, Stage } from '../../../src/model/procedure-run.js';
import type { Situation } from '../../../src/model/situation.js';
import { STAGED } from '../../../src/procedures/index.js';
import { onMember, waitFor } from '../../../src/procedures/stages.js';
import { inputOf, NOW_MS, problemOf, remediationOf } from '../../support/view.js';

const RUN: ProcedureRun = {
  id: 'r-1',
  name: 'rolling-restart',
  goal: { order: ['patroni2', 'patroni3'], leader: 'patroni1', was: {}, back: false, what: 'patroni' },
  by: 'dba',
  reason: 'openssl',
  phase: 'running',
  agreed: [],
  startedAtMs: NOW_MS,
  endedAtMs: null,
  detail: 'started',
  continuedAtMs: NOW_MS,
};

const stopped = (part: Partial<Remediation> = {}): Remediation => {
  const row = remediationOf('stop-member', 'patroni2', { phase: 'succeeded', endedAtMs: NOW_MS, ...part });
  return { ...row, plan: { ...row.plan, because: { ...row.plan.because, run: RUN.id } } };
};

const at = (run: ProcedureRun | null, rows: readonly Remediation[], nowMs = NOW_MS): Situation =>
  inputOf([], {
    nowMs,
    ledger: { ...EMPTY_LEDGER, remediations: rows, procedures: run === null ? [] : [run] },
  });

function next(stage: Stage): void {
  vi.spyOn(STAGED['rolling-restart'], 'remaining').mockImplementation(function* () {
    yield stage;
  });
}

const down = (subject = 'patroni2') => ({ code: 'member-down' as const, subject, facts: {} });
const behind = { code: 'replica-not-streaming' as const, subject: 'patroni2', facts: {} };
const start = onMember('start-member', 'patroni2', 'start patroni2');
const streams = { ...waitFor('streams patroni2', 'patroni2 streams', 900_000), awaits: ['patroni2'] };

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a member that is down', () => {
  it('because of a request of ours that is in flight is our doing until its deadline', () => {
    const row = stopped({ phase: 'verifying', endedAtMs: null, deadlineMs: NOW_MS + 90_000 });
    expect(ownDoing(at(null, [row]), down())).toEqual({
      what: 'stop-member patroni2 is in flight (verifying)',
      untilMs: NOW_MS + 90_000,
    });
    expect(ownDoing(at(null, [row], NOW_MS + 90_000), down())).toBeNull();
    expect(ownDoing(at(null, [row]), down('patroni3'))).toBeNull();
    expect(ownDoing(at(null, [{ ...row, shadow: true }]), down())).toBeNull();
  });

  it('between its stop and its start is our doing for a minute: what holds the start for longer is told', () => {
    next(start);
    expect(ownDoing(at(RUN, [stopped()], NOW_MS + 59_000), down())?.untilMs).toBe(NOW_MS + 60_000);
    expect(ownDoing(at(RUN, [stopped()], NOW_MS + 60_000), down())).toBeNull();
  });

  it.each(['held', 'paused', 'aborting', 'aborted', 'succeeded'] as const)('is told where the run is %s', (phase) => {
    next(start);
    expect(ownDoing(at({ ...RUN, phase }, [stopped()]), down())).toBeNull();
  });

  it('is told where the run did nothing to it, although it waits for it', () => {
    next(streams);
    expect(ownDoing(at(RUN, []), down())).toBeNull();
    expect(ownDoing(at(RUN, [stopped()]), down())?.untilMs).toBe(NOW_MS + 60_000);
  });

  it.each(['member-down', 'patroni-down', 'member-unreachable'] as const)(
    'or not heard (%s) is our doing for a minute of a wait: Patroni answers while a copy is made',
    (code) => {
      next(streams);
      const run = { ...RUN, waiting: { key: streams.key, sinceMs: NOW_MS + 5_000 } };
      const gone = { code, subject: 'patroni2', facts: {} };
      expect(ownDoing(at(run, [stopped()], NOW_MS + 64_999), gone)).not.toBeNull();
      expect(ownDoing(at(run, [stopped()], NOW_MS + 65_000), gone)).toBeNull();
    },
  );

  it('is told where what was sent for it last failed, though the run has not been held for that yet', () => {
    next(streams);
    const failed = stopped({ phase: 'ineffective' });
    expect(ownDoing(at(RUN, [failed]), down())).toBeNull();
    expect(ownDoing(at(RUN, [failed]), behind)).toBeNull();
    expect(ownDoing(at(RUN, [{ ...failed, ending: 'not-ours' }]), behind)).not.toBeNull();
  });
});

describe('a member that does not stream', () => {
  it('has the time of the wait from when that was first left, and not from each pass anew', () => {
    next(streams);
    const run = { ...RUN, waiting: { key: streams.key, sinceMs: NOW_MS + 5_000 } };
    expect(ownDoing(at(run, [stopped()], NOW_MS + 904_999), behind)).not.toBeNull();
    expect(ownDoing(at(run, [stopped()], NOW_MS + 905_000), behind)).toBeNull();
  });
});

describe('a member whose machine dies in the hours of its copy', () => {
  const copies = remediationOf('reinitialize-replica', 'patroni2', {
    phase: 'verifying',
    endedAtMs: null,
    deadlineMs: NOW_MS + 4 * 3_600_000,
  });

  it('is not kept away by it, since Patroni answers while it copies; that it does not stream is our doing', () => {
    expect(ownDoing(at(null, [copies]), down())).toBeNull();
    expect(ownDoing(at(null, [copies]), behind)?.untilMs).toBe(copies.deadlineMs);
  });

  it('is told although its copy is in flight', () => {
    const input = inputOf([problemOf('member-down', 'patroni2')], {
      ledger: { ...EMPTY_LEDGER, remediations: [copies] },
    });
    expect(pagesWished(input, decide(input)).map(({ because, afterMs }) => ({ because, afterMs }))).toEqual([
      {
        because:
          'reinitialize-replica patroni2 is in flight, and Patroni answers while that goes on: it is silent for another reason',
        afterMs: 30_000,
      },
    ]);
  });
});

describe('a critical problem whose remedy goes on past its deadline', () => {
  const told = (deadlineMs: number) => {
    const row = remediationOf('start-member', 'patroni2', { phase: 'unknown', endedAtMs: null, deadlineMs });
    const input = inputOf([problemOf('member-down', 'patroni2')], {
      ledger: { ...EMPTY_LEDGER, remediations: [{ ...row, detail: 'patroni2 says restarting' }] },
    });
    return pagesWished(input, decide(input)).map(({ because, afterMs }) => ({ because, afterMs }));
  };

  it('is told, with what goes on; within its deadline it is not', () => {
    expect(told(NOW_MS + 1)).toEqual([]);
    expect(told(NOW_MS)).toEqual([
      { because: 'start-member patroni2 is late and still goes on: patroni2 says restarting', afterMs: 30_000 },
    ]);
  });
});

describe('what is said of the cluster or shows a failure', () => {
  it('too few replicas are our doing where all that are missing are', () => {
    next(streams);
    const few = (missing: string) => ({ code: 'too-few-replicas' as const, subject: 'orders', facts: { missing } });
    expect(ownDoing(at(RUN, [stopped()]), few('patroni2'))).not.toBeNull();
    expect(ownDoing(at(RUN, [stopped()]), few('patroni2,patroni3'))).toBeNull();
    expect(ownDoing(at(RUN, [stopped()]), few(''))).toBeNull();
  });

  it.each([
    'replica-start-failed',
    'replica-crash-loop',
    'wal-missing',
    'timeline-diverged',
    'replica-cut-off',
    'creating-replica-stuck',
  ] as const)('%s is told at once', (code) => {
    next(streams);
    expect(ownDoing(at(RUN, [stopped()]), { code, subject: 'patroni2', facts: {} })).toBeNull();
  });
});
