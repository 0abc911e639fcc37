import { ACTION_NAMES, type ActionName } from '../../src/model/plan.js';
import type { ActionPolicy, Policy } from '../../src/model/policy.js';

const MB = 1024 * 1024;

const action = (mode: ActionPolicy['mode'], extra: Partial<ActionPolicy> = {}): ActionPolicy => ({
  mode,
  window: 'any',
  cooldownMs: 30_000,
  attempts: 2,
  timeoutMs: 120_000,
  ...extra,
});

/** What repairs replicas is automatic here; what moves leadership is off unless a test is about it. */
const REPLICA_ACTIONS: Partial<Record<ActionName, ActionPolicy>> = {
  'drain-replica': action('auto'),
  'undrain-replica': action('auto'),
  'cancel-blocking-queries': action('auto'),
  'terminate-blocking-queries': action('auto'),
  'restart-member': action('auto', { attempts: 1, timeoutMs: 60_000 }),
  'start-member': action('auto'),
  'start-store': action('off'),
  'reinitialize-replica': action('auto', { timeoutMs: 600_000 }),
};

/** Enforce, repairs of replicas automatic, short waits: what a test varies is what it is about. */
export function testPolicy(
  overrides: Partial<Policy> = {},
  actions: Partial<Record<ActionName, Partial<ActionPolicy>>> = {},
): Policy {
  const defaults = Object.fromEntries(
    ACTION_NAMES.map((name) => [name, REPLICA_ACTIONS[name] ?? action('off')]),
  ) as Record<ActionName, ActionPolicy>;
  for (const [name, extra] of Object.entries(actions))
    defaults[name as ActionName] = { ...defaults[name as ActionName], ...extra };
  return {
    mode: 'enforce',
    poll: { intervalMs: 1000, suspectIntervalMs: 500 },
    lag: {
      warningBytes: MB,
      criticalBytes: 10 * MB,
      emergencyBytes: 100 * MB,
      forMs: 5_000,
      recoveredBytes: MB,
      recoveredForMs: 10_000,
      warningAgeMs: 60_000,
      criticalAgeMs: 300_000,
      emergencyAgeMs: 900_000,
    },
    grace: {},
    actions: defaults,
    drain: { actuators: ['proxy'], shutdownSessions: false },
    blockers: { olderThanMs: 5_000, neverUsers: [], neverApplications: [], neverDatabases: [] },
    limits: {
      concurrent: 1,
      perHour: 10,
      minHealthyReplicas: 1,
      minReadPool: 1,
      stormMembers: 2,
      stormQuietMs: 60_000,
    },
    startGrace: { passes: 3, forMs: 2_000 },
    chainMs: 30 * 60_000,
    flap: { threshold: 5, halfLifeMs: 3_600_000 },
    approvals: { expiresMs: 30 * 60_000 },
    connections: { warningPercent: 85 },
    pause: { remindAfterMs: 3_600_000 },
    slots: { retainWarningBytes: 1024 * MB },
    windows: { maintenance: [], freeze: [] },
    ...overrides,
  };
}
