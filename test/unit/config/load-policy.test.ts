import { describe, expect, it } from 'vitest';
import { ACTION_NAMES } from '../../../src/model/plan.js';
import { acceptedPolicy, changed, codes, CONTRACT_POLICY, policyFrom, policyWith } from './files.js';

const MB = 1024 * 1024;

describe('the policy of the design document', () => {
  it('is accepted to the letter', () => {
    const policy = acceptedPolicy(policyFrom(CONTRACT_POLICY));
    expect(policy).toMatchObject({
      mode: 'dry-run',
      poll: { intervalMs: 2_000, suspectIntervalMs: 500 },
      lag: {
        warningBytes: MB,
        criticalBytes: 10 * MB,
        emergencyBytes: 100 * MB,
        forMs: 10_000,
        recoveredBytes: MB,
        recoveredForMs: 30_000,
        warningAgeMs: 60_000,
        criticalAgeMs: 300_000,
        emergencyAgeMs: 900_000,
      },
      limits: { concurrent: 1, perHour: 6, minHealthyReplicas: 1 },
      windows: {
        maintenance: [{ cron: '0 2 * * SUN', forMs: 7_200_000, timezone: 'UTC', reason: '' }],
        freeze: [],
      },
    });
    expect(policy.actions['drain-replica'].mode).toBe('auto');
    expect(policy.actions['reinitialize-replica']).toEqual({
      mode: 'approve',
      window: 'any',
      cooldownMs: 1_800_000,
      attempts: 2,
      timeoutMs: 14_400_000,
    });
  });
});

describe('a policy that says next to nothing', () => {
  const policy = acceptedPolicy(policyFrom('{}'));

  it('sends nothing: its mode is dry-run', () => {
    expect(policy.mode).toBe('dry-run');
  });

  it('has destructive actions off, and what costs sessions or a restart on approval', () => {
    expect(Object.fromEntries(ACTION_NAMES.map((name) => [name, policy.actions[name].mode]))).toEqual({
      'begin-copy': 'approve',
      'close-servers': 'approve',
      'defragment-store': 'approve',
      'disarm-store': 'approve',
      'open-servers': 'approve',
      'drop-inactive-slot': 'off',
      'drain-replica': 'auto',
      'undrain-replica': 'auto',
      'cancel-blocking-queries': 'approve',
      'terminate-blocking-queries': 'approve',
      'start-member': 'approve',
      'stop-member': 'approve',
      'move-store-aside': 'approve',
      'stop-without-etcd': 'approve',
      'move-aside': 'approve',
      'remove-aside': 'approve',
      'start-store': 'approve',
      'start-first': 'approve',
      'resume-replay': 'approve',
      'restart-member': 'approve',
      'reinitialize-replica': 'off',
      'proxy-nudge': 'auto',
      'open-traffic': 'auto',
      'shut-sessions': 'off',
      'expedite-failover': 'approve',
      'fence-member': 'off',
      'fence-leader': 'off',
      'pause-pooler': 'approve',
      'resume-pooler': 'auto',
      failover: 'approve',
      switchover: 'approve',
      'cancel-switchover': 'approve',
      'pause-cluster': 'approve',
      'resume-cluster': 'approve',
      'patch-config': 'approve',
      'restart-leader': 'approve',
    });
  });

  it('has caps and floors on', () => {
    expect(policy.limits).toEqual({
      concurrent: 1,
      perHour: 6,
      minHealthyReplicas: 1,
      minReadPool: 1,
      minReadPoolPerSite: 1,
      stormMembers: 2,
      stormQuietMs: 300_000,
    });
    expect(policy).toMatchObject({
      grace: {},
      drain: { actuators: ['proxy'], shutdownSessions: false },
      pooler: {
        around: ['switchover'],
        maxPauseMs: 3_000,
        pauseWithinMs: 1_000,
        whenNotPaused: 'wait',
        pausedWarningMs: 60_000,
        waitWarningMs: 10_000,
      },
      blockers: { olderThanMs: 30_000, neverUsers: [], neverApplications: [], neverDatabases: [] },
      startGrace: { passes: 3, forMs: 10_000 },
      chainMs: 1_800_000,
      flap: { threshold: 3, halfLifeMs: 3_600_000 },
      approvals: { expiresMs: 1_800_000 },
      veto: { onSilence: 'hold', emergencies: false },
      connections: { warningPercent: 85 },
      pause: { remindAfterMs: 3_600_000 },
      slots: { retainWarningBytes: 1024 * MB },
      windows: { maintenance: [], freeze: [] },
    });
  });
});

describe('the hash of a policy', () => {
  const hashOf = (text: string): string => {
    const loaded = policyFrom(text);
    return loaded.ok ? loaded.hash : 'refused';
  };

  it('is the same for the same meaning, whatever the order, the units or the comments', () => {
    expect(hashOf('{}')).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf('# nothing new\nmode: dry-run\nchain: 1800s\n')).toBe(hashOf('chain: 30m\nmode: "dry-run"\n'));
    expect(hashOf('mode: dry-run\n')).toBe(hashOf('{}'));
  });

  it('is another for another meaning', () => {
    expect(hashOf('mode: observe\n')).not.toBe(hashOf('{}'));
  });
});

describe('a procedure', () => {
  it('that begins by itself in maintenance windows needs one; a bare word is its mode', () => {
    const bound = (text: string) => policyFrom(`procedures: { rolling-restart: ${text} }\n`);
    expect(codes(bound('auto'))).toEqual(['procedure-without-window procedures.rolling-restart.window']);
    expect(bound('{ mode: auto, window: any }').ok).toBe(true);
    expect(
      acceptedPolicy(policyFrom('procedures: { rolling-restart: approve }\n')).procedures?.['rolling-restart'],
    ).toEqual({
      mode: 'approve',
      window: 'maintenance',
    });
  });

  it('is proposed by nobody who does not ask for it', () => {
    const { procedures = {} } = acceptedPolicy(policyFrom('{}'));
    expect(new Set(Object.values(procedures).map(({ mode }) => mode))).toEqual(new Set(['off']));
  });
});

describe('an action', () => {
  it('bound to maintenance windows needs one, unless it is off', () => {
    const bound = (mode: string) => policyFrom(`actions: { failover: { mode: ${mode}, window: maintenance } }\n`);
    expect(codes(bound('approve'))).toEqual(['maintenance-without-window actions.failover.window']);
    expect(bound('off').ok).toBe(true);
  });

  it('can be a bare mode, and keeps its other defaults', () => {
    const bare = acceptedPolicy(policyWith('actions.restart-member', 'auto')).actions['restart-member'];
    const full = acceptedPolicy(policyWith('actions.restart-member', { mode: 'auto' })).actions['restart-member'];
    expect(bare).toEqual(full);
    expect(bare).toEqual({ mode: 'auto', window: 'any', cooldownMs: 600_000, attempts: 2, timeoutMs: 300_000 });
  });

  it('can be off, which is a word and not a truth value', () => {
    expect(acceptedPolicy(policyFrom('actions: { drain-replica: off }\n')).actions['drain-replica'].mode).toBe('off');
  });

  it.each([['on'], [true], [null], [3], [['auto']]])('cannot be %j', (value) => {
    expect(policyWith('actions.drain-replica', value).ok).toBe(false);
  });

  it('that nobody knows is refused, with what was probably meant', () => {
    const loaded = policyWith('actions.drain-replcia', 'auto');
    expect(loaded.ok ? [] : loaded.errors).toMatchObject([
      { code: 'unknown-key', remedy: expect.stringContaining('"drain-replica"') },
    ]);
  });
});

describe('grace', () => {
  it('overrides only what is written', () => {
    const policy = acceptedPolicy(policyWith('grace', { 'member-down': { for: '20s', samples: 3 }, leaderless: {} }));
    expect(policy.grace).toEqual({ 'member-down': { forMs: 20_000, samples: 3 }, leaderless: {} });
  });

  it('of a problem that nobody knows is refused', () => {
    expect(codes(policyWith('grace', { 'member-donw': { for: '20s' } }))).toEqual(['unknown-key grace.member-donw']);
  });
});

describe('values that do not go together', () => {
  const window = (cron: string, more = {}) => [{ cron, for: '2h', ...more }];
  it.each([
    ['warning above critical', 'lag.warning', '20MB', 'lag-order lag.warning'],
    ['critical equal to emergency', 'lag.critical', '100MB', 'lag-order lag.critical'],
    ['recovered above warning', 'lag.recovered', '2MB', 'lag-recovered lag.recovered'],
    ['suspect polls slower than others', 'poll.suspectInterval', '3s', 'poll-suspect poll.suspectInterval'],
    ['polls without a pause', 'poll.suspectInterval', '100ms', 'poll-floor poll.suspectInterval'],
    [
      'an action on auto without a try',
      'actions.reinitialize-replica',
      { mode: 'auto', attempts: 0 },
      'attempts-without-try actions.reinitialize-replica.attempts',
    ],
    ['draining without an actuator', 'drain', { actuators: [] }, 'drain-without-actuator drain.actuators'],
    ['a chain shorter than a cooldown', 'chain', '10m', 'chain-covers-cooldown actions.reinitialize-replica.cooldown'],
    [
      'a window on a date that no month has',
      'windows.freeze',
      window('0 0 31 11 *'),
      'bad-value windows.freeze[0].cron',
    ],
    [
      'a window on a day that never comes',
      'windows.freeze',
      window('0 0 31 4,6 *'),
      'bad-value windows.freeze[0].cron',
    ],
    [
      'a fifth last Sunday that is never the second',
      'windows.freeze',
      window('0 0 20 * 0#1'),
      'window-never-opens windows.freeze[0].cron',
    ],
  ])('%s are an error', (_case, path, value, code) => {
    const loaded = policyWith(path, value);
    expect(loaded.ok).toBe(false);
    expect(codes(loaded)).toContain(code);
  });

  it.each([
    ['one pass that makes a replica lag', 'lag.for', '1s', 'lag-for-sampled lag.for'],
    ['drains that nobody undoes', 'actions.undrain-replica', 'off', 'drain-for-ever actions.undrain-replica.mode'],
    ['a freeze that is always on', 'windows.freeze', window('0 * * * *'), 'window-never-closes windows.freeze[0].for'],
    [
      'both days of a cron expression',
      'windows.maintenance',
      window('0 2 1 * SUN'),
      'window-both-days windows.maintenance[0].cron',
    ],
  ])('%s are a warning', (_case, path, value, code) => {
    const loaded = policyWith(path, value);
    expect(loaded.ok).toBe(true);
    expect(codes(loaded)).toEqual([code]);
  });

  it('an action that is off may have no attempts and any cooldown', () => {
    expect(policyWith('actions.reinitialize-replica', { mode: 'off', attempts: 0, cooldown: '2h' }).ok).toBe(true);
  });

  it('draining that is off needs no actuator', () => {
    const text = changed(CONTRACT_POLICY, 'actions.drain-replica', 'off');
    expect(policyFrom(changed(text, 'drain', { actuators: [] })).ok).toBe(true);
  });

  it('a leap day does come', () => {
    expect(policyWith('windows.freeze', window('0 0 29 2 *')).ok).toBe(true);
  });
});

describe('single values', () => {
  it.each([
    ['mode', 'on'],
    ['chain', 30],
    ['chain', '0s'],
    ['lag.warning', 1048576],
    ['limits.concurrent', 0],
    ['limits.stormMembers', 1],
    ['limits.minHealthyReplicas', -1],
    ['limits.perHour', 6.5],
    ['flap', { threshold: 0 }],
    ['flap', { threshold: '3' }],
    ['connections', { warning: 85 }],
    ['connections', { warning: '101%' }],
    ['drain', { actuators: ['haproxy'] }],
    ['drain', { actuators: 'proxy' }],
    ['drain', { shutdownSessions: 'yes' }],
    ['blockers', { never: { users: [1] } }],
    ['windows.freeze', [{ cron: '0 0 * * * *', for: '1h' }]],
    ['windows.freeze', [{ cron: '@daily', for: '1h' }]],
    ['windows.freeze', [{ cron: '61 0 * * *', for: '1h' }]],
    ['windows.freeze', [{ cron: '0 0 * * *' }]],
    ['windows.freeze', [{ cron: '0 0 * * *', for: '1s' }]],
    ['windows.freeze', [{ cron: '0 0 * * *', for: '1h', timezone: 'Mars/Olympus' }]],
    ['windows.freeze', { cron: '0 0 * * *', for: '1h' }],
  ])('%s: %j is refused', (path, value) => {
    expect(policyWith(path, value).ok).toBe(false);
  });

  it('a duration without a unit is refused with both readings', () => {
    const loaded = policyWith('lag.for', 10);
    expect(loaded.ok ? [] : loaded.errors).toMatchObject([{ found: '10', remedy: expect.stringMatching(/10s.*10ms/) }]);
  });
});
