import { describe, expect, it } from 'vitest';
import { assessAsides } from '../../../src/assess/asides.js';
import { whyAnew, whyEmpty, whyNotLost } from '../../../src/assess/lost-stores.js';
import { whyNoneToSpare } from '../../../src/assess/stores.js';
import { fresh, notConfigured, unknown } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import { asideSuffix } from '../../../src/model/aside.js';
import { reseedDcs } from '../../../src/procedures/reseed-dcs.js';
import { runInput } from '../../../src/decide/run-left.js';
import { inputOf, NOW_MS, viewOf } from '../../support/view.js';

const member = (id: string, isLearner = false) => ({ id, name: id, clientUrls: [], isLearner });

/** Endpoints that serve, each the member of that id. */
function storesOf(ids: readonly string[], members: readonly ReturnType<typeof member>[]): ClusterView {
  const view = viewOf();
  const [one] = view.dcs.endpoints;
  if (one?.status.kind !== 'fresh') throw new Error('no endpoint');
  const told = one.status.value;
  const endpoints = ids.map((id, index) => ({
    ...one,
    name: `etcd${index + 1}`,
    status: fresh({ ...told, name: `etcd${index + 1}`, memberId: id }, NOW_MS, id),
  }));
  return { ...view, dcs: { ...view.dcs, endpoints, membership: fresh({ members }, NOW_MS, 'members') } };
}

describe('whether etcd can do without a member', () => {
  const voters = [member('a'), member('b'), member('c')];

  it('the others are a majority of those that vote', () => {
    expect(whyNoneToSpare(storesOf(['a', 'b', 'c'], voters), 'etcd1')).toBeNull();
    expect(whyNoneToSpare(storesOf(['a', 'b'], voters), 'etcd1')).toContain('only 1 of 3');
  });

  it('a learner has no vote, and a second name of a member is no second member', () => {
    const withLearner = [...voters.slice(0, 2), member('c', true)];
    expect(whyNoneToSpare(storesOf(['a', 'b', 'c'], withLearner), 'etcd1')).toContain('only 1 of 2');
    expect(whyNoneToSpare(storesOf(['a', 'b', 'b'], voters), 'etcd1')).toContain('only 1 of 3');
  });
});

describe('what the data directory of an etcd member holds', () => {
  const view = viewOf();
  const silent = unknown('timeout', 'no answer', NOW_MS, 'etcd1');
  const without = { ...view, dcs: { ...view.dcs, keys: silent } };
  const holding = (data: NonNullable<ClusterView['storeData']>[string]): ClusterView => ({
    ...without,
    storeData: { etcd1: data },
  });
  const empty = holding(fresh({ holds: 'nothing' }, NOW_MS, 'host'));
  const full = holding(fresh({ holds: 'member' }, NOW_MS, 'host'));

  it('and is unread keeps it from being started as much as nothing does; a driver that tells nothing keeps nobody', () => {
    expect(whyEmpty(empty, 'etcd1')).toContain('is empty');
    expect(whyEmpty(holding(silent), 'etcd1')).toContain('cannot be read: no answer');
    expect(whyEmpty(full, 'etcd1')).toBeNull();
    expect(whyEmpty(without, 'etcd1')).toBeNull();
    expect(whyEmpty(holding(notConfigured('hosts.dcsData', NOW_MS)), 'etcd1')).toBeNull();
  });

  it('is looked at again before it begins anew, and no member of Patroni may run then', () => {
    const running = whyAnew(empty, 'etcd1');
    expect(running).toContain('may lead in an empty etcd');
    const members = empty.members.map((one) => ({
      ...one,
      host: fresh(
        {
          id: 'x',
          state: 'stopped' as const,
          startedAtMs: null,
          finishedAtMs: null,
          exitCode: 0,
          oomKilled: false,
          restartCount: 0,
        },
        NOW_MS,
        'host',
      ),
    }));
    expect(whyAnew({ ...empty, members }, 'etcd1')).toBeNull();
    expect(whyAnew({ ...full, members }, 'etcd1')).toContain('has data');
    expect(whyAnew({ ...holding(silent), members }, 'etcd1')).toContain('has not been read');
  });
});

describe('what lies aside', () => {
  const GIB = 1024 ** 3;
  const found = (bytes: readonly (number | null)[], agedMs = 0) => {
    const name = (index: number) => `data.${asideSuffix(NOW_MS - agedMs - index * 1000)}`;
    const listed = bytes.map((size, index) => ({ name: name(index), path: `/var/lib/${name(index)}`, bytes: size }));
    const view = { ...viewOf(), asides: { patroni3: fresh(listed, NOW_MS, 'asides') } };
    const volume = { path: '/', totalBytes: 100 * GIB, freeBytes: 10 * GIB };
    const members = view.members.map((row) => ({ ...row, disk: fresh({ data: volume, wal: null }, NOW_MS, 'disk') }));
    const { states, ledger, policy } = inputOf([], { view });
    return assessAsides({ view: { ...view, members } as ClusterView, memory: states.memory, ledger, policy });
  };

  it('and was not counted is unknown, and told so: it is not nothing', () => {
    expect(found([GIB])).toEqual([]);
    expect(found([GIB, null])).toMatchObject([{ verdict: 'unknown', code: 'aside-overdue', subject: 'patroni3' }]);
    expect(JSON.stringify(found([null]))).toContain('size not counted');
  });

  it('of an etcd member for too long is told under its name', () => {
    const one = { name: `member.${asideSuffix(NOW_MS - 365 * 86_400_000)}`, path: '/etcd-data/member', bytes: GIB };
    const view = { ...viewOf(), storeAsides: { etcd2: fresh([one], NOW_MS, 'asides') } };
    const { states, ledger, policy } = inputOf([], { view });
    expect(assessAsides({ view, memory: states.memory, ledger, policy })).toMatchObject([
      { verdict: 'seen', code: 'aside-overdue', subject: 'etcd2' },
    ]);
  });

  it('for too long is told whatever was counted, with no figure that is not one', () => {
    const [finding] = found([GIB, null], 365 * 86_400_000);
    expect(finding).toMatchObject({ verdict: 'seen', facts: { directories: 2, bytes: null, percent: null } });
  });
});

describe('whether etcd has lost its data for good', () => {
  const voters = (...ids: readonly string[]) => ({
    etcd: { term: null, elections: [], ids: {}, members: ids.map((id) => member(id)) },
  });
  const silent = unknown('timeout', 'no answer', NOW_MS, 'etcd');
  const view = ((): ClusterView => {
    const told = storesOf(['a', 'b', 'c'], []);
    const endpoints = told.dcs.endpoints.map((row) => ({
      ...row,
      status: silent,
      host: fresh({ state: 'stopped', id: row.name, startedAtMs: 0, finishedAtMs: 1 } as const, NOW_MS, 'host'),
    }));
    const holds = (what: 'member' | 'nothing') => fresh({ holds: what, whyNotAside: null }, NOW_MS, 'host');
    const storeData = { etcd1: holds('member'), etcd2: holds('nothing'), etcd3: holds('nothing') };
    return { ...told, dcs: { ...told.dcs, keys: silent, endpoints }, storeData } as ClusterView;
  })();

  it('one of three members has it: it is', () => {
    expect(whyNotLost(view, voters('a', 'b', 'c'))).toBeNull();
    expect(whyNotLost(view, voters())).toBeNull();
  });

  it('somebody has made that one a cluster of its own: it is a majority of one', () => {
    expect(whyNotLost(view, voters('a'))).toContain('which is a majority');
  });

  it('it runs and says that it serves: a look at the keys that failed is no loss', () => {
    const [one, ...others] = view.dcs.endpoints;
    const served = storesOf(['a'], []).dcs.endpoints[0]?.status;
    const endpoints = [
      { ...one, status: served, host: fresh({ state: 'running', id: 'etcd1', startedAtMs: 0 }, NOW_MS, 'host') },
      ...others,
    ];
    const running = { ...view, dcs: { ...view.dcs, endpoints } } as ClusterView;
    expect(whyNotLost(running, voters('a', 'b', 'c'))).toContain('etcd1 answers as an etcd member that serves');
  });

  it('somebody makes it serve alone while a reseed is under way: no empty member is begun beside it', () => {
    const goal = {
      stores: ['etcd2', 'etcd3', 'etcd1'],
      aside: { stores: ['etcd1'], suffix: 'ekimi-1' },
      first: 'patroni1',
      others: [],
      question: '',
    };
    const answers = { ...view, dcs: { ...view.dcs, keys: viewOf().dcs.keys } };
    const input = runInput(inputOf([], { view: answers }), {});
    expect(reseedDcs.refuse(input, goal)).toContain('etcd answers without etcd2, etcd3');
  });
});
