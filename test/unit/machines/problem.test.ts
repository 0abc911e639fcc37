import { describe, expect, it } from 'vitest';
import type { ProblemContext, ProblemEvent, ProblemPhase } from '../../../src/machines/problem.js';
import { stepProblem } from '../../../src/machines/step.js';

const CLEAR: { readonly phase: ProblemPhase; readonly context: ProblemContext } = {
  phase: 'clear',
  context: { firstSeenMs: 0, lastSeenMs: 0, activeSinceMs: null, clearSinceMs: null, samples: 0 },
};

const seen = (seconds: number, forMs = 10_000, samples = 3): ProblemEvent => ({
  type: 'SEEN',
  atMs: seconds * 1000,
  forMs,
  samples,
});
const clear = (seconds: number, clearForMs = 5_000): ProblemEvent => ({
  type: 'CLEAR',
  atMs: seconds * 1000,
  clearForMs,
});
const lost = (seconds: number): ProblemEvent => ({ type: 'UNKNOWN', atMs: seconds * 1000 });

const after = (...events: readonly ProblemEvent[]) => events.reduce((state, event) => stepProblem(state, event), CLEAR);

describe('a problem', () => {
  it.each<[string, readonly ProblemEvent[], ProblemPhase]>([
    ['seen once is suspected', [seen(0)], 'suspect'],
    ['seen long enough but not often enough is suspected', [seen(0), seen(20)], 'suspect'],
    ['seen often enough but not long enough is suspected', [seen(0), seen(1), seen(2), seen(3), seen(4)], 'suspect'],
    ['seen often and long enough is active', [seen(0), seen(5), seen(10)], 'active'],
    ['without a grace is active at once', [seen(0, 0, 1)], 'active'],
    ['that needs two sightings is not active at the first, grace or not', [seen(0, 0, 2)], 'suspect'],
    ['that needs two sightings is active at the second', [seen(0, 0, 2), seen(0, 0, 2)], 'active'],
    ['suspected and then gone is forgotten', [seen(0), clear(1)], 'clear'],
    ['suspected and then out of sight stays suspected', [seen(0), lost(60)], 'suspect'],
    ['never seen does not begin by being out of sight', [lost(0), lost(60)], 'clear'],
    ['active and out of sight stays active', [seen(0, 0, 1), lost(1), lost(3_600)], 'active'],
    ['active and then gone recovers', [seen(0, 0, 1), clear(1)], 'recovering'],
    ['active and gone for long enough is over', [seen(0, 0, 1), clear(1), clear(6)], 'clear'],
    ['active and gone for less is not over', [seen(0, 0, 1), clear(1), clear(5)], 'recovering'],
    ['recovering and seen again is active again, without a new grace', [seen(0, 0, 1), clear(1), seen(2)], 'active'],
    ['recovering and out of sight keeps recovering', [seen(0, 0, 1), clear(1), lost(60)], 'recovering'],
    ['whose end needs no grace is over at once', [seen(0, 0, 1), clear(1, 0)], 'clear'],
  ])('%s', (_name, events, phase) => {
    expect(after(...events).phase).toBe(phase);
  });

  it('is not made of two sightings an hour apart', () => {
    expect(after(seen(0), seen(1), seen(3_600))).toMatchObject({
      phase: 'suspect',
      context: { samples: 1, firstSeenMs: 3_600_000 },
    });
  });

  it('counts a grace that is longer than the gap from its first sighting', () => {
    const long = (seconds: number) => seen(seconds, 1_800_000);
    expect(after(long(0), long(900), long(1_800)).phase).toBe('active');
  });

  it('keeps its first sighting and the time since when it is active', () => {
    expect(after(seen(0), seen(5), seen(10), seen(15)).context).toEqual({
      firstSeenMs: 0,
      lastSeenMs: 15_000,
      activeSinceMs: 10_000,
      clearSinceMs: null,
      samples: 4,
    });
  });

  it('is judged by the graces of this very pass: a reloaded policy counts at once', () => {
    expect(after(seen(0, 60_000), seen(5, 60_000), seen(10, 10_000)).phase).toBe('active');
  });
});
