import { describe, expect, it } from 'vitest';
import { runInput } from '../../../src/decide/run-left.js';
import { evacuateMember } from '../../../src/procedures/evacuate-member.js';
import { removeMember } from '../../../src/procedures/remove-member.js';
import type { Ledger } from '../../../src/model/ledger.js';
import {
  drainedByUs,
  inputOf,
  ledgerOf,
  noProxy,
  NOW_MS,
  proxyServer,
  viewOf,
  type Change,
} from '../../support/view.js';

const MEMBER = 'patroni3';
const GOAL = { member: MEMBER, then: 'stop', sessions: 'wait', candidate: null } as const;
const ASK = { member: MEMBER, candidate: null, back: false, parameters: {} };

const left = (...changes: readonly Change[]): readonly string[] => {
  const view = viewOf(...changes);
  const input = runInput(inputOf([], { view, ledger: drainedByUs(MEMBER) }), {});
  return [...evacuateMember.remaining(input, GOAL)].map(({ key }) => key);
};

describe('readers that are waited for', () => {
  it('are waited for while one has a session, and while a proxy does not say', () => {
    expect(left()).toContain('sessions patroni3');
    expect(left(noProxy)).toContain('sessions patroni3');
    expect(left(proxyServer('postgres_replicas', MEMBER, { sessions: 0 }))).not.toContain('sessions patroni3');
  });

  it('are none of a member that no proxy has', () => {
    const without: Change = (view) => ({
      ...view,
      proxies: view.proxies.map((proxy) => ({
        ...proxy,
        seen: { kind: 'fresh', value: { servers: [] }, atMs: view.atMs, source: 'proxy' },
      })),
    });
    expect(left(without)).not.toContain('sessions patroni3');
  });
});

describe('a member whose way out was cut off by a recovery', () => {
  const half = (removed: boolean): Ledger => {
    const run = { id: 'r-1', displaced: true } as NonNullable<Ledger['procedures']>[number];
    const row = { member: MEMBER, by: 'alice', reason: 'new memory', sinceMs: NOW_MS, run: 'r-1' };
    return ledgerOf({ evacuations: [removed ? { ...row, removed } : row], procedures: [run] });
  };
  const inputWith = (ledger: Ledger) => runInput(inputOf([], { view: viewOf(), ledger }), {});

  it('may be taken out, or removed, to the end', () => {
    expect(evacuateMember.goal(inputWith(half(false)), ASK)).toMatchObject({ kind: 'goal' });
    expect(removeMember.goal(inputWith(half(true)), ASK)).toMatchObject({ kind: 'goal' });
  });

  it('and one that a person has taken out stays theirs', () => {
    const taken = { ...half(false), procedures: [] };
    expect(evacuateMember.goal(inputWith(taken), ASK)).toMatchObject({ kind: 'refused' });
    expect(removeMember.goal(inputWith(taken), ASK)).toMatchObject({ kind: 'refused' });
  });
});
