import { describe, expect, it } from 'vitest';
import { booleanFrom, roleFrom, rowRoleFrom, stateFrom, tagsFrom } from '../../../../src/adapters/patroni/words.js';

describe('states by prefix', () => {
  it.each([
    ['running', 'running'],
    ['running custom bootstrap script', 'custom-bootstrap'],
    ['custom bootstrap failed', 'custom-bootstrap-failed'],
    ['starting', 'starting'],
    ['starting after custom bootstrap', 'starting'],
    ['start failed', 'start-failed'],
    ['restarting', 'restarting'],
    ['restart failed', 'restart-failed'],
    ['restart failed (start failed)', 'restart-failed'],
    ['restart failed (starting)', 'restart-failed'],
    ['stopping', 'stopping'],
    ['stopped', 'stopped'],
    ['stop failed', 'stop-failed'],
    ['crashed', 'crashed'],
    ['creating replica', 'creating-replica'],
    ['initializing new cluster', 'initializing'],
    ['initdb failed', 'initdb-failed'],
    ['streaming', 'streaming'],
    ['in archive recovery', 'in-archive-recovery'],
    ['unknown', 'unknown'],
    ['a word of a later version', 'other'],
    ['', 'other'],
  ])('"%s" is %s', (words, state) => {
    expect(stateFrom(words)).toBe(state);
  });
});

describe('roles of every version', () => {
  it.each([
    ['master', 'primary'],
    ['primary', 'primary'],
    ['replica', 'replica'],
    ['standby_leader', 'standby-leader'],
    ['demoted', 'demoted'],
    ['promoted', 'promoted'],
    ['uninitialized', 'uninitialized'],
    ['something new', 'other'],
  ])('"%s" is %s', (word, role) => {
    expect(roleFrom(word)).toBe(role);
  });

  it('a row of /cluster that says something new is "other", not a replica', () => {
    expect(rowRoleFrom('witness')).toBe('other');
  });
});

describe('tags', () => {
  it('follow Python’s truth: quoted "false" is true', () => {
    expect(tagsFrom({ noloadbalance: 'false' }).noloadbalance).toBe(true);
    expect(tagsFrom({ noloadbalance: '' }).noloadbalance).toBe(false);
    expect(tagsFrom({ noloadbalance: 0 }).noloadbalance).toBe(false);
  });

  it('a priority of 0 forbids, unless the older tag says otherwise', () => {
    expect(tagsFrom({ failover_priority: 0 }).nofailover).toBe(true);
    expect(tagsFrom({ failover_priority: '0' }).nofailover).toBe(true);
    expect(tagsFrom({ failover_priority: 2 }).nofailover).toBe(false);
    expect(tagsFrom({ failover_priority: 0, nofailover: false }).nofailover).toBe(false);
    expect(tagsFrom({ sync_priority: 0 }).nosync).toBe(true);
  });

  it('that we do not know are kept as they are', () => {
    expect(tagsFrom({ datacenter: 'b', clonefrom: true })).toMatchObject({ clonefrom: true, raw: { datacenter: 'b' } });
  });
});

it('yes and no in the dynamic configuration come as booleans, words or digits', () => {
  expect(['on', 'TRUE', 'yes', 1, '1', true].map(booleanFrom)).toEqual([true, true, true, true, true, true]);
  expect(['off', 'False', 'no', 0, '0', false].map(booleanFrom)).toEqual([false, false, false, false, false, false]);
  expect(['quorum', null, undefined, {}].map(booleanFrom)).toEqual([null, null, null, null]);
});
