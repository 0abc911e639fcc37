import { assign, setup } from 'xstate';

export interface ProblemContext {
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly activeSinceMs: number | null;
  readonly clearSinceMs: number | null;
  readonly samples: number;
}

/** Graces travel with the event, so that a reloaded policy takes effect in the very next pass. */
export type ProblemEvent =
  | { readonly type: 'SEEN'; readonly atMs: number; readonly forMs: number; readonly samples: number }
  | { readonly type: 'CLEAR'; readonly atMs: number; readonly clearForMs: number }
  | { readonly type: 'UNKNOWN'; readonly atMs: number };

/** Longer than this without a sighting and a suspicion starts anew: two sightings an hour apart are not an hour of trouble. */
const GAP_MS = 60_000;

const NONE: ProblemContext = { firstSeenMs: 0, lastSeenMs: 0, activeSinceMs: null, clearSinceMs: null, samples: 0 };

type Seen = Extract<ProblemEvent, { type: 'SEEN' }>;
type Clear = Extract<ProblemEvent, { type: 'CLEAR' }>;

/**
 * One problem of one subject: suspected, active once seen for long enough and often enough, recovering until it has been gone for long
 * enough. UNKNOWN changes nothing: missing data neither makes nor ends a problem.
 */
export const problemMachine = setup({
  types: { context: {} as ProblemContext, events: {} as ProblemEvent },
  guards: {
    graceOver: ({ context }, seen: Seen) => isGraceOver(context, seen),
    noGrace: (_, seen: Seen) => seen.samples <= 1 && seen.forMs <= 0,
    clearOver: ({ context }, clear: Clear) => isClearOver(context, clear),
    clearAtOnce: (_, clear: Clear) => clear.clearForMs <= 0,
  },
  actions: {
    first: assign((_, seen: Seen) => ({ ...NONE, firstSeenMs: seen.atMs, lastSeenMs: seen.atMs, samples: 1 })),
    again: assign(({ context }, seen: Seen) => seenAgain(context, seen)),
    activate: assign((_, seen: Seen) => ({ activeSinceMs: seen.atMs, clearSinceMs: null })),
    backToActive: assign((_, seen: Seen) => ({ lastSeenMs: seen.atMs, clearSinceMs: null })),
    startClearing: assign((_, clear: Clear) => ({ clearSinceMs: clear.atMs })),
    forget: assign(() => NONE),
  },
}).createMachine({
  id: 'problem',
  initial: 'clear',
  context: NONE,
  on: { UNKNOWN: {} },
  states: {
    clear: {
      on: {
        SEEN: [
          {
            target: 'active',
            guard: { type: 'noGrace', params: ({ event }) => event },
            actions: [
              { type: 'first', params: ({ event }) => event },
              { type: 'activate', params: ({ event }) => event },
            ],
          },
          { target: 'suspect', actions: { type: 'first', params: ({ event }) => event } },
        ],
        CLEAR: {},
      },
    },
    suspect: {
      on: {
        SEEN: [
          {
            target: 'active',
            guard: { type: 'graceOver', params: ({ event }) => event },
            actions: [
              { type: 'again', params: ({ event }) => event },
              { type: 'activate', params: ({ event }) => event },
            ],
          },
          { actions: { type: 'again', params: ({ event }) => event } },
        ],
        CLEAR: { target: 'clear', actions: 'forget' },
      },
    },
    active: {
      tags: 'actionable',
      on: {
        SEEN: { actions: { type: 'again', params: ({ event }) => ({ ...event }) } },
        CLEAR: [
          { target: 'clear', guard: { type: 'clearAtOnce', params: ({ event }) => event }, actions: 'forget' },
          { target: 'recovering', actions: { type: 'startClearing', params: ({ event }) => event } },
        ],
      },
    },
    recovering: {
      on: {
        SEEN: { target: 'active', actions: { type: 'backToActive', params: ({ event }) => event } },
        CLEAR: { target: 'clear', guard: { type: 'clearOver', params: ({ event }) => event }, actions: 'forget' },
      },
    },
  },
});

const seenAgain = (context: ProblemContext, seen: Seen): ProblemContext =>
  hasGap(context, seen)
    ? { ...NONE, firstSeenMs: seen.atMs, lastSeenMs: seen.atMs, samples: 1 }
    : { ...context, lastSeenMs: seen.atMs, samples: context.samples + 1 };

/**
 * What an event leaves in its phase: the machine's own answer without a step of it, since those steps were an eighth of a pass with seven problems.
 * Null: it goes to another phase, as the machine says. Held against the machine by a test.
 */
export function inItsPhase(phase: ProblemPhase, context: ProblemContext, event: ProblemEvent): ProblemContext | null {
  if (event.type === 'UNKNOWN') return context;
  if (event.type === 'CLEAR') return phase === 'recovering' && !isClearOver(context, event) ? context : null;
  const stays = phase === 'active' || (phase === 'suspect' && !isGraceOver(context, event));
  return stays ? seenAgain(context, event) : null;
}

const isGraceOver = (context: ProblemContext, seen: Seen): boolean =>
  context.samples + 1 >= seen.samples && seen.atMs - context.firstSeenMs >= seen.forMs && !hasGap(context, seen);

const isClearOver = (context: ProblemContext, clear: Clear): boolean =>
  clear.atMs - (context.clearSinceMs ?? clear.atMs) >= clear.clearForMs;

function hasGap(context: ProblemContext, seen: Seen): boolean {
  return context.activeSinceMs === null && seen.atMs - context.lastSeenMs > Math.max(GAP_MS, seen.forMs);
}

export type ProblemPhase = 'clear' | 'suspect' | 'active' | 'recovering';
