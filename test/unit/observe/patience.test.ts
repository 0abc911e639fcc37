import { describe, expect, it } from 'vitest';
import { fresh, unknown, type Reading } from '../../../src/model/reading.js';
import { patientAsker, unhurried, type Question } from '../../../src/observe/patience.js';
import type { Clock } from '../../../src/ports/clock.js';

/** A clock whose sleeps end when the test says so. */
function clockOf() {
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        sleepers.add(resolve);
        signal.addEventListener('abort', () => {
          resolve();
        });
      }),
  };
  return {
    clock,
    timeIsUp: () => {
      for (const wake of sleepers) wake();
    },
  };
}

/** A source that answers when told; counts how often it was asked. */
function slowSource() {
  const waiting: ((reading: Reading<string>) => void)[] = [];
  return {
    asked: () => waiting.length,
    ask: () => new Promise<Reading<string>>((resolve) => waiting.push(resolve)),
    answer: (reading: Reading<string>) => waiting.at(-1)?.(reading),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const old = fresh('old', 1_000, 'p1 /cluster');

const question = (ask: Question<string>['ask'], more: Partial<Question<string>> = {}): Question<string> => ({
  key: 'k',
  last: old,
  nowMs: 5_000,
  patienceMs: 1_000,
  explains: false,
  anew: false,
  ask,
  ...more,
});

it('a look that is not hurried waits longer for what is slow, and never less', async () => {
  const waited: number[] = [];
  const asker = unhurried(({ patienceMs, ask }) => {
    waited.push(patienceMs);
    return ask();
  }, 5_000);
  for (const patienceMs of [300, Infinity]) await asker(question(() => Promise.resolve(old), { patienceMs }));
  expect(waited).toEqual([5_000, Infinity]);
});

describe('a source that explains and may take longer than a pass', () => {
  it('is as fresh as any if it answers in time', async () => {
    const source = slowSource();
    const reading = patientAsker(clockOf().clock)(question(source.ask, { explains: true }));
    source.answer(fresh('new', 5_010, 's'));
    expect(await reading).toEqual(fresh('new', 5_010, 's'));
  });

  it('does not hold up the pass: what was known goes on with its age, and nobody asks again until it has answered', async () => {
    const { clock, timeIsUp } = clockOf();
    const source = slowSource();
    const asker = patientAsker(clock);
    const at = (nowMs: number) => asker(question(source.ask, { explains: true, nowMs }));
    const first = at(5_000);
    timeIsUp();
    expect(await first).toMatchObject({ kind: 'stale', value: 'old', ageMs: 4_000 });
    expect(await at(6_000)).toMatchObject({ kind: 'stale', value: 'old', ageMs: 5_000 });
    expect(source.asked()).toBe(1);
    source.answer(fresh('late', 6_500, 's'));
    await settled();
    // Not read in the pass that gets it, so it authorises nothing.
    expect(await at(7_000)).toMatchObject({ kind: 'stale', value: 'late', ageMs: 500 });
    void at(8_000);
    expect(source.asked()).toBe(2);
  });

  it('of which nothing was ever known is unknown meanwhile, and its fault is told when it comes', async () => {
    const { clock, timeIsUp } = clockOf();
    const source = slowSource();
    const asker = patientAsker(clock);
    const at = (nowMs: number) => asker(question(source.ask, { key: 'p1 history', explains: true, last: null, nowMs }));
    const first = at(5_000);
    timeIsUp();
    expect(await first).toMatchObject({
      kind: 'unknown',
      fault: 'timeout',
      reason: 'p1 history: no answer within 1 s, awaited beside the passes',
    });
    const closed = unknown('closed', 'closed without an answer', 6_000, 's');
    source.answer(closed);
    await settled();
    expect(await at(7_000)).toEqual(closed);
  });
});

const timeout = unknown('timeout', 'k: no answer in time', 5_900, 's');

describe('a source that authorises', () => {
  it('[F1] is unknown, neither silent nor its last value, when a look goes on without its answer', async () => {
    const { clock, timeIsUp } = clockOf();
    const reading = patientAsker(clock)(question(slowSource().ask));
    timeIsUp();
    expect(await reading).toMatchObject({ kind: 'unknown', fault: 'not-read-yet' });
  });

  it('[F1] tells when its answer comes after all, which is then the past', async () => {
    const { clock, timeIsUp } = clockOf();
    const source = slowSource();
    let told = 0;
    const asker = patientAsker(clock, () => (told += 1));
    const first = asker(question(source.ask));
    timeIsUp();
    await first;
    source.answer(fresh('late', 5_500, 's'));
    await settled();
    expect(told).toBe(1);
    const second = asker(question(source.ask, { nowMs: 6_000 }));
    timeIsUp();
    expect(await second).toMatchObject({ kind: 'stale', value: 'late', ageMs: 500 });
    expect(source.asked()).toBe(2);
  });

  /** Asked once, left behind, and then given up by the call itself; the next call hangs as well. */
  async function silentSource() {
    const { clock, timeIsUp } = clockOf();
    const source = slowSource();
    const asker = patientAsker(clock);
    const ask = (more: Partial<Question<string>> = {}) => {
      const reading = asker(question(source.ask, more));
      timeIsUp();
      return reading;
    };
    await ask();
    source.answer(timeout);
    await settled();
    return { source, ask };
  }

  it('[F1] stays silent while it is asked beside the passes, and is not asked a second time meanwhile', async () => {
    const { source, ask } = await silentSource();
    expect(await ask({ nowMs: 6_000 })).toEqual(timeout);
    expect(await ask({ nowMs: 6_500 })).toEqual(timeout);
    expect(source.asked()).toBe(2);
  });

  it('[F1] is asked anew where a decision needs it, however long another call has been open', async () => {
    const { source, ask } = await silentSource();
    await ask({ nowMs: 6_000 });
    expect(await ask({ nowMs: 6_500, anew: true })).toMatchObject({ kind: 'unknown', fault: 'timeout', atMs: 6_500 });
    expect(source.asked()).toBe(3);
  });

  it.each(['in time', 'late'])(
    'is read again at once where a decision asked it anew and it answered %s, whatever call still hangs',
    async (when) => {
      const { clock, timeIsUp } = clockOf();
      const asker = patientAsker(clock);
      const source = slowSource();
      const first = asker(question(source.ask));
      timeIsUp();
      await first;
      const anew = asker(question(source.ask, { anew: true }));
      if (when === 'late') timeIsUp();
      else source.answer(fresh('stopped', 6_000, 'host'));
      const told = await anew;
      if (when === 'late') source.answer(fresh('stopped', 6_000, 'host'));
      await settled();
      expect(told).toMatchObject(when === 'late' ? { kind: 'unknown' } : { value: 'stopped' });
      const next = asker(question(source.ask, { nowMs: 6_500 }));
      expect(source.asked()).toBe(3);
      source.answer(fresh('still stopped', 6_500, 'host'));
      expect(await next).toMatchObject({ value: 'still stopped' });
    },
  );

  it('is not told by a call that began before the one that answered', async () => {
    const { clock, timeIsUp } = clockOf();
    const asker = patientAsker(clock);
    const answers: ((reading: Reading<string>) => void)[] = [];
    const ask = () => new Promise<Reading<string>>((resolve) => answers.push(resolve));
    const hung = asker(question(ask));
    timeIsUp();
    await hung;
    const anew = asker(question(ask, { anew: true }));
    answers[1]?.(fresh('runs', 6_000, 'host'));
    await anew;
    const next = asker(question(ask, { nowMs: 7_000 }));
    answers[0]?.(unknown('timeout', 'it was killed after 5 s', 5_000, 'host'));
    await settled();
    answers[2]?.(fresh('still runs', 7_000, 'host'));
    expect(await next).toMatchObject({ value: 'still runs' });
    const last = asker(question(ask, { nowMs: 8_000 }));
    timeIsUp();
    expect(await last).toMatchObject({ kind: 'unknown', fault: 'not-read-yet' });
  });

  it('[F1] is unknown where a decision needs it anew: what came late is handed to no request', async () => {
    const { clock, timeIsUp } = clockOf();
    const source = slowSource();
    const asker = patientAsker(clock);
    const first = asker(question(source.ask));
    timeIsUp();
    await first;
    source.answer(fresh('late', 5_500, 's'));
    await settled();
    const second = asker(question(source.ask, { nowMs: 6_000, anew: true }));
    timeIsUp();
    expect(await second).toMatchObject({ kind: 'unknown' });
  });

  it('[F1] is no longer silent once it has answered, be it late', async () => {
    const { source, ask } = await silentSource();
    await ask({ nowMs: 6_000 });
    source.answer(fresh('thawed', 6_400, 's'));
    await settled();
    expect(await ask({ nowMs: 6_500 })).toMatchObject({ kind: 'stale', value: 'thawed' });
  });

  it('that throws, or whose port does, is unknown', async () => {
    const asker = patientAsker(clockOf().clock);
    const torn = () => {
      throw new Error('torn');
    };
    expect(await asker(question(torn))).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(await asker(question(() => Promise.reject(new Error('torn'))))).toMatchObject({
      kind: 'unknown',
      reason: 'k: asking failed: torn',
    });
  });
});

describe('a source that was silent a moment ago', () => {
  const silentThen = async (more: Partial<Question<string>>) => {
    const asked: number[] = [];
    const { clock, timeIsUp } = clockOf();
    const asker = patientAsker({
      ...clock,
      sleep: (ms, signal) => {
        asked.push(ms);
        return clock.sleep(ms, signal);
      },
    });
    await asker(question(() => Promise.resolve(unknown('timeout', 'no answer', 5_000, 's'))));
    asked.length = 0;
    const source = slowSource();
    const reading = asker(question(source.ask, { patienceMs: 700, ...more }));
    await settled();
    timeIsUp();
    expect(await reading).toMatchObject({ kind: 'unknown', fault: 'timeout' });
    return asked;
  };

  it('is hardly waited for', async () => {
    expect(await silentThen({})).toEqual([100]);
  });

  it('is waited for where a decision needs its word', async () => {
    expect(await silentThen({ anew: true })).toEqual([700]);
  });

  it('is waited for less where clients wait as well', async () => {
    expect(await silentThen({ anew: true, silentMs: 300 })).toEqual([300]);
  });
});
