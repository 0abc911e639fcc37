import { describe, expect, it } from 'vitest';
import { runInput } from '../../../src/decide/run-left.js';
import type { Json } from '../../../src/model/plan.js';
import { freshValue } from '../../../src/model/reading.js';
import { removeMember } from '../../../src/procedures/remove-member.js';
import { inMaintenance } from '../../support/staged/add-replica.js';
import {
  configKey,
  inputOf,
  isPrimary,
  keys,
  leaderKey,
  noProxy,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const MINUTE_MS = 60_000;

/** The key `config` in etcd, word for word. */
const slotsKeptFor =
  (ttl: Json): Change =>
  (view) => {
    const config = freshValue(configKey({})(view).dcs.keys)?.config;
    if (config?.known !== true) throw new Error('no configuration');
    return keys({ config: { ...config, document: ttl === null ? {} : { member_slots_ttl: ttl } } })(view);
  };

describe('the slot of a member that is removed', () => {
  it.each([
    ['not named', null, 45 * MINUTE_MS],
    ['shorter', '10min', 45 * MINUTE_MS],
    ['hours', '2h', 120 * MINUTE_MS + 20_000],
    ['a number of seconds', 7200, 120 * MINUTE_MS + 20_000],
    ['no time at all', 'soon', 45 * MINUTE_MS],
  ])('is waited for as long as Patroni keeps it, member_slots_ttl: %s', (_, ttl, withinMs) => {
    const slot = { name: 'patroni3', active: true, retainedBytes: 0, walStatus: 'reserved' };
    const view = viewOf(sql('patroni1', { slots: [slot] }), slotsKeptFor(ttl));
    const left = [...removeMember.remaining(runInput(inputOf([], { view }), {}), { member: 'patroni3' })];
    expect(left.find(({ key }) => key === 'slot of patroni3')).toMatchObject({ kind: 'wait', withinMs });
  });
});

describe('a member that is to be removed', () => {
  const inputWith = (...changes: readonly Change[]) => runInput(inputOf([], { view: viewOf(...changes) }), {});
  const asked = (...changes: readonly Change[]) =>
    removeMember.goal(inputWith(...changes), { member: 'patroni3', candidate: null, back: false, parameters: {} });

  it('and is stopped is not while a proxy is silent, which may have a server of it open', () => {
    const why = expect.stringContaining('cannot be told') as string;
    expect(asked(stopped('patroni3'), noProxy)).toEqual({ kind: 'refused', why });
    expect(asked(stopped('patroni3'))).toMatchObject({ kind: 'goal' });
  });

  it.each<readonly [string, readonly Change[], boolean]>([
    ['nothing was done yet', [], false],
    [
      'it leads, with its servers closed',
      [leaderKey('patroni3'), isPrimary('patroni3'), inMaintenance('patroni3', true)],
      false,
    ],
    ['its servers are closed', [inMaintenance('patroni3', true)], true],
    ['it is stopped', [stopped('patroni3')], true],
  ])('ended where %s, is told the way back only if there is one', (_, changes, isTold) => {
    const text = removeMember.onward(inputWith(...changes), { member: 'patroni3' });
    expect(text).toMatch(/^ekimi run-procedure remove-member patroni3; /);
    expect(text.includes('; back: ekimi run-procedure add-replica patroni3; ')).toBe(isTold);
  });
});
