import type { ProblemCode, ProblemLevel } from '../model/problem.js';

/** Tells a person. Never decides anything, never fails the pass. */
export interface Notifier {
  page(message: {
    readonly scope: string;
    readonly code: ProblemCode;
    readonly subject: string;
    readonly level: ProblemLevel;
    readonly text: string;
    readonly atMs: number;
  }): void;
}
