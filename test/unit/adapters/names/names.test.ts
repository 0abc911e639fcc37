import { describe, expect, it } from 'vitest';
import { namesAdapter } from '../../../../src/adapters/names/names.js';
import { freshValue } from '../../../../src/model/reading.js';

const clockAt = (now: { ms: number }) => ({
  now: () => now.ms,
  monotonic: () => now.ms,
  sleep: () => Promise.resolve(),
});

describe('[W2] what names resolve to', () => {
  it('is every address, each once, in one order; a name that is nobody’s is absent', async () => {
    const port = namesAdapter(clockAt({ ms: 0 }), (host) =>
      host === 'pg9'
        ? Promise.reject(new Error('ENOTFOUND'))
        : Promise.resolve(['10.0.0.2', '10.0.0.1', '10.0.0.2'].map((address) => ({ address }))),
    );
    expect(freshValue(await port.resolve(['pg1', 'pg9']))).toEqual({ pg1: ['10.0.0.1', '10.0.0.2'] });
  });

  it('stays known for an hour while the resolver is away, and follows it when it answers', async () => {
    const now = { ms: 0 };
    let answer: string | null = '10.0.0.1';
    const port = namesAdapter(clockAt(now), () =>
      answer === null ? Promise.reject(new Error('EAI_AGAIN')) : Promise.resolve([{ address: answer }]),
    );
    const told = async () => freshValue(await port.resolve(['pg1']));
    expect(await told()).toEqual({ pg1: ['10.0.0.1'] });
    answer = null;
    now.ms = 3_600_000;
    expect(await told()).toEqual({ pg1: ['10.0.0.1'] });
    now.ms += 1;
    expect(await told()).toEqual({});
    answer = '10.0.0.7';
    expect(await told()).toEqual({ pg1: ['10.0.0.7'] });
  });

  it('are asked for one after the other, so that a resolver that hangs holds one thread', async () => {
    let open = 0;
    let most = 0;
    const port = namesAdapter(clockAt({ ms: 0 }), async () => {
      open += 1;
      most = Math.max(most, open);
      await Promise.resolve();
      open -= 1;
      return [{ address: '10.0.0.1' }];
    });
    await port.resolve(['a', 'b', 'c']);
    expect(most).toBe(1);
  });

  it('of this very host come from the system', async () => {
    const names = freshValue(await namesAdapter(clockAt({ ms: 0 })).resolve(['localhost']));
    expect(names?.['localhost']?.some((address) => /^127\.|^::1$/.test(address))).toBe(true);
  });
});
