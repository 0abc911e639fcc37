import { aged, isSilent, unknown, type Reading, type Unknown } from '../model/reading.js';
import type { Clock } from '../ports/clock.js';

/** One question to one source, as a look asks it. */
export interface Question<T> {
  /** Which source of whom: one call at a time is open under it. */
  readonly key: string;
  /** What the last look had from it. */
  readonly last: Reading<T> | null;
  readonly nowMs: number;
  /** How long the look waits for the answer; Infinity: until the call itself gives up. */
  readonly patienceMs: number;
  /** What only explains may be handed on with its age; what authorises may not, and is unknown until it is read. */
  readonly explains: boolean;
  /** The decision at hand needs an answer of this very look: an earlier call that is still open does not stand in for it. */
  readonly anew: boolean;
  /** How long one is waited for that was silent a moment ago although a decision rests on its answer. Absent: as any other. */
  readonly silentMs?: number;
  readonly ask: () => Promise<Reading<T>>;
}

export type Asker = <T>(question: Question<T>) => Promise<Reading<T>>;

/** Who was silent a moment ago is asked beside the passes: whoever is well again answers within this, the others set nobody's pace. */
const SILENT_PATIENCE_MS = 100;
/** Nobody is waited for longer than this because it was slow the last time. */
const SLOW_PATIENCE_MS = 3_000;
/** And that only so seldom that it costs a part of the time, not all of it. */
const SLOW_SHARE = 4;

interface Call {
  /** Which call of its line it is. */
  readonly order: number;
  readonly ended: Promise<void>;
  readonly answer: () => Reading<unknown> | null;
  /** The look that asked has gone on without it. */
  leave: () => void;
}

interface Line {
  open: Call | null;
  /** Of calls, how many were begun, and which of them had the last word: one that began earlier tells of what was before it. */
  begun: number;
  heard: number;
  /** Its last word, if that was none. */
  silence: Unknown | null;
  /** How long its last answer took. */
  tookMs: number;
  /** When a look last waited longer for it than its patience goes. */
  waitedLongMs: number;
}

/**
 * Asks sources without letting the slowest set the pace. A look waits for each as long as its patience goes, now and then longer for one
 * that is known to be slow, hardly at all for one that was silent a moment ago. A call that is left behind stays open, and no second one is begun beside
 * it but for a decision; its answer is the next look's, with its age, and `onLate` says that there is one. Until then what authorises is unknown: silent if its
 * last word was silence, else not read yet. Whatever a port throws is an unknown reading too.
 */
export function patientAsker(clock: Clock, onLate: () => void = () => undefined): Asker {
  const lines = new Map<string, Line>();
  const waiting = new Waiting(clock);
  return async <T>(question: Question<T>): Promise<Reading<T>> => {
    const { key, nowMs } = question;
    const line = lines.get(key) ?? {
      open: null,
      begun: 0,
      heard: 0,
      silence: null,
      tookMs: 0,
      waitedLongMs: -Infinity,
    };
    lines.set(key, line);
    const late = (line.open?.answer() ?? null) as Reading<T> | null;
    if (late !== null) line.open = null;
    if (late !== null && question.explains) return aged(late, nowMs);
    if (line.open !== null && !question.anew) return meanwhile(line, question, late);
    const call = begin(clock, line, question, onLate);
    line.open ??= call;
    const waitMs = patienceOf(line, question, clock.monotonic());
    await waiting.within(call.ended, waitMs);
    const answer = call.answer() as Reading<T> | null;
    if (answer === null) call.leave();
    else if (line.open === call) line.open = null;
    return answer ?? meanwhile(line, question, late, waitMs);
  };
}

/** For a look that nobody waits for under pressure: what is merely slow on a busy machine is not told as silent. */
export const unhurried =
  (asker: Asker, leastMs: number): Asker =>
  (question) =>
    asker({ ...question, patienceMs: Math.max(question.patienceMs, leastMs) });

function patienceOf(line: Line, { anew, silentMs, explains, patienceMs }: Question<unknown>, nowMs: number): number {
  const shortMs = Math.min(SILENT_PATIENCE_MS, patienceMs);
  if (line.silence !== null && !anew) return shortMs;
  if (line.silence !== null && silentMs !== undefined) return silentMs;
  if (line.tookMs <= patienceMs) return patienceMs;
  if (explains) return shortMs;
  const longMs = Math.min(2 * line.tookMs, SLOW_PATIENCE_MS);
  if (!anew && nowMs - line.waitedLongMs < SLOW_SHARE * longMs) return patienceMs;
  line.waitedLongMs = nowMs;
  return longMs;
}

function begin<T>(clock: Clock, line: Line, { key, ask }: Question<T>, onLate: () => void): Call {
  const beganMs = clock.monotonic();
  const order = (line.begun += 1);
  let answer: Reading<T> | null = null;
  let isLeft = false;
  const settle = (reading: Reading<T>): void => {
    answer = reading;
    if (order < line.heard) return;
    line.heard = order;
    // One that hangs since before has nothing to add, and whoever asks next begins anew.
    if (line.open !== null && line.open.order < order) line.open = call;
    const wasSilent = line.silence !== null;
    line.silence = isSilent(reading) ? (reading as Unknown) : null;
    if (reading.kind !== 'unknown') line.tookMs = clock.monotonic() - beganMs;
    if (isLeft && !(wasSilent && line.silence !== null)) onLate();
  };
  const threw = (error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error);
    settle(unknown('bad-reply', `${key}: asking failed: ${why}`, clock.now(), key));
  };
  const leave = (): void => {
    isLeft = true;
  };
  // A port answers no earlier than in the next turn, when the call is whole.
  const call: Call = { order, ended: asked(ask).then(settle, threw), answer: () => answer, leave };
  return call;
}

/** A port that throws before it returns a promise is caught like one that rejects. */
const asked = async <T>(ask: () => Promise<Reading<T>>): Promise<Reading<T>> => ask();

/** One timer for all questions of a look: they are answered long before it, and one for each, with its signal, cost more than the answers. */
class Waiting {
  private readonly dueMs = new Map<() => void, number>();
  private timer: { readonly dueMs: number; readonly over: AbortController } | null = null;

  constructor(private readonly clock: Clock) {}

  /** Resolves once `ended` has, or after `patienceMs`. */
  within(ended: Promise<void>, patienceMs: number): Promise<void> {
    if (patienceMs === Infinity) return ended;
    return new Promise((resolve) => {
      const go = (): void => {
        if (!this.dueMs.delete(go)) return;
        if (this.dueMs.size === 0) this.end();
        resolve();
      };
      const dueMs = this.clock.monotonic() + patienceMs;
      this.dueMs.set(go, dueMs);
      void ended.then(go);
      if (this.timer === null || dueMs < this.timer.dueMs) this.begin(dueMs);
    });
  }

  private begin(dueMs: number): void {
    this.end();
    const timer = { dueMs, over: new AbortController() };
    this.timer = timer;
    void this.clock.sleep(Math.max(0, dueMs - this.clock.monotonic()), timer.over.signal).then(() => {
      if (this.timer === timer) this.ring(dueMs);
    });
  }

  /** Everybody whose time has come; a timer may ring a moment early, and late. */
  private ring(atMs: number): void {
    this.timer = null;
    const nowMs = Math.max(atMs, this.clock.monotonic());
    for (const [go, dueMs] of [...this.dueMs]) if (dueMs <= nowMs) go();
    const next = Math.min(...this.dueMs.values());
    if (next !== Infinity) this.begin(next);
  }

  private end(): void {
    // With a reason: without one Node makes an exception, with its stack.
    this.timer?.over.abort('answered');
    this.timer = null;
  }
}

/** What a look goes on with when there is no answer of its own. */
function meanwhile<T>(
  line: Line,
  { key, last, nowMs, explains, anew, patienceMs }: Question<T>,
  late: Reading<T> | null,
  waitedMs = patienceMs,
): Reading<T> {
  if (explains && last !== null && last.kind !== 'unknown') return aged(last, nowMs);
  const seconds = waitedMs / 1000;
  if (explains)
    return unknown('timeout', `${key}: no answer within ${seconds} s, awaited beside the passes`, nowMs, key);
  // A decision that needs an answer of this very look has none in an earlier one, whatever its age.
  if (late !== null && !anew) return aged(late, nowMs);
  if (line.silence === null)
    return unknown('not-read-yet', `${key}: no answer yet, awaited beside the passes`, nowMs, key);
  return anew ? unknown('timeout', `${key}: no answer within ${seconds} s`, nowMs, key) : line.silence;
}
