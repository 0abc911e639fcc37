import { describe, expect, it } from 'vitest';
import { isAgreed } from '../../../src/decide/runs.js';
import { unreadIn } from '../../../src/decide/unread.js';
import { STAGED_NAMES } from '../../../src/model/staged.js';
import { STAGED } from '../../../src/procedures/index.js';
import { momentsOf } from '../../support/staged/case.js';
import { STAGED_CASES } from '../../support/staged/cases.js';
import { noEtcd, noProxy, silent, type Change } from '../../support/view.js';

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
const UNREAD: readonly { readonly what: string; readonly change: Change }[] = [
  { what: 'etcd', change: noEtcd },
  { what: 'the proxy', change: noProxy },
  ...MEMBERS.flatMap((name) =>
    (['api', 'sql', 'host'] as const).map((channel) => ({
      what: `${channel} of ${name}`,
      change: silent(name, channel),
    })),
  ),
];
const ALL = STAGED_NAMES.flatMap((name) =>
  STAGED_CASES[name].flatMap((of) => UNREAD.map((unread) => ({ name, of, title: of.title, ...unread }))),
);

describe('an answer that is missing in one pass', () => {
  it.each(ALL)(
    '$name ($title): $what adds no stage that nobody agreed to, and sends no other one',
    ({ name, of, change }) => {
      const procedure = STAGED[name];
      const moments = momentsOf(procedure, of);
      const agreed = moments[0]?.left.map(({ key }) => key) ?? [];
      for (const { input, left, goal, done } of moments) {
        const blind = { ...input, view: change(input.view) };
        if (procedure.refuse(blind, goal) !== null) continue;
        const now = [...procedure.remaining(blind, goal)];
        const keys = now.map(({ key }) => key);
        const where = `left ${left.map(({ key }) => key).join(', ')}; unread ${keys.join(', ')}`;
        const isDoubtful = !isAgreed(keys, agreed) || keys.some((key) => done.includes(key));
        // Then the frame waits for what was not read.
        if (isDoubtful) expect(unreadIn(blind.view), where).not.toEqual([]);
        else if (now[0]?.kind !== 'wait') expect(keys[0], where).toBe(left[0]?.key);
      }
    },
  );
});
