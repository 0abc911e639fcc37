import type { Clock } from '../ports/clock.js';

interface Waiter {
  readonly untilMs: number;
  readonly met: () => boolean;
  readonly wake: (met: boolean) => void;
}

/**
 * The world's own time. Nothing passes unless somebody advances it: a test, a driver, or, while a simulated call blocks, the pump,
 * which steps on only after everything else that can run has run, so that parallel calls of one pass share the same seconds.
 */
export class VirtualTime {
  nowMs: number;
  private pumping = true;
  private readonly startMs: number;
  private waiters: Waiter[] = [];
  private pumped = 0;
  private pumpRuns = false;
  private readonly step: () => void;

  constructor(startMs: number, step: () => void) {
    this.startMs = startMs;
    this.nowMs = startMs;
    this.step = step;
  }

  /** Off while a realtime driver moves the clock: then a blocked call simply waits for it. */
  pumpAlone(on: boolean): void {
    this.pumping = on;
    if (on) void this.pump();
  }

  moveTo(ms: number): void {
    this.nowMs = ms;
    const due = this.waiters.filter((waiter) => waiter.met() || waiter.untilMs <= ms);
    if (due.length === 0) return;
    this.waiters = this.waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.wake(waiter.met());
  }

  /** Earliest moment at which somebody wants to be woken; null when nobody does. */
  nextWakeMs(): number | null {
    return this.waiters.reduce<number | null>(
      (least, waiter) => (least === null || waiter.untilMs < least ? waiter.untilMs : least),
      null,
    );
  }

  /** A call that blocks in the real world: true when `met` came true, false after `timeoutMs` of virtual time. */
  async block(met: () => boolean, timeoutMs: number): Promise<boolean> {
    if (met()) return true;
    if (timeoutMs <= 0) return false;
    this.pumped += 1;
    const answer = this.wait(met, timeoutMs);
    void this.pump();
    try {
      return await answer;
    } finally {
      this.pumped -= 1;
    }
  }

  /**
   * A controller's clock on this time, its wall clock ahead by `skewMs`. A sleep ends when the world has moved on far enough; it does not
   * move the world.
   */
  clock(skewMs: () => number = () => 0): Clock {
    return {
      now: () => this.nowMs + skewMs(),
      monotonic: () => this.nowMs - this.startMs,
      sleep: async (ms, signal) => {
        if (signal.aborted) return;
        let stopped = false;
        const stop = () => {
          stopped = true;
          this.moveTo(this.nowMs);
        };
        signal.addEventListener('abort', stop, { once: true });
        await this.wait(() => stopped, ms);
        signal.removeEventListener('abort', stop);
      },
    };
  }

  private wait(met: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.waiters.push({ untilMs: this.nowMs + Math.max(0, ms), met, wake: resolve });
    });
  }

  private async pump(): Promise<void> {
    if (this.pumpRuns) return;
    this.pumpRuns = true;
    // A turn of the event loop between steps lets every continuation run first: the order of calls stays the same in every run.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.pumped > 0 && this.pumping) {
      this.step();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.pumpRuns = false;
  }
}
