import { ACTION_NAMES, type ActionName } from '../model/plan.js';
import type { ActionPolicy, CronWindow, Grace, Policy } from '../model/policy.js';
import { PROBLEM_CODES, type ProblemCode } from '../model/problem.js';
import { conform } from './conform.js';
import type { ConfigError, Loaded } from './config-error.js';
import { parseYaml, unreadable } from './document.js';
import { hashOf } from './hash.js';
import { POLICY_RULES } from './policy-rules.js';
import { POLICY_SCHEMA } from './policy-schema.js';
import { judge } from './rule.js';
import type { Values } from './schema.js';
import { MAX_CONFIG_BYTES, readSmallFile } from './small-file.js';

export type LoadedPolicy = Loaded<{ readonly policy: Policy; readonly hash: string }>;

/**
 * Reads, checks and completes `policy.yaml`. Never throws and never gives half a policy; a missing or empty file is an error, because a
 * policy that is not there allows nothing. `hash` is the SHA-256 of the canonical JSON of the result, defaults included.
 */
export function loadPolicy(file: string): LoadedPolicy {
  let bytes: Uint8Array;
  try {
    bytes = readSmallFile(file, MAX_CONFIG_BYTES);
  } catch (err) {
    return { ok: false, errors: [unreadable(file, err, 'policy')] };
  }
  return parsePolicy(file, bytes);
}

/** The same for bytes that are already read; `file` only names them in messages. */
export function parsePolicy(file: string, bytes: Uint8Array): LoadedPolicy {
  const yaml = parseYaml(file, bytes);
  if (!('document' in yaml)) return { ok: false, errors: yaml };
  const { values, errors, locator } = conform(yaml, POLICY_SCHEMA);
  if (values === null) return { ok: false, errors };
  const policy = policyOf(values);
  const rows = judge(POLICY_RULES, policy, locator);
  const wrong = rows.filter((row: ConfigError) => row.severity === 'error');
  if (wrong.length > 0) return { ok: false, errors: wrong };
  return { ok: true, policy, hash: hashOf(policy), warnings: rows, locator };
}

type PolicyValues = Values<typeof POLICY_SCHEMA>;

function policyOf(values: PolicyValues): Policy {
  const { lag, drain, blockers, limits } = values;
  return {
    mode: values.mode,
    poll: { intervalMs: values.poll.interval, suspectIntervalMs: values.poll.suspectInterval },
    lag: {
      warningBytes: lag.warning,
      criticalBytes: lag.critical,
      emergencyBytes: lag.emergency,
      forMs: lag.for,
      recoveredBytes: lag.recovered,
      recoveredForMs: lag.recoveredFor,
      warningAgeMs: lag.warningAge,
      criticalAgeMs: lag.criticalAge,
      emergencyAgeMs: lag.emergencyAge,
    },
    grace: graceOf(values.grace),
    actions: actionsOf(values.actions),
    drain: { actuators: [...new Set(drain.actuators)], shutdownSessions: drain.shutdownSessions },
    blockers: {
      olderThanMs: blockers.olderThan,
      neverUsers: blockers.never.users,
      neverApplications: blockers.never.applications,
      neverDatabases: blockers.never.databases,
    },
    limits: {
      concurrent: limits.concurrent,
      perHour: limits.perHour,
      minHealthyReplicas: limits.minHealthyReplicas,
      minReadPool: limits.minReadPool,
      minReadPoolPerSite: limits.minReadPoolPerSite,
      stormMembers: limits.stormMembers,
      stormQuietMs: limits.stormQuiet,
    },
    startGrace: { passes: values.startGrace.passes, forMs: values.startGrace.for },
    chainMs: values.chain,
    flap: { threshold: values.flap.threshold, halfLifeMs: values.flap.halfLife },
    approvals: { expiresMs: values.approvals.expire },
    pages: { remindAfterMs: values.pages.remindAfter, remindWarnings: values.pages.remindWarnings },
    connections: { warningPercent: values.connections.warning },
    pause: { remindAfterMs: values.pause.remindAfter },
    slots: { retainWarningBytes: values.slots.retainWarning },
    windows: {
      maintenance: values.windows.maintenance.map(windowOf),
      freeze: values.windows.freeze.map(windowOf),
    },
  };
}

const windowOf = (values: PolicyValues['windows']['freeze'][number]): CronWindow => ({
  cron: values.cron,
  forMs: values.for,
  timezone: values.timezone,
  reason: values.reason,
});

function actionsOf(values: PolicyValues['actions']): Record<ActionName, ActionPolicy> {
  const rows = ACTION_NAMES.map((action): [ActionName, ActionPolicy] => {
    const { mode, window, cooldown, attempts, timeout } = values[action];
    return [action, { mode, window, cooldownMs: cooldown, attempts, timeoutMs: timeout }];
  });
  return Object.fromEntries(rows) as Record<ActionName, ActionPolicy>;
}

/** Only what is written: what is not keeps the catalogue's value. */
function graceOf(values: PolicyValues['grace']): Policy['grace'] {
  const overrides: Partial<Record<ProblemCode, Partial<Grace>>> = {};
  for (const code of PROBLEM_CODES) {
    const given = values[code];
    if (given === null) continue;
    overrides[code] = {
      ...(given.for === null ? {} : { forMs: given.for }),
      ...(given.samples === null ? {} : { samples: given.samples }),
      ...(given.clearFor === null ? {} : { clearForMs: given.clearFor }),
    };
  }
  return overrides;
}
