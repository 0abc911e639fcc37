import { describe, expect, it } from 'vitest';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import type { DcsKeys } from '../../../src/model/dcs.js';
import type { Memory } from '../../../src/model/states.js';
import type { ClusterView } from '../../../src/model/view.js';
import { keys, leaderKey, noEtcd, NOW_MS, silent, viewOf, type Change } from '../../support/view.js';

type Wish = NonNullable<DcsKeys['failover']>;

const at = (second: number, ...changes: readonly Change[]): ClusterView => ({
  ...viewOf(...changes),
  atMs: NOW_MS + second * 1000,
});

const asked = (part: Partial<Wish> = {}): Change =>
  keys({ failover: { leader: 'patroni1', member: null, scheduledAt: null, ...part } });
const inSeconds = (second: number): string => new Date(NOW_MS + second * 1000).toISOString();

const nobody = leaderKey(null);
const patroni2 = leaderKey('patroni2');

const remembered = (...views: readonly ClusterView[]): Memory =>
  views.reduce((memory, view) => remember(memory, view), FRESH_MEMORY);

describe('a change of leader was asked for', () => {
  it.each<[string, readonly ClusterView[]]>([
    ['by a switchover, seen before it', [at(2, asked()), at(4, nobody), at(6, patroni2)]],
    ['by a switchover, seen only while nobody led', [at(4, nobody, asked()), at(6, patroni2)]],
    ['by a switchover to this one', [at(2, asked({ member: 'patroni2' })), at(6, patroni2)]],
    ['by a failover from a leader that answers', [at(2, asked({ leader: null, member: 'patroni2' })), at(6, patroni2)]],
    ['by an appointment that is due', [at(2, asked({ scheduledAt: inSeconds(4) })), at(4, nobody), at(6, patroni2)]],
    ['by a switchover, with etcd lost for one pass', [at(2, asked()), at(4, noEtcd), at(6, patroni2)]],
  ])('%s', (_name, views) => {
    expect(remembered(at(0), ...views)).toMatchObject({
      lastLeader: 'patroni2',
      lastLeaderChangeAsked: true,
      leaderWish: null,
    });
  });

  it.each<[string, readonly ClusterView[]]>([
    ['by nobody', [at(4, nobody), at(6, patroni2)]],
    ['from another leader', [at(2, asked({ leader: 'patroni3' })), at(6, patroni2)]],
    ['to another one', [at(2, asked({ member: 'patroni3' })), at(6, patroni2)]],
    ['as the answer to its death', [at(4, nobody, asked({ leader: null, member: 'patroni2' })), at(6, patroni2)]],
    [
      'as the answer to its silence',
      [at(2, silent('patroni1', 'api'), asked({ leader: null, member: 'patroni2' })), at(6, patroni2)],
    ],
    ['and taken back before the leader died', [at(2, asked()), at(4), at(20, nobody), at(22, patroni2)]],
    ['for tomorrow', [at(2, asked({ scheduledAt: inSeconds(86_400) })), at(4, nobody), at(6, patroni2)]],
    ['long before', [at(2, asked()), at(4, nobody), at(90, patroni2)]],
  ])('is not so: %s', (_name, views) => {
    expect(remembered(at(0), ...views)).toMatchObject({ lastLeader: 'patroni2', lastLeaderChangeAsked: false });
  });

  it('once for each request', () => {
    const memory = remembered(at(0), at(2, asked()), at(4, patroni2), at(20, leaderKey('patroni1')));
    expect(memory).toMatchObject({ lastLeader: 'patroni1', lastLeaderChangeAsked: false });
  });
});
