import type { Loss } from './loss.js';
import type { Plan } from './plan.js';
import type { ProblemCode } from './problem.js';

/** One gate's "no": which gate, why, what would lift it and when to ask again. */
export interface Block {
  readonly gate: GateName;
  readonly because: string;
  /** What would unblock it, in words for the operator. */
  readonly unblock: string;
  readonly retryAtMs: number | null;
}

/** The order in which gates are asked and shown; every one is asked, every reason is kept. */
export const GATE_NAMES = [
  'tenure',
  'policy',
  'kill-switch',
  'mode',
  'patroni-pause',
  'failsafe',
  'observer-health',
  'start-grace',
  'channels',
  'actuator',
  'someone-else',
  'window',
  'blast-radius',
  'quorum',
  'cooldown',
  'attempts',
  'budget',
  'storm',
  'flap',
  'data-loss',
  'refusal',
  'approval',
  'veto',
] as const;
export type GateName = (typeof GATE_NAMES)[number];

/** A decision is a value, "no" included. */
export type Decision =
  | {
      readonly kind: 'act';
      readonly plan: Plan;
      readonly why: string;
      readonly steps: readonly string[];
      /** What it loses beyond its guards, which a person agreed to; absent: nothing. */
      readonly loss?: Loss;
    }
  | {
      readonly kind: 'held';
      readonly plan: Plan;
      readonly why: string;
      readonly steps: readonly string[];
      readonly blocks: readonly Block[];
      readonly loss?: Loss;
    }
  | {
      readonly kind: 'waiting';
      readonly code: ProblemCode;
      readonly subject: string;
      readonly why: string;
      readonly untilMs: number | null;
    }
  | { readonly kind: 'page'; readonly code: ProblemCode; readonly subject: string; readonly why: string };
