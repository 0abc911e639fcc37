import { describe, expect, it } from 'vitest';
import { authorize } from '../../../src/api/auth.js';
import { ApiError } from '../../../src/api/errors.js';
import { Lockout } from '../../../src/api/lockout.js';

const LIMITS = { wrong: 3, withinMs: 1_000, lockedMs: 5_000, addresses: 4 };
const at = (start = 0) => {
  const clock = { ms: start };
  return { clock, lockout: new Lockout(() => clock.ms, LIMITS) };
};
const LONG = 'a-token-of-enough-length';
const CONFIG = {
  host: '127.0.0.1',
  port: 0,
  tokens: [
    { name: 'dba', role: 'operator', token: LONG },
    { name: 'weak', role: 'operator', token: 'short' },
  ],
} as const;
const knock = (token: string, remoteAddress = '10.0.0.9') => ({
  remoteAddress,
  headers: { authorization: `Bearer ${token}` },
});

describe('wrong tokens', () => {
  it('lock their address after as many as the limit, for a time, told once', () => {
    const { clock, lockout } = at();
    expect([1, 2, 3, 4].map(() => lockout.wrong('10.0.0.9'))).toEqual([false, false, true, false]);
    expect(lockout.lockedMs('10.0.0.9')).toBe(5_000);
    expect(lockout.lockedMs('10.0.0.8')).toBe(0);
    clock.ms = 5_000;
    expect(lockout.lockedMs('10.0.0.9')).toBe(0);
  });

  it('while it is locked count for nothing: a forgotten script locks its host for that time, not for ever', () => {
    const { clock, lockout } = at();
    for (let wrong = 0; wrong < 3; wrong += 1) lockout.wrong('10.0.0.9');
    for (clock.ms = 4_100; clock.ms < 5_000; clock.ms += 100) lockout.wrong('10.0.0.9');
    clock.ms = 5_000;
    expect(lockout.wrong('10.0.0.9')).toBe(false);
    expect(lockout.lockedMs('10.0.0.9')).toBe(0);
  });

  it('that are far apart lock nobody', () => {
    const { clock, lockout } = at();
    for (let ms = 0; ms < 10_000; ms += 1_000) {
      clock.ms = ms;
      expect(lockout.wrong('10.0.0.9')).toBe(false);
    }
  });

  it('of thousands of addresses are remembered for a few, and an IPv6 host is one by its /64', () => {
    const { lockout } = at();
    for (let host = 0; host < 5_000; host += 1) lockout.wrong(`10.0.${host >> 8}.${host & 255}`);
    expect(lockout.size).toBe(4);
    for (let host = 0; host < 3; host += 1) lockout.wrong(`2001:db8:1:2::${host}`);
    expect(lockout.lockedMs('2001:db8:1:2:ffff::1')).toBeGreaterThan(0);
  });

  it('never lock a right token out, so that a neighbour cannot keep the operator from the kill switch', () => {
    const { lockout } = at();
    const ask = (token: string): unknown => {
      try {
        return authorize('operator', knock(token), CONFIG, { proxySeen: false }, lockout)?.name;
      } catch (error) {
        return error instanceof ApiError ? [error.status, error.code, error.locked?.isNews] : error;
      }
    };
    const wrong = [401, 'token-unknown', undefined];
    expect(['x', 'y', 'z', 'z'].map(ask)).toEqual([
      wrong,
      wrong,
      [429, 'too-many-wrong-tokens', true],
      [429, 'too-many-wrong-tokens', false],
    ]);
    expect(ask(LONG)).toBe('dba');
    // One that could be guessed is not compared.
    expect(ask('short')).toEqual([429, 'too-many-wrong-tokens', false]);
  });
});

describe('approving', () => {
  const ask = (role: 'viewer' | 'operator' | 'approver' | 'recovery', others: readonly 'approver'[]) => () =>
    authorize('approver', knock(LONG), {
      ...CONFIG,
      tokens: [
        { name: 'me', role, token: LONG },
        ...others.map((one) => ({ name: one, role: one, token: 'another-token-of-length' })),
      ],
    })?.name;

  it('is for operators while no token has the role approver, as it was before that role', () => {
    expect(ask('operator', [])()).toBe('me');
    expect(ask('viewer', [])).toThrow(/operator is needed/);
  });

  it('is for approvers, and those with the right to recover, as soon as one has', () => {
    expect(ask('operator', ['approver'])).toThrow(/approver is needed/);
    expect(ask('approver', [])()).toBe('me');
    expect(ask('recovery', ['approver'])()).toBe('me');
  });
});
