import { describe, expect, test, vi } from 'vitest';
import { onceOfMember, onceOfView } from '../../../src/model/of-view.js';
import type { ClusterView, MemberView } from '../../../src/model/view.js';

const viewOf = (...names: readonly string[]): ClusterView =>
  ({ members: names.map((name) => ({ name })) }) as unknown as ClusterView;
const memberAt = (view: ClusterView, index: number): MemberView => {
  const member = view.members[index];
  if (member === undefined) throw new Error(`no member ${index}`);
  return member;
};

describe('what follows from a view alone', () => {
  test('is found once for each view, and anew for one that is no more than equal', () => {
    const find = vi.fn((view: ClusterView) => view.members.length);
    const count = onceOfView(find);
    const [one, other] = [viewOf('a'), viewOf('a', 'b')];
    expect([count(one), count(one), count(other), count(one), count(viewOf('a'))]).toEqual([1, 1, 2, 1, 1]);
    expect(find).toHaveBeenCalledTimes(4);
  });

  test("is no other view's after a throw", () => {
    const bad = viewOf();
    const count = onceOfView((view) => {
      if (view === bad) throw new Error('nobody');
      return view.members.length;
    });
    const good = viewOf('a', 'b');
    expect(count(good)).toBe(2);
    expect(() => count(bad)).toThrow('nobody');
    expect(() => count(bad)).toThrow('nobody');
    expect(count(good)).toBe(2);
  });

  test('is found for another view in the midst of it', () => {
    const inner = viewOf('a');
    const count: (view: ClusterView) => number = onceOfView((view) =>
      view === inner ? 1 : 10 * view.members.length + count(inner),
    );
    const outer = viewOf('a', 'b');
    expect([count(outer), count(outer), count(inner)]).toEqual([21, 21, 1]);
  });

  test('is found once for each member, and anew for a copy of one and for one of another view', () => {
    const find = vi.fn((view: ClusterView, member: MemberView) => `${member.name} of ${view.members.length}`);
    const told = onceOfMember(find);
    const [one, other] = [viewOf('a', 'b'), viewOf('a')];
    expect(told(one, memberAt(one, 0))).toBe('a of 2');
    expect(told(one, memberAt(one, 0))).toBe('a of 2');
    expect(told(one, memberAt(one, 1))).toBe('b of 2');
    expect(find).toHaveBeenCalledTimes(2);
    expect(told(one, { ...memberAt(one, 1), name: memberAt(other, 0).name })).toBe('a of 2');
    expect(told(other, memberAt(other, 0))).toBe('a of 1');
    expect(find).toHaveBeenCalledTimes(4);
  });
});
