import { describe, expect, it } from 'vitest';
import { candidatesFor, candidateText, leaderlessCandidates } from '../../../src/assess/candidates.js';
import { hungLeader } from '../../../src/assess/hung-leader.js';
import { notServing } from '../../../src/assess/serving.js';
import { aheadText, aheadUnreached, electsUnreached, notReached, reachedFirst } from '../../../src/assess/reach.js';
import type { ProxyServer } from '../../../src/model/proxy.js';
import {
  api,
  assessmentOf,
  at,
  CLEAN_MEMORY,
  leaderKey,
  NO_TAGS,
  noProxy,
  notStreaming,
  proxyServer,
  silent,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const BACKENDS = ['postgres_primary', 'postgres_replicas'] as const;
const at2 =
  (name: string, part: Partial<ProxyServer>): Change =>
  (view) =>
    BACKENDS.reduce((all, backend) => proxyServer(backend, name, { up: false, status: 'DOWN', ...part })(all), view);
const cut = (name: string): Change => at2(name, { checkStatus: 'L4TOUT' });
const MAINT = { drain: false, maint: true, resolution: false };
const UNRESOLVED = { drain: false, maint: false, resolution: true };

describe('a member that no proxy reaches', () => {
  it.each<[string, Change, RegExp | null]>([
    ['gets no answer at any server of its', cut('patroni3'), /postgres_primary\/patroni3 is DOWN, L4TOUT, .*replicas/],
    ['refuses each connection', at2('patroni3', { checkStatus: 'L4CON' }), /L4CON/],
    ['while the next check is under way', at2('patroni3', { checkStatus: '* L4TOUT' }), /is DOWN, L4TOUT,/],
    [
      'has a name that does not resolve',
      at2('patroni3', { status: 'MAINT (resolution)', checkStatus: '', admin: UNRESOLVED }),
      /MAINT \(resolution\)/,
    ],
    ['answers its checks too late: it has a connection', at2('patroni3', { checkStatus: 'L7TOUT' }), null],
    ['answers with a wrong status', at2('patroni3', { checkStatus: 'L7STS' }), null],
    ['is in maintenance by a hand', at2('patroni3', { checkStatus: 'L4CON', admin: MAINT }), null],
    ['has not been checked yet', at2('patroni3', { checkStatus: 'INI' }), null],
    [
      'is up in one pool, where its last check failed once',
      proxyServer('postgres_primary', 'patroni3', { up: false, checkStatus: 'L4TOUT' }),
      null,
    ],
    ['is unknown to a proxy that is silent', (view) => noProxy(cut('patroni3')(view)), null],
  ])('%s', (_name, change, told) => {
    const said = notReached(viewOf(change), 'patroni3');
    if (told === null) expect(said).toBeNull();
    else expect(said).toMatch(told);
    expect(notReached(viewOf(change), 'patroni2')).toBeNull();
  });

  it('is reached where one of two proxies reaches it', () => {
    const view = viewOf(cut('patroni3'));
    const open = viewOf().proxies.map((proxy) => ({ ...proxy, name: 'other' }));
    expect(notReached({ ...view, proxies: [...view.proxies, ...open] }, 'patroni3')).toBeNull();
    expect(notReached({ ...view, proxies: [...view.proxies, ...view.proxies] }, 'patroni3')).not.toBeNull();
  });

  it('by one of several says which were asked, and which gave no answer or have no word on it', () => {
    const named = (name: string, ...changes: readonly Change[]) =>
      viewOf(...changes).proxies.map((proxy) => ({ ...proxy, name }));
    const said = (...proxies: readonly ReturnType<typeof named>[]): string | null =>
      notReached({ ...viewOf(), proxies: proxies.flat() }, 'patroni3');
    const edge1 = named('edge1', cut('patroni3'));
    const checks = 'edge1:postgres_primary/patroni3 is DOWN, L4TOUT, edge1:postgres_replicas/patroni3 is DOWN, L4TOUT';
    expect(said(edge1, named('edge2', noProxy))).toBe(
      `edge1 does not reach patroni3; edge2 gave no answer (${checks})`,
    );
    expect(said(edge1, named('edge2', at2('patroni3', { checkStatus: 'INI' })), named('edge3', noProxy))).toBe(
      `edge1 does not reach patroni3; edge2 does not tell; edge3 gave no answer (${checks})`,
    );
    expect(said(edge1, named('edge2', cut('patroni3')))).toMatch(/^no proxy reaches patroni3 \(edge1.*edge2/);
    expect(said(edge1, named('edge2', cut('patroni3')), named('edge3', noProxy))).toMatch(
      /^edge1, edge2 do not reach patroni3; edge3 gave no answer \(/,
    );
  });
});

const DEAD = [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')];
const MEMORY = {
  ...CLEAN_MEMORY,
  lastLeader: 'patroni1',
  positions: { patroni1: { timeline: 7, lsn: '5/00000000', inRecovery: false, atMs: 0 } },
};
const standsAt = (name: string, bytesBehind: number): Change => {
  const lsn = at(bytesBehind);
  return (view) => api(name, { xlog: null })(sql(name, { receiveLsn: lsn, replayLsn: lsn })(view));
};
const elected = (...changes: readonly Change[]): string | null =>
  electsUnreached(candidatesFor(viewOf(...DEAD, ...changes), MEMORY, 'patroni1'));

describe('an election that is brought forward', () => {
  it('is in doubt where none of those that are furthest is reached, and only there', () => {
    expect(elected()).toBeNull();
    expect(elected(cut('patroni2'))).toBeNull();
    expect(elected(cut('patroni2'), cut('patroni3'))).toMatch(/no proxy reaches patroni2 .*no proxy reaches patroni3/);
    expect(elected(cut('patroni2'), standsAt('patroni3', 500))).toMatch(
      /^no proxy reaches patroni2 \(.*\): their clients could not write if it led$/,
    );
    expect(elected(cut('patroni3'), standsAt('patroni3', 500))).toBeNull();
  });

  it('is in doubt where the operator prefers one that no proxy reaches to one that is level with it', () => {
    const preferred: Change = api('patroni2', {
      tags: { ...NO_TAGS, raw: { failover_priority: 2 } },
    });
    expect(elected(cut('patroni2'), preferred)).toMatch(/^no proxy reaches patroni2/);
    expect(elected(cut('patroni3'), preferred)).toBeNull();
  });
});

describe('who is proposed where nobody leads', () => {
  const rows = (...changes: readonly Change[]) =>
    leaderlessCandidates(viewOf(...DEAD, leaderKey(null), ...changes), MEMORY);

  it('is one that a proxy reaches, though another is a little further', () => {
    const found = rows(cut('patroni2'), standsAt('patroni3', 500));
    expect(found.map(({ name }) => name)).toEqual(['patroni2', 'patroni3', 'patroni1']);
    expect(reachedFirst(found).map(({ name }) => name)).toEqual(['patroni3', 'patroni2', 'patroni1']);
    expect(found.map(candidateText).join()).toMatch(
      /patroni2 \(.*\) may lead, but no proxy reaches patroni2 \(.*L4TOUT/,
    );
  });

  it('and a person agrees where one that no proxy reaches has more WAL, which would be dropped', () => {
    const found = rows(cut('patroni2'), standsAt('patroni3', 500));
    const [furthest, proposed] = found;
    expect(aheadUnreached(found, proposed!)).toBe(furthest);
    expect(aheadText(furthest!)).toMatch(
      /^patroni2 has more WAL, which would be dropped, and no proxy reaches patroni2 \(/,
    );
    const level = rows(cut('patroni2'));
    expect(
      aheadUnreached(
        level,
        level.find(({ name }) => name === 'patroni3')!,
      ),
    ).toBeNull();
  });

  it('is the furthest beyond the guards, reached or not: a person agrees to what is lost', () => {
    const found = rows(cut('patroni2'), standsAt('patroni2', 2 ** 21), standsAt('patroni3', 2 ** 22));
    expect(reachedFirst(found)).toEqual(found);
  });
});

describe('a leader that hangs', () => {
  const timesOut = proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN', checkStatus: '* L7TOUT' });
  const hangs = [api('patroni1', { state: 'unknown', stateText: 'unknown', xlog: null }), silent('patroni1', 'sql')];
  const told = (...changes: readonly Change[]) =>
    notServing(assessmentOf(viewOf(...changes))).find(({ code }) => code === 'leader-hung');

  it('is told with what the checks of the proxies say of it, beside all that was told before', () => {
    const [without, beside] = [told(...hangs), told(...hangs, timesOut)];
    expect(without?.channels).not.toContain('proxy');
    expect(beside?.channels).toEqual(expect.arrayContaining([...(without?.channels ?? []), 'proxy']));
    expect(beside?.evidence.map(({ text }) => text)).toContain(
      'postgres_primary/patroni1: the check of its health gets a connection and no answer in time (L7TOUT)',
    );
  });

  it('is none by these checks alone, and nothing proves it for a fence', () => {
    expect(told(timesOut)).toBeUndefined();
    expect(hungLeader(assessmentOf(viewOf(timesOut)))).toBeNull();
  });
});
