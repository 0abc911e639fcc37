import { describe, expect, it } from 'vitest';
import { isWhole } from '../../../src/kernel/fresh-look.js';
import type { Plan } from '../../../src/model/plan.js';
import { fresh, notConfigured, unknown, type Reading } from '../../../src/model/reading.js';
import type { ClusterView, MemberView } from '../../../src/model/view.js';
import { memberName } from '../../../src/model/names.js';
import { seenOf, withSeen } from '../../support/proxies.js';
import { viewOf } from '../../support/view.js';

const late: Reading<never> = unknown('not-read-yet', 'awaited beside the passes', 0, '');
const plan = {
  action: 'proxy-nudge',
  target: memberName('patroni2'),
  because: { code: 'proxy-behind', subject: 'patroni2' },
  params: { down: ['patroni1'] },
} as unknown as Plan;

const ledBy = (view: ClusterView, holder: string): ClusterView => {
  const { keys } = view.dcs;
  if (keys.kind !== 'fresh') throw new Error('etcd answers');
  const leader = { ...keys.value.leader, holder: memberName(holder) };
  return { ...view, dcs: { ...view.dcs, keys: { ...keys, value: { ...keys.value, leader } } } };
};
const whole = ledBy(viewOf(), 'patroni2');
const withMember = (name: string, change: Partial<MemberView>): ClusterView => ({
  ...whole,
  members: whole.members.map((member) => (member.name === name ? { ...member, ...change } : member)),
});
const withPooler = (seen: Reading<{ databases: readonly [] }>): ClusterView =>
  ({ ...whole, poolers: [{ name: 'bouncer', seen }] }) as unknown as ClusterView;

describe('everybody who has a say answered in the look of a pass', () => {
  it.each([
    ['all of them', whole, true],
    ['etcd not', { ...whole, dcs: { ...whole.dcs, keys: late } }, false],
    ['a proxy not', withSeen(whole, late), false],
    ['a pooler', withPooler(fresh({ databases: [] }, 0, '')), true],
    ['a pooler not', withPooler(late), false],
    ['the new leader not, by its API', withMember('patroni2', { api: late }), false],
    ['the new leader not, by SQL', withMember('patroni2', { sql: late }), false],
    ['SQL is not configured', withMember('patroni2', { sql: notConfigured('sql', 0) }), true],
    ['who is called down not', withMember('patroni1', { sql: late }), false],
    ['a bystander not', withMember('patroni3', { sql: late }), true],
  ] as const)('%s: %#', (_who, view, expected) => {
    expect(isWhole(view, plan)).toBe(expected);
  });

  it('the proxy of these views answers', () => {
    expect(seenOf(whole).kind).toBe('fresh');
  });
});
