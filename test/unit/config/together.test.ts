import { describe, expect, it } from 'vitest';
import { nowhere } from '../../../src/config/rule.js';
import { checkAgainstCluster } from '../../../src/config/cluster-rules.js';
import { checkTogether } from '../../../src/config/together.js';
import type { ApiRole } from '../../../src/model/config.js';
import type { DynamicConfig } from '../../../src/model/patroni.js';
import { accepted, acceptedPolicy, changed, configFrom, configWith, CONTRACT_CONFIG, policyFrom } from './files.js';

const SMALL = `clusters:
  - scope: small
    patroni: { members: { m1: http://h:1, m2: http://h:2, m3: http://h:3 } }
    dcs: { hosts: [http://h:2379] }
`;

const rowsOf = (config: string, policy: string): string[] => {
  const loaded = policyFrom(policy);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const rows = checkTogether(accepted(configFrom(config)), loaded.policy, loaded.locator);
  return rows.map(({ severity, code, key, line }) => `${severity} ${code} ${key}${line === null ? '' : `:${line}`}`);
};

describe('a policy and a configuration', () => {
  it('that fit each other give no row', () => {
    expect(rowsOf(CONTRACT_CONFIG, 'drain: { actuators: [proxy, tag] }\n')).toEqual([]);
  });

  it('of which one asks for the proxy and the other has none do not fit', () => {
    expect(rowsOf(SMALL, 'actions: { start-member: off }\ndrain: { actuators: [proxy] }\n')).toEqual([
      'error drain-actuator-configured drain.actuators:2',
    ]);
  });

  it('of which one asks for tags and the other has none do not fit', () => {
    const config = changed(CONTRACT_CONFIG, 'clusters.0.tags', undefined);
    expect(rowsOf(config, 'drain: { actuators: [proxy, tag] }\n')).toEqual([
      'error drain-actuator-configured drain.actuators:1',
    ]);
  });

  it('of which the other has a proxy without its runtime API do not fit', () => {
    const config = changed(CONTRACT_CONFIG, 'clusters.0.proxy.runtime', undefined);
    expect(rowsOf(config, 'drain: { actuators: [proxy] }\n')).toEqual([
      'error drain-actuator-configured drain.actuators:1',
    ]);
  });

  it('of defaults only are a warning, because nobody asked for what is missing', () => {
    expect(rowsOf(SMALL, '{}')).toEqual(['warning drain-actuator-configured drain.actuators:1']);
  });

  it('of which one starts members, and the other names nothing that could, warn where it was written alone', () => {
    expect(rowsOf(SMALL, 'actions: { start-member: approve, drain-replica: off }\n')).toEqual([
      'warning host-driver-configured actions.start-member.mode:1',
    ]);
  });

  it('fit when drain-replica is off, whatever its actuators', () => {
    expect(
      rowsOf(
        SMALL,
        'actions: { drain-replica: off, undrain-replica: off, start-member: off }\ndrain: { actuators: [tag] }\n',
      ),
    ).toEqual([]);
  });

  it.each([
    [2, 'warning floor-below-members limits.minHealthyReplicas:1'],
    [3, 'error floor-below-members limits.minHealthyReplicas:1'],
  ])('with a floor of %d healthy replicas for three members: %s', (floor, row) => {
    expect(rowsOf(CONTRACT_CONFIG, `limits: { minHealthyReplicas: ${floor} }\n`)).toEqual([row]);
  });

  it.each([
    [['operator'], ['error two-persons-there approvals.twoPersonsFor:1']],
    [['viewer', 'operator'], ['error two-persons-there approvals.twoPersonsFor:1']],
    [['operator', 'approver'], ['warning two-persons-there approvals.twoPersonsFor:1']],
    [['operator', 'operator'], []],
    [['approver', 'recovery'], []],
  ])('of which one wants two persons, and the other has tokens for %j: %j', (roles, expected) => {
    const tokens = roles.map((role, index) => ({ name: `p${index}`, role: role as ApiRole, token: 'x' }));
    const loaded = policyFrom('approvals: { twoPersonsFor: [failover] }\n');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    const config = accepted(configFrom(CONTRACT_CONFIG));
    const rows = checkTogether({ ...config, api: { ...config.api, tokens } }, loaded.policy, loaded.locator);
    expect(rows.map(({ severity, code, key, line }) => `${severity} ${code} ${key}:${line ?? 0}`)).toEqual(expected);
  });

  it('with a read pool that needs every member do not fit', () => {
    expect(rowsOf(CONTRACT_CONFIG, 'limits: { minReadPool: 3 }\n')).toEqual([
      'error read-pool-below-members limits.minReadPool:1',
    ]);
  });

  it.each([
    ['{}', ['warning site-read-pool-below-members limits.minReadPoolPerSite:1']],
    ['limits: { minReadPoolPerSite: 0 }\n', []],
  ])('[P15] with a site of one member, whose only reader nothing may take: %j', (policy, expected) => {
    const members = ['patroni1', 'patroni2', 'patroni3'];
    const sites = Object.fromEntries(members.map((name, index) => [name, index < 2 ? 'fra' : 'ams']));
    expect(rowsOf(changed(CONTRACT_CONFIG, 'clusters.0.sites', sites), policy)).toEqual(expected);
  });

  it('are compared without positions where there are no files', () => {
    const config = accepted(configWith('clusters.0.tags', undefined));
    const policy = acceptedPolicy(policyFrom('drain: { actuators: [tag] }\n'));
    expect(checkTogether(config, policy)).toMatchObject([{ severity: 'error', line: null, file: config.policyFile }]);
    expect(checkTogether(config, policy, nowhere('x'))[0]?.file).toBe('x');
  });
});

const dynamic = (ttlMs: number, loopWaitMs: number): DynamicConfig => ({
  ttlMs,
  loopWaitMs,
  retryTimeoutMs: 10_000,
  maximumLagOnFailoverBytes: 1_048_576,
  primaryStartTimeoutMs: 300_000,
  synchronousMode: 'off',
  failsafeMode: false,
  paused: false,
  checkTimeline: false,
  usePgRewind: true,
});

describe('a policy and the pace of its cluster', () => {
  const check = (policy: string, ttlMs = 30_000, loopWaitMs = 10_000) =>
    checkAgainstCluster(acceptedPolicy(policyFrom(policy)), dynamic(ttlMs, loopWaitMs));

  it.each(['member-down', 'leaderless'])('leave Patroni ttl + loop_wait for %s', (code) => {
    expect(check(`grace: { ${code}: { for: 39s } }\n`)).toMatchObject([
      {
        code: 'grace-leaves-patroni-time',
        key: `grace.${code}.for`,
        found: '39s',
        expected: expect.stringContaining('at least 40s'),
      },
    ]);
    expect(check(`grace: { ${code}: { for: 40s } }\n`)).toEqual([]);
    expect(check(`grace: { ${code}: { samples: 2 } }\n`)).toEqual([]);
  });

  it('say nothing of problems that Patroni does not heal', () => {
    expect(check('grace: { replay-blocked: { for: 1s } }\n')).toEqual([]);
  });

  it('leave Patroni its time to rewind a former leader, and one loop to demote one', () => {
    expect(check('grace: { rewind-failed: { for: 0s } }\n')).toMatchObject([{ key: 'grace.rewind-failed.for' }]);
    expect(check('grace: { split-brain-confirmed: { for: 9s } }\n')).toMatchObject([
      { key: 'grace.split-brain-confirmed.for', expected: expect.stringContaining('at least 10s') },
    ]);
    expect(check('grace: { split-brain-confirmed: { for: 10s } }\n')).toEqual([]);
  });

  it.each([
    ['leader-frozen', 'fence-member', 15],
    ['leader-unreachable', 'fence-leader', 15],
    ['leader-down', 'expedite-failover', 22],
  ])('do not fit when %s is acted on by %s after the key has expired', (code, action, mostS) => {
    const policy = (mode: string, grace: string) =>
      `actions: { ${action}: ${mode} }\ngrace: { ${code}: { ${grace} } }\n`;
    expect(check(policy('auto', `for: ${mostS}s`))).toEqual([]);
    for (const mode of ['auto', 'approve']) {
      expect(check(policy(mode, 'for: 10m'))).toMatchObject([
        { code: 'grace-before-key-expires', key: `grace.${code}.for`, found: `10m, with ${action} on ${mode}` },
      ]);
    }
    expect(check(policy('auto', 'samples: 100'))).toMatchObject([{ key: `grace.${code}.samples` }]);
    expect(check(policy('auto', 'for: 2s, samples: 4'))).toEqual([]);
    expect(check(policy('off', 'for: 10m'))).toEqual([]);
  });

  it('do not fit when a problem that comes back finds the chain over', () => {
    const policy = (chain: string): string =>
      `actions: { restart-member: off, restart-leader: off, start-member: off, expedite-failover: off, failover: off }\nchain: ${chain}\n`;
    expect(check(policy('80s'))).toMatchObject([{ code: 'chain-outlasts-grace', key: 'chain', found: '80s' }]);
    expect(check(policy('81s'))).toEqual([]);
    expect(check(`grace: { member-down: { for: 1h } }\n`)).toMatchObject([{ code: 'chain-outlasts-grace' }]);
  });

  it('do not fit when a lease could end between two passes', () => {
    expect(check('poll: { interval: 11s }\n')).toMatchObject([{ code: 'poll-sees-a-lease-end', key: 'poll.interval' }]);
    expect(check('poll: { interval: 10s }\n')).toEqual([]);
    expect(check('poll: { interval: 10s }\n', 20_000)).toHaveLength(1);
  });
});
