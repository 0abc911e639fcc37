import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { othersServing, rotationOf, takesNew } from '../../../src/assess/rotation.js';
import { serversFrom, serverStates } from '../../../src/adapters/haproxy/servers.js';
import { undoneDrains } from '../../../src/ledger/after-pass.js';
import { decide } from '../../../src/decide/decide.js';
import type { ProxyServer } from '../../../src/model/proxy.js';
import { memberOf } from '../../../src/model/view.js';
import { verdictOf } from '../../../src/verify/verdict.js';
import { testPolicy } from '../../support/policy.js';
import {
  assessmentOf,
  inputOf,
  lags,
  ledgerOf,
  MB,
  NOW_MS,
  problemOf,
  proxyServer,
  remediationOf,
  seenIn,
  viewOf,
  type Change,
} from '../../support/view.js';
import { eachProxy, seenOf } from '../../support/proxies.js';

const POOL = 'postgres_replicas';
const emergency = problemOf('replica-lag-emergency', 'patroni3');
const isDrained = (...changes: readonly Change[]): boolean =>
  decide(inputOf([emergency], { view: viewOf(lags('patroni3', 200 * MB), ...changes) })).some(
    (decision) => decision.kind === 'act' && decision.plan.action === 'drain-replica',
  );

const OUT: readonly (readonly [string, Partial<ProxyServer>])[] = [
  ['weight 0', { weight: 0 }],
  ['drained by its agent', { status: 'DRAIN (agent)' }],
  ['down by its agent', { status: 'DOWN (agent)' }],
  ['told by its check to take nothing new', { status: 'NOLB' }],
  ['in maintenance through another server', { status: 'MAINT (via a/b)' }],
  ['drained', { admin: { drain: true, maint: false, resolution: false } }],
  ['of a name that does not resolve', { admin: { drain: false, maint: false, resolution: true } }],
  ['down', { up: false, status: 'DOWN' }],
];

describe('the last one who takes new connections', () => {
  it.each(OUT)('[W4] is not drained while the other is %s', (_name, part) => {
    expect(isDrained(proxyServer(POOL, 'patroni2', part))).toBe(false);
  });

  it.each<[string, Partial<ProxyServer>]>([
    ['up', {}],
    ['in its slow start', { weight: 3 }],
    ['about to be called down', { status: 'UP 2/3' }],
    ['without checks', { status: 'no check' }],
    ['a backup, which is used once the last other one is gone', { backup: true }],
  ])('is no longer the last where the other is %s', (_name, part) => {
    expect(isDrained(proxyServer(POOL, 'patroni2', part))).toBe(true);
  });

  it('[W4] a backup counts for nobody while another one serves: it takes nothing new', () => {
    const policy = testPolicy({ limits: { ...testPolicy().limits, minReadPool: 2 } });
    const isSent = (...changes: readonly Change[]): boolean =>
      decide(inputOf([emergency], { view: viewOf(lags('patroni3', 200 * MB), ...changes), policy })).some(
        ({ kind }) => kind === 'act',
      );
    const third = (part: Partial<ProxyServer>) => proxyServer(POOL, 'patroni1', { up: true, status: 'UP', ...part });
    expect(isSent(third({}))).toBe(true);
    expect(isSent(third({ backup: true }))).toBe(false);
  });

  it('[W4] one that is held out by its weight is no mismatch of the proxy', () => {
    const view = viewOf(proxyServer(POOL, 'patroni2', { weight: 0 }));
    expect(seenIn(assessmentOf(view))).toEqual([]);
    const member = memberOf(view, 'patroni2');
    expect(member === null ? null : rotationOf(view, member).lines.some(({ row }) => takesNew(row))).toBe(false);
  });

  it('[W4] stays, whatever the servers of the pool say', () => {
    const server = fc.record({
      up: fc.boolean(),
      weight: fc.constantFrom(null, 0, 1, 100),
      backup: fc.boolean(),
      status: fc.constantFrom('UP', 'UP 1/3', 'DRAIN', 'DRAIN (agent)', 'NOLB', 'MAINT', 'DOWN', 'no check'),
      admin: fc.record({ drain: fc.boolean(), maint: fc.boolean(), resolution: fc.boolean() }),
    });
    fc.assert(
      fc.property(fc.tuple(server, server, server), fc.integer({ min: 0, max: 2 }), (parts, minReadPool) => {
        const changes = parts.map((part, index) => proxyServer(POOL, `patroni${index + 1}`, part));
        const view = viewOf(lags('patroni3', 200 * MB), ...changes);
        const policy = testPolicy({ limits: { ...testPolicy().limits, minReadPool } });
        const drains = decide(inputOf([emergency], { view, policy })).some(
          (decision) => decision.kind === 'act' && decision.plan.action === 'drain-replica',
        );
        const left = othersServing(view, 'patroni3')[0] ?? [];
        expect(drains && left.length < minReadPool).toBe(false);
        const seen = seenOf(view);
        const servers = seen.kind === 'fresh' ? seen.value.servers : [];
        for (const name of left)
          expect(servers.some((row) => row.backend === POOL && row.server === name && takesNew(row))).toBe(true);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('what HAProxy prints', () => {
  const CSV =
    '# pxname,svname,scur,status,weight,act,bck,lastchg,check_status,type\n' +
    'r,a,1,UP,0,1,0,5,L7OK,2\nr,b,1,UP,100,0,1,5,L7OK,2\nr,c,1,UP,1,1,0,5,L7OK,2\nr,d,1,UP,100,1,0,5,L7OK,2\n';
  const STATES =
    '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n' +
    '3 r 1 a 10.0.0.1 2 0 0\n3 r 2 b 10.0.0.2 2 0 100\n3 r 3 c 10.0.0.3 x 0 100\n3 r 4 d 10.0.0.4 3 0 100\n';

  it('[W4, A11] a weight, a backup, an operational state that is no number, a soft stop', () => {
    const servers = serversFrom(CSV, serverStates(STATES)) ?? [];
    expect(servers.map((row) => [row.server, row.up, row.weight, row.backup, takesNew(row)])).toEqual([
      ['a', true, 0, false, false],
      ['b', true, 100, true, true],
      ['c', false, 1, false, false],
      ['d', true, 0, false, false],
    ]);
  });
});

describe('another process behind the address', () => {
  const ledger = (process: { readonly pid: number; readonly startedAtMs: number }) =>
    ledgerOf({
      drains: [
        { member: 'patroni3', actuators: ['proxy'], sinceMs: NOW_MS, remediationId: 'd', shadow: false, process },
      ],
    });
  const seenAs =
    (pid: number, startedAtMs: number): Change =>
    (view) =>
      eachProxy(view, ({ seen }) => ({
        seen: seen.kind === 'unknown' ? seen : { ...seen, value: { ...seen.value, pid, startedAtMs } },
      }));

  it.each([
    ['the same process: a person put it back', 10, NOW_MS - 60_000, { byHand: ['patroni3'], forgotten: [] }],
    ['a younger process', 11, NOW_MS - 1_000, { byHand: [], forgotten: ['patroni3'] }],
    ['an older process', 11, NOW_MS - 600_000, { byHand: [], forgotten: ['patroni3'] }],
    ['a process of the same number on another host', 10, NOW_MS - 600_000, { byHand: [], forgotten: ['patroni3'] }],
  ])('[S5] %s', (_name, pid, startedAtMs, expected) => {
    const view = viewOf(seenAs(pid, startedAtMs));
    expect(undoneDrains(ledger({ pid: 10, startedAtMs: NOW_MS - 60_000 }), view)).toEqual(expected);
  });
});

describe('a proxy that was taken out of the configuration in the middle of a drain', () => {
  const drain = remediationOf('drain-replica', 'patroni3', {
    phase: 'verifying',
    endedAtMs: null,
    steps: 1,
    deadlineMs: NOW_MS + 1_000,
  });
  const view = viewOf((so) => ({ ...so, proxies: [] }));

  it.each([
    ['is waited for', NOW_MS, 'pending'],
    ['has not succeeded when its time is over', NOW_MS + 1_000, 'expired'],
  ])('[A10] what was not seen %s', (_name, nowMs, kind) => {
    expect(verdictOf(assessmentOf(view), drain, nowMs)).toMatchObject({ kind });
  });
});
