import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lifeOf, samplesIn, waitsIn } from '../../../scripts/alerts/judge.mjs';

const steps = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const AT = { faultS: 100, healedS: 160, untilS: 200, waits: true };

describe('an alert that Prometheus kept', () => {
  it('was pending, firing and gone, each by itself', () => {
    expect(lifeOf({ pending: steps(104, 109), firing: steps(110, 170) }, AT)).toEqual({
      pending: 4,
      firing: 10,
      resolved: 10,
      missing: [],
    });
  });

  it('is not proved pending by firing', () => {
    const { pending, missing } = lifeOf({ pending: [], firing: steps(110, 170) }, AT);
    expect([pending, missing]).toEqual([null, ['pending']]);
  });

  it('that has no time to wait is never pending, and lacks nothing', () => {
    expect(lifeOf({ pending: [], firing: steps(110, 170) }, { ...AT, waits: false }).missing).toEqual([]);
  });

  it('is not pending by what was over long before it fired', () => {
    expect(lifeOf({ pending: steps(101, 102), firing: steps(140, 170) }, AT).missing).toEqual(['pending']);
    expect(lifeOf({ pending: [...steps(101, 102), ...steps(136, 139)], firing: steps(140, 170) }, AT)).toMatchObject({
      pending: 36,
      missing: [],
    });
  });

  it('is not pending or firing by what stood before the fault', () => {
    expect(lifeOf({ pending: steps(90, 95), firing: steps(96, 99) }, AT).missing).toEqual([
      'pending',
      'firing',
      'resolved',
    ]);
  });

  it('that only was pending did not fire, and what never fired is not resolved', () => {
    expect(lifeOf({ pending: steps(104, 120), firing: [] }, AT).missing).toEqual(['pending', 'firing', 'resolved']);
  });

  it('that still fires when it is looked at last, or is pending again, is not resolved', () => {
    expect(lifeOf({ pending: steps(104, 109), firing: steps(110, 199) }, AT).missing).toEqual(['resolved']);
    expect(lifeOf({ pending: [...steps(104, 109), 198], firing: steps(110, 170) }, AT).missing).toEqual(['resolved']);
  });
});

it('samples of several series of one alert are one list', () => {
  const of = (alertstate: string, member: string, at: number) => ({
    metric: { alertname: 'A', alertstate, member },
    values: [[at, '1']] as const,
  });
  expect(samplesIn([of('firing', 'b', 9), of('firing', 'a', 7), of('pending', 'a', 5)]).get('A')).toEqual({
    pending: [5],
    firing: [7, 9],
  });
});

it('every rule of the file is known, and those without a `for` among them', () => {
  const text = readFileSync(new URL('../../../config/prometheus/ekimi.rules.yml', import.meta.url), 'utf8');
  const waits = waitsIn(text);
  expect(waits.size).toBe(text.match(/- alert:/g)?.length);
  expect([...waits].filter(([, has]) => !has).map(([name]) => name)).toEqual([
    'EkimiStalled',
    'EkimiProblem',
    'EkimiBudgetUsed',
    'EkimiBreakerOpen',
  ]);
});
