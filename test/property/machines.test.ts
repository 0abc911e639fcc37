import fc from 'fast-check';
import { transition } from 'xstate';
import { describe, expect, it } from 'vitest';
import { clusterMachine, dcsMachine, memberMachine, proxyMachine } from '../../src/machines/parts.js';
import {
  problemMachine,
  type ProblemContext,
  type ProblemEvent,
  type ProblemPhase,
} from '../../src/machines/problem.js';
import { remediationMachine } from '../../src/machines/remediation.js';
import { stepPart, stepProblem, stepRemediation } from '../../src/machines/step.js';
import type { RemediationPhase } from '../../src/model/ledger.js';

const PARTS = { cluster: clusterMachine, member: memberMachine, dcs: dcsMachine, proxy: proxyMachine } as const;

describe('any order of facts', () => {
  it.each(Object.keys(PARTS) as (keyof typeof PARTS)[])('leaves the summary %s in a state that it has', (part) => {
    const known = Object.keys(PARTS[part].states);
    const facts = (PARTS[part].events as readonly string[]).filter((type) => type.startsWith('IS_'));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...facts), { maxLength: 60 }), (order) => {
        let state = 'unknown';
        for (const type of order) {
          state = stepPart(part, state, { type });
          expect(known).toContain(state);
        }
      }),
    );
  });

  it('never enters a split brain but from its suspicion', () => {
    const facts = (clusterMachine.events as readonly string[]).filter((type) => type.startsWith('IS_'));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...facts, 'IS_SPLIT', 'IS_SPLIT'), { maxLength: 80 }), (order) => {
        let state = 'unknown';
        for (const type of order) {
          const next = stepPart('cluster', state, { type });
          if (next === 'split-brain') expect(['split-brain', 'split-brain-suspected']).toContain(state);
          state = next;
        }
      }),
    );
  });
});

const event: fc.Arbitrary<(atMs: number) => ProblemEvent> = fc.oneof(
  fc
    .record({ forMs: fc.constantFrom(0, 1_000, 10_000), samples: fc.integer({ min: 1, max: 4 }) })
    .map((grace) => (atMs: number): ProblemEvent => ({ type: 'SEEN', atMs, ...grace })),
  fc
    .constantFrom(0, 1_000, 10_000)
    .map((clearForMs) => (atMs: number): ProblemEvent => ({ type: 'CLEAR', atMs, clearForMs })),
  fc.constant((atMs: number): ProblemEvent => ({ type: 'UNKNOWN', atMs })),
);

describe('any order of sightings', () => {
  it('keeps a problem whole: its times belong to its phase', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), event), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (order) => {
        let state: { readonly phase: ProblemPhase; readonly context: ProblemContext } = {
          phase: 'clear',
          context: { firstSeenMs: 0, lastSeenMs: 0, activeSinceMs: null, clearSinceMs: null, samples: 0 },
        };
        let nowMs = 0;
        for (const [waitMs, make] of order) {
          nowMs += waitMs;
          const before = state;
          const made = make(nowMs);
          state = stepProblem(state, made);
          const machine = problemMachine.resolveState({ value: before.phase, context: before.context });
          const [told] = transition(problemMachine, machine, made);
          expect(state).toEqual({ phase: told.value, context: told.context });
          const { phase, context } = state;
          if (made.type === 'UNKNOWN') expect(state).toEqual(before);
          if (phase === 'active') expect(context.activeSinceMs).not.toBeNull();
          if (phase === 'suspect') expect(context.activeSinceMs).toBeNull();
          if (phase === 'recovering') expect(context.clearSinceMs).not.toBeNull();
          if (phase === 'clear') expect(context.samples).toBe(0);
          else expect(context.samples).toBeGreaterThan(0);
          expect(context.firstSeenMs).toBeLessThanOrEqual(nowMs);
          if (before.phase === 'suspect' && phase === 'active' && made.type === 'SEEN') {
            expect(nowMs - context.firstSeenMs).toBeGreaterThanOrEqual(made.forMs);
            expect(context.samples).toBeGreaterThanOrEqual(made.samples);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never makes anything of a problem that nobody saw', () => {
    fc.assert(
      fc.property(fc.array(event), (order) => {
        let state: Parameters<typeof stepProblem>[0] = {
          phase: 'clear',
          context: { firstSeenMs: 0, lastSeenMs: 0, activeSinceMs: null, clearSinceMs: null, samples: 0 },
        };
        for (const [index, make] of order.entries()) {
          const made = make(index * 1_000);
          if (made.type !== 'SEEN') state = stepProblem(state, made);
        }
        expect(state.phase).toBe('clear');
      }),
    );
  });
});

describe('any order of answers', () => {
  const types = ['SEND', 'ANSWERED', 'REFUSED', 'LOST', 'NEXT_STEP', 'MET', 'EXPIRED', 'ABANDON'] as const;

  it('sends a step at most once: between two sendings its effect was seen', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...types), { maxLength: 60 }), (order) => {
        let phase: RemediationPhase = 'planned';
        let isSent = false;
        for (const type of order) {
          const next = stepRemediation(phase, { type });
          expect(Object.keys(remediationMachine.states)).toContain(next);
          if (next === 'sending' && phase !== 'sending') {
            expect(isSent).toBe(false);
            isSent = true;
          }
          if (type === 'NEXT_STEP' && next === 'planned') isSent = false;
          phase = next;
        }
      }),
      { numRuns: 500 },
    );
  });
});
