import { describe, expect, it } from 'vitest';
import { Turnstile } from '../../../src/api/turnstile.js';

describe('[A4] heavy reading', () => {
  it('runs few at once, lets some wait, and turns the rest away', async () => {
    const turnstile = new Turnstile({ atOnce: 2, waiting: 3 });
    const release: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const read = (): Promise<string> =>
      turnstile.pass(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        return 'read';
      });
    const all = Array.from({ length: 120 }, () => read().catch((error: unknown) => (error as { code: string }).code));
    for (let turn = 0; turn < 20; turn += 1) {
      release.splice(0).forEach((go) => {
        go();
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answers = await Promise.all(all);
    expect(most).toBe(2);
    expect(answers.filter((answer) => answer === 'read')).toHaveLength(5);
    expect(answers.filter((answer) => answer === 'too-many-reads')).toHaveLength(115);
  });

  it('goes on after work that failed', async () => {
    const turnstile = new Turnstile({ atOnce: 1, waiting: 1 });
    await expect(turnstile.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(turnstile.pass(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });
});
