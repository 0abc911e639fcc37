import { ACTION_NAMES, type ActionName } from '../model/plan.js';
import type { ActionPolicy, CronWindow, Grace, Policy } from '../model/policy.js';
import { PROBLEM_CODES, type ProblemCode } from '../model/problem.js';
import { conform } from './conform.js';
import type { ConfigError, Loaded, Locator } from './config-error.js';
import { parseYaml, unreadable } from './document.js';
import { hashOf } from './hash.js';
import { POLICY_RULES } from './policy-rules.js';
import { POLICY_SCHEMA } from './policy-schema.js';
import { judge } from './rule.js';
import type { Shape, Values } from './schema.js';
import { MAX_CONFIG_BYTES, readSmallFile } from './small-file.js';

export type LoadedPolicy = Loaded<{ readonly policy: Policy; readonly hash: string }>;

/**
 * Reads, checks and completes `policy.yaml`. Never throws and never gives half a policy; a missing or empty file is an error, because a
 * policy that is not there allows nothing. `hash` is the SHA-256 of the canonical JSON of the result, defaults included.
 */
export function loadPolicy(file: string): LoadedPolicy {
  const read = readPolicy(file);
  return read.ok ? judged(read.values, read.locator) : read;
}

/** The same for bytes that are already read; `file` only names them in messages. */
export function parsePolicy(file: string, bytes: Uint8Array): LoadedPolicy {
  const read = parsed(file, bytes);
  return read.ok ? judged(read.values, read.locator) : read;
}

/**
 * The policy of one cluster: that of `file`, but for the keys that `ownFile` has. Both are checked alone and what comes of both as a whole; an
 * error names the file in which the key stands.
 */
export function loadClusterPolicy(file: string, ownFile: string): LoadedPolicy {
  const [base, own] = [readPolicy(file), readPolicy(ownFile)];
  if (!base.ok) return base;
  if (!own.ok) return own;
  const locator = both(own.locator, base.locator);
  const values = merged(POLICY_SCHEMA, base.values, own.values, own.locator, '') as PolicyValues;
  return judged(values, locator);
}

function readPolicy(file: string): ReadPolicy {
  let bytes: Uint8Array;
  try {
    bytes = readSmallFile(file, MAX_CONFIG_BYTES);
  } catch (err) {
    return { ok: false, errors: [unreadable(file, err, 'policy')] };
  }
  return parsed(file, bytes);
}

type ReadPolicy = Loaded<{ readonly values: PolicyValues }>;

/** One file by the schema, before any rule between its keys. */
function parsed(file: string, bytes: Uint8Array): ReadPolicy {
  const yaml = parseYaml(file, bytes);
  if (!('document' in yaml)) return { ok: false, errors: yaml };
  const { values, errors, locator } = conform(yaml, POLICY_SCHEMA);
  return values === null ? { ok: false, errors } : { ok: true, values, warnings: [], locator };
}

function judged(values: PolicyValues, locator: Locator): LoadedPolicy {
  const policy = policyOf(values);
  const rows = judge(POLICY_RULES, policy, locator);
  const wrong = rows.filter((row: ConfigError) => row.severity === 'error');
  if (wrong.length > 0) return { ok: false, errors: wrong };
  return { ok: true, policy, hash: hashOf(policy), warnings: rows, locator };
}

/** A key stands where the cluster's own file has it, else where the other one has it, or would. */
const both = (own: Locator, base: Locator): Locator => ({
  file: own.file,
  at: (key) => {
    const found = own.at(key);
    return found.written ? found : { ...base.at(key), file: base.file };
  },
});

/** Key by key what is written in the own file; lists and maps with names of one's own as a whole. */
function merged(shape: Shape, base: unknown, own: unknown, written: Locator, path: string): unknown {
  if (base === null || own === null) return own ?? base;
  const [before, after] = [base as Record<string, unknown>, own as Record<string, unknown>];
  return Object.fromEntries(
    Object.entries(shape).map(([name, part]) => {
      const at = path === '' ? name : `${path}.${name}`;
      if (part.kind === 'section' || part.kind === 'optional')
        return [name, merged(part.keys, before[name], after[name], written, at)];
      return [name, written.at(at).written ? after[name] : before[name]];
    }),
  );
}

type PolicyValues = Values<typeof POLICY_SCHEMA>;

function policyOf(values: PolicyValues): Policy {
  const { lag, drain, pooler, blockers, limits } = values;
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
    procedures: values.procedures,
    drain: {
      actuators: [...new Set(drain.actuators)],
      shutdownSessions: drain.shutdownSessions,
      whileProxySilent: drain.whileProxySilent,
    },
    pooler: {
      around: [...new Set(pooler.around)],
      maxPauseMs: pooler.maxPause,
      pauseWithinMs: pooler.pauseWithin,
      whenNotPaused: pooler.whenNotPaused,
      pausedWarningMs: pooler.pausedWarning,
      waitWarningMs: pooler.waitWarning,
    },
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
    approvals: {
      expiresMs: values.approvals.expire,
      ...(values.approvals.twoPersonsFor.length === 0 ? {} : { twoPersonsFor: values.approvals.twoPersonsFor }),
    },
    pages: { remindAfterMs: values.pages.remindAfter, remindWarnings: values.pages.remindWarnings },
    veto: values.veto,
    connections: { warningPercent: values.connections.warning },
    pause: { remindAfterMs: values.pause.remindAfter },
    slots: {
      retainWarningBytes: values.slots.retainWarning,
      dropWithinMs: values.slots.dropWithin,
      awaitMemberMs: values.slots.awaitMember,
      dropLogical: values.slots.dropLogical,
    },
    disks: { warnWithinMs: values.disks.warnWithin },
    aside: { keepForMs: values.aside.keepFor, maxSharePercent: values.aside.maxShareOfDisk },
    rebuild: { readSurplus: values.rebuild.readSurplus },
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
