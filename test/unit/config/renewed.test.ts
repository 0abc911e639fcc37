import { describe, expect, it } from 'vitest';
import { KEPT_RENEWALS, learningRedactorOf } from '../../../src/config/redactor.js';
import type { ApiToken, EkimiConfig } from '../../../src/model/config.js';
import { accepted, configFrom, CONTRACT_CONFIG } from './files.js';

const secretOf = (renewal: number): string => `token-of-renewal-number-${renewal}-and-no-other`;

const configWith = (...secrets: readonly string[]): EkimiConfig => {
  const config = accepted(configFrom(CONTRACT_CONFIG));
  const tokens = secrets.map((token, at): ApiToken => ({ name: `bot${at}`, role: 'operator', token }));
  return { ...config, api: { ...config.api, tokens } };
};

describe('a token that is renewed again and again', () => {
  const redact = learningRedactorOf(configWith(secretOf(0)));
  for (let renewal = 1; renewal <= 20; renewal += 1) {
    redact.learn(configWith(secretOf(renewal)));
    // A SIGHUP that renews nothing is none.
    for (let again = 0; again < 3; again += 1) redact.learn(configWith(secretOf(renewal)));
  }
  const shows = (renewal: number): boolean => redact.text(`x ${secretOf(renewal)} x`).includes(secretOf(renewal));

  it('is hidden, and so is each former one for as many renewals as are kept', () => {
    for (let renewal = 20; renewal >= 20 - KEPT_RENEWALS; renewal -= 1) expect(shows(renewal)).toBe(false);
  });

  it('is looked for no longer after that, but for the secrets of the start, which may be in use until the end', () => {
    for (let renewal = 19 - KEPT_RENEWALS; renewal >= 1; renewal -= 1) expect(shows(renewal)).toBe(true);
    expect(shows(0)).toBe(false);
  });

  // Each renewal compiles the patterns of nine secrets anew: seconds on a busy machine.
  it('that stays while another one is renewed stays hidden', { timeout: 30_000 }, () => {
    const two = learningRedactorOf(configWith());
    for (let renewal = 1; renewal <= 20; renewal += 1) two.learn(configWith('the-one-that-stays', secretOf(renewal)));
    expect(two.text('the-one-that-stays')).not.toContain('stays');
  });
});
