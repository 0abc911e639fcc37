import { ACTION_MODES, ACTION_WINDOWS, MODES, PROCEDURE_MODES, type CronWindow, type Policy } from '../model/policy.js';
import { ACTION_NAMES } from '../model/plan.js';
import { STAGED_NAMES } from '../model/staged.js';
import { canonicalJson } from './hash.js';
import { foundText } from './shown.js';
import { durationText, sizeText } from './units.js';

/** Which way a figure must move for the policy to allow more or to act sooner. */
type Direction = 'up' | 'down';
type Figure = readonly [
  key: string,
  direction: Direction,
  read: (policy: Policy) => number,
  text: (value: number) => string,
];

const rank = (words: readonly string[], word: string): number => words.indexOf(word);
const plain = String;

const FIGURES: readonly Figure[] = [
  ['mode', 'up', ({ mode }) => rank(MODES, mode), (value) => MODES[value] ?? ''],
  ['lag.emergency', 'down', ({ lag }) => lag.emergencyBytes, sizeText],
  ['lag.warning', 'down', ({ lag }) => lag.warningBytes, sizeText],
  ['lag.critical', 'down', ({ lag }) => lag.criticalBytes, sizeText],
  ['lag.emergencyAge', 'down', ({ lag }) => lag.emergencyAgeMs, durationText],
  ['lag.warningAge', 'down', ({ lag }) => lag.warningAgeMs, durationText],
  ['lag.criticalAge', 'down', ({ lag }) => lag.criticalAgeMs, durationText],
  ['lag.for', 'down', ({ lag }) => lag.forMs, durationText],
  ['lag.recovered', 'up', ({ lag }) => lag.recoveredBytes, sizeText],
  ['lag.recoveredFor', 'down', ({ lag }) => lag.recoveredForMs, durationText],
  ['blockers.olderThan', 'down', ({ blockers }) => blockers.olderThanMs, durationText],
  ['limits.concurrent', 'up', ({ limits }) => limits.concurrent, plain],
  ['limits.perHour', 'up', ({ limits }) => limits.perHour, plain],
  ['limits.minHealthyReplicas', 'down', ({ limits }) => limits.minHealthyReplicas, plain],
  ['limits.minReadPool', 'down', ({ limits }) => limits.minReadPool, plain],
  ['limits.minReadPoolPerSite', 'down', ({ limits }) => limits.minReadPoolPerSite ?? 0, plain],
  ['limits.stormMembers', 'up', ({ limits }) => limits.stormMembers, plain],
  ['limits.stormQuiet', 'down', ({ limits }) => limits.stormQuietMs, durationText],
  ['startGrace.passes', 'down', ({ startGrace }) => startGrace.passes, plain],
  ['startGrace.for', 'down', ({ startGrace }) => startGrace.forMs, durationText],
  ['chain', 'down', ({ chainMs }) => chainMs, durationText],
  ['flap.threshold', 'up', ({ flap }) => flap.threshold, plain],
  ['flap.halfLife', 'down', ({ flap }) => flap.halfLifeMs, durationText],
  ['approvals.expire', 'up', ({ approvals }) => approvals.expiresMs, durationText],
  ...STAGED_NAMES.flatMap((name): Figure[] => [
    [
      `procedures.${name}.mode`,
      'up',
      ({ procedures }) => rank(PROCEDURE_MODES, procedures?.[name]?.mode ?? 'off'),
      (v) => PROCEDURE_MODES[v] ?? '',
    ],
    [
      `procedures.${name}.window`,
      'down',
      ({ procedures }) => rank(ACTION_WINDOWS, procedures?.[name]?.window ?? 'maintenance'),
      (v) => ACTION_WINDOWS[v] ?? '',
    ],
  ]),
  ...ACTION_NAMES.flatMap((action): Figure[] => [
    [
      `actions.${action}.mode`,
      'up',
      ({ actions }) => rank(ACTION_MODES, actions[action].mode),
      (v) => ACTION_MODES[v] ?? '',
    ],
    [
      `actions.${action}.window`,
      'down',
      ({ actions }) => rank(ACTION_WINDOWS, actions[action].window),
      (v) => ACTION_WINDOWS[v] ?? '',
    ],
    [`actions.${action}.cooldown`, 'down', ({ actions }) => actions[action].cooldownMs, durationText],
    [`actions.${action}.attempts`, 'up', ({ actions }) => actions[action].attempts, plain],
    [`actions.${action}.timeout`, 'down', ({ actions }) => actions[action].timeoutMs, durationText],
  ]),
];

/** Lists in which an entry more (`grants`) or an entry less (`protects`) allows more. */
const LISTS: readonly (readonly [string, 'grants' | 'protects', (policy: Policy) => readonly string[]])[] = [
  ['drain.actuators', 'grants', ({ drain }) => drain.actuators],
  ['approvals.twoPersonsFor', 'protects', ({ approvals }) => approvals.twoPersonsFor ?? []],
  ['drain.shutdownSessions', 'grants', ({ drain }) => (drain.shutdownSessions ? ['true'] : [])],
  ['drain.whileProxySilent', 'grants', ({ drain }) => (drain.whileProxySilent === 'go-on' ? ['go-on'] : [])],
  ['blockers.never.users', 'protects', ({ blockers }) => blockers.neverUsers],
  ['blockers.never.applications', 'protects', ({ blockers }) => blockers.neverApplications],
  ['blockers.never.databases', 'protects', ({ blockers }) => blockers.neverDatabases],
  ['windows.maintenance', 'grants', ({ windows }) => windows.maintenance.map(windowText)],
  ['windows.freeze', 'protects', ({ windows }) => windows.freeze.map(windowText)],
];

const windowText = (window: CronWindow): string =>
  `"${window.cron}" ${window.timezone} for ${durationText(window.forMs)}`;

/**
 * The rights that `next` has and `old` had not, one sentence each: higher modes, higher limits, lower floors, shorter waits, fewer
 * protections. Empty: the reload can take effect without a new start grace.
 */
export function widens(old: Policy, next: Policy): string[] {
  const rows: string[] = [];
  for (const [key, direction, read, text] of FIGURES) {
    const [before, after] = [read(old), read(next)];
    if (direction === 'up' ? after > before : after < before) rows.push(`${key}: ${text(before)} -> ${text(after)}`);
  }
  for (const [key, kind, read] of LISTS) {
    const [before, after] = [read(old), read(next)];
    const [more, less] = kind === 'grants' ? [after, before] : [before, after];
    const change = kind === 'grants' ? 'now has' : 'no longer has';
    rows.push(...more.filter((item) => !less.includes(item)).map((item) => `${key} ${change} ${item}`));
  }
  return [...rows, ...widerGrace(old, next)];
}

/** A written grace that is gone counts too: the catalogue's own may be shorter. */
function widerGrace(old: Policy, next: Policy): string[] {
  const [before, after] = [leavesOf(old.grace, 'grace'), leavesOf(next.grace, 'grace')];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => {
      const [was, is] = [before.get(path), after.get(path)];
      return was === undefined || is === undefined ? was !== is : Number(is) < Number(was);
    })
    .map((path) => changeText(path, before.get(path), after.get(path)));
}

/** What differs between two policies, one line each in the words of the file: `lag.warning: 1MB -> 2MB`. */
export function describeChanges(old: Policy, next: Policy): string[] {
  const [before, after] = [leavesOf(old, ''), leavesOf(next, '')];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => canonicalJson(before.get(path)) !== canonicalJson(after.get(path)))
    .sort()
    .map((path) => changeText(path, before.get(path), after.get(path)));
}

function leavesOf(value: unknown, path: string): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, item]) => [...leavesOf(item, path === '' ? key : `${path}.${key}`)]),
  );
}

function changeText(path: string, before: unknown, after: unknown): string {
  return `${fileKey(path)}: ${valueText(path, before)} -> ${valueText(path, after)}`;
}

/** The few places where the model's name is not the file's name plus a unit. */
const FILE_KEYS: Readonly<Record<string, string>> = {
  'approvals.expiresMs': 'approvals.expire',
  'connections.warningPercent': 'connections.warning',
  'blockers.neverUsers': 'blockers.never.users',
  'blockers.neverApplications': 'blockers.never.applications',
  'blockers.neverDatabases': 'blockers.never.databases',
};

const fileKey = (path: string): string => FILE_KEYS[path] ?? path.replace(/(?:Ms|Bytes)$/, '');

function valueText(path: string, value: unknown): string {
  if (value === undefined) return 'not set';
  if (typeof value === 'number' && path.endsWith('Ms')) return durationText(value);
  if (typeof value === 'number' && path.endsWith('Bytes')) return sizeText(value);
  if (typeof value === 'number' && path.endsWith('Percent')) return `${value}%`;
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    return `[${items.map((item) => (typeof item === 'string' ? item : windowText(item as CronWindow))).join(', ')}]`;
  }
  return typeof value === 'string' ? value : foundText(value);
}
