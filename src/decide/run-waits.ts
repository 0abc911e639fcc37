import type { Remediation } from '../model/ledger.js';
import type { ProcedureRun, WaitStage } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { spanText } from '../words/amounts.js';

/** Something that comes about by itself; `untilMs`: then a person looks. */
export interface Watch {
  readonly kind: 'watches';
  readonly why: string;
  readonly stage: WaitStage;
  readonly waiting: NonNullable<ProcedureRun['waiting']>;
  readonly untilMs: number;
}

/** A person has to look. */
export interface Held {
  readonly kind: 'held';
  readonly why: string;
}

/** It has its own time, from the pass in which it was first left; what fails meanwhile has its own, too, from the pass in which it was first seen to. */
export function watching({ nowMs }: Situation, run: ProcedureRun, stage: WaitStage): Watch | Held {
  const before = run.waiting?.key === stage.key ? run.waiting : { key: stage.key, sinceMs: nowMs };
  const { key, sinceMs } = before;
  const failing = stage.failing ?? null;
  const failingSinceMs = before.failingSinceMs ?? nowMs;
  const waiting = failing === null ? { key, sinceMs } : { key, sinceMs, failingSinceMs };
  const lateMs = sinceMs + stage.withinMs;
  const failedMs = failing === null ? Infinity : failingSinceMs + failing.forMs;
  if (nowMs >= lateMs) return { kind: 'held', why: `${stage.text}: not seen within ${spanText(stage.withinMs)}` };
  if (failing !== null && nowMs >= failedMs)
    return { kind: 'held', why: `${stage.text}: it has failed for ${spanText(failing.forMs)}` };
  return { kind: 'watches', why: stage.text, stage, waiting, untilMs: Math.min(lateMs, failedMs) };
}

/** So long nothing went on: then a person is asked, and what the run held back goes on without it. */
export const MOST_WAIT_MS = 15 * 60_000;
/** So long what was not read is waited for: then a person looks at what gives no answer. */
export const UNREAD_MS = 3 * 60_000;

/** Since when nothing goes on. A wait that is over, or was going on, until now took its own time, however long: that does not count. */
export function stalledSince({ nowMs }: Situation, run: ProcedureRun, last: Remediation | undefined): number {
  const touchedMs = Math.max(run.continuedAtMs, last?.endedAtMs ?? last?.createdAtMs ?? 0);
  return run.stalledSinceMs ?? ((run.waiting?.sinceMs ?? 0) >= touchedMs ? nowMs : touchedMs);
}
