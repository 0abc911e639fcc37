import { ACTION_NAMES } from '../model/plan.js';
import type { CronWindow, Policy } from '../model/policy.js';
import { STAGED_NAMES } from '../model/staged.js';
import { neverCloses, opensEver } from './calendar.js';
import { restrictsBothDays } from './cron.js';
import { PACE_RULES } from './pace-rules.js';
import type { Rule } from './rule.js';
import { durationText } from './units.js';

const LEAST_COPY_MS = 60_000;
const isOn = (mode: string): boolean => mode === 'approve' || mode === 'auto';

type Windows = readonly { readonly key: string; readonly freeze: boolean; readonly window: CronWindow }[];
const windowsOf = ({ windows }: Policy): Windows => [
  ...windows.maintenance.map((window, index) => ({ key: `windows.maintenance[${index}]`, freeze: false, window })),
  ...windows.freeze.map((window, index) => ({ key: `windows.freeze[${index}]`, freeze: true, window })),
];

/** What the policy's values owe to each other. Every row is asked when a policy is loaded; an error refuses the whole file. */
export const POLICY_RULES: readonly Rule<Policy>[] = [
  ...PACE_RULES,
  {
    id: 'attempts-without-try',
    severity: 'error',
    keys: ['actions.ACTION.mode', 'actions.ACTION.attempts'],
    check: ({ actions }) =>
      ACTION_NAMES.filter((action) => isOn(actions[action].mode) && actions[action].attempts === 0).map((action) => ({
        key: `actions.${action}.attempts`,
        found: `mode ${actions[action].mode} with attempts 0`,
        expected: 'at least one attempt for an action that is on',
        remedy: 'raise attempts, or set the mode to off',
      })),
  },
  {
    // Past its time a copy counts as failed, and the next try begins it from zero.
    id: 'timeout-covers-copy',
    severity: 'error',
    keys: ['actions.reinitialize-replica.timeout'],
    check: ({ actions: { 'reinitialize-replica': copy } }) =>
      !isOn(copy.mode) || copy.timeoutMs >= LEAST_COPY_MS
        ? []
        : [
            {
              key: 'actions.reinitialize-replica.timeout',
              found: durationText(copy.timeoutMs),
              expected: `at least ${durationText(LEAST_COPY_MS)}`,
              remedy: 'set it to the time that a base backup of this database takes, and some more',
            },
          ],
  },
  {
    id: 'start-grace-none',
    severity: 'warning',
    keys: ['startGrace.passes', 'startGrace.for'],
    check: ({ startGrace }) =>
      startGrace.passes > 0 || startGrace.forMs > 0
        ? []
        : [
            {
              key: 'startGrace.passes',
              found: '0 passes over 0s',
              expected: 'some clean passes',
              remedy: 'raise one of them: as it is, the very first look after a start or takeover is acted on',
            },
          ],
  },
  {
    id: 'pause-given-up-in-time',
    severity: 'error',
    keys: ['pooler.pauseWithin', 'pooler.maxPause'],
    check: ({ pooler }) =>
      pooler === undefined || 2 * pooler.pauseWithinMs <= pooler.maxPauseMs
        ? []
        : [
            {
              key: 'pooler.pauseWithin',
              found: `${durationText(pooler.pauseWithinMs)}, with pooler.maxPause ${durationText(pooler.maxPauseMs)}`,
              expected: 'at most half of pooler.maxPause',
              remedy: 'lower pauseWithin, or raise maxPause: the other half is for the change of leader',
            },
          ],
  },
  {
    // Another instance ends the pause of one that died; where it may not, clients would wait for a person.
    id: 'pause-has-an-end',
    severity: 'error',
    keys: ['actions.resume-pooler.mode', 'pooler.around'],
    check: ({ actions: { 'resume-pooler': resume }, pooler }) =>
      pooler === undefined || pooler.around.length === 0 || (resume.mode === 'auto' && resume.window === 'any')
        ? []
        : [
            {
              key: 'actions.resume-pooler.mode',
              found: `${resume.mode}, window ${resume.window}`,
              expected: `auto, window any, since clients are held around ${pooler.around.join(', ')}`,
              remedy: 'set actions.resume-pooler to auto, or pooler.around to []',
            },
          ],
  },
  {
    id: 'drain-without-actuator',
    severity: 'error',
    keys: ['drain.actuators', 'actions.drain-replica.mode'],
    check: ({ actions, drain }) =>
      drain.actuators.length > 0 || actions['drain-replica'].mode === 'off'
        ? []
        : [
            {
              key: 'drain.actuators',
              found: 'an empty list',
              expected: `proxy, tag or both, since drain-replica is ${actions['drain-replica'].mode}`,
              remedy: 'name an actuator, or set actions.drain-replica to off',
            },
          ],
  },
  {
    id: 'drain-for-ever',
    severity: 'warning',
    keys: ['actions.drain-replica.mode', 'actions.undrain-replica.mode'],
    check: ({ actions }) =>
      !isOn(actions['drain-replica'].mode) || isOn(actions['undrain-replica'].mode)
        ? []
        : [
            {
              key: 'actions.undrain-replica.mode',
              found: `${actions['undrain-replica'].mode}, while drain-replica is ${actions['drain-replica'].mode}`,
              expected: 'approve or auto',
              remedy: 'allow undrain-replica, or be ready to return every drained replica by hand',
            },
          ],
  },
  {
    // A cool-down that outlives the chain makes each try look like the first: attempts would never run out.
    id: 'chain-covers-cooldown',
    severity: 'error',
    keys: ['chain', 'actions.ACTION.cooldown'],
    check: ({ actions, chainMs }) =>
      ACTION_NAMES.filter((action) => isOn(actions[action].mode) && actions[action].cooldownMs > chainMs).map(
        (action) => ({
          key: `actions.${action}.cooldown`,
          found: `${durationText(actions[action].cooldownMs)}, with chain ${durationText(chainMs)}`,
          expected: 'a chain at least as long as every cooldown of an action that is on',
          remedy: `raise chain to ${durationText(actions[action].cooldownMs)} or lower this cooldown`,
        }),
      ),
  },
  {
    id: 'maintenance-without-window',
    severity: 'error',
    keys: ['actions.ACTION.window', 'windows.maintenance'],
    check: ({ actions, windows }) =>
      windows.maintenance.length > 0
        ? []
        : ACTION_NAMES.filter((action) => isOn(actions[action].mode) && actions[action].window === 'maintenance').map(
            (action) => ({
              key: `actions.${action}.window`,
              found: 'maintenance, while windows.maintenance is empty',
              expected: 'a window in which it may begin',
              remedy: 'add one to windows.maintenance, or set this to any',
            }),
          ),
  },
  {
    id: 'procedure-without-window',
    severity: 'error',
    keys: ['procedures.PROCEDURE.window', 'windows.maintenance'],
    check: ({ procedures = {}, windows }) =>
      windows.maintenance.length > 0
        ? []
        : STAGED_NAMES.filter(
            (name) => procedures[name]?.mode === 'auto' && procedures[name].window === 'maintenance',
          ).map((name) => ({
            key: `procedures.${name}.window`,
            found: 'maintenance, while windows.maintenance is empty',
            expected: 'a window in which it may begin by itself',
            remedy: 'add one to windows.maintenance, or set this to any',
          })),
  },
  {
    id: 'window-never-opens',
    severity: 'error',
    keys: ['windows.maintenance', 'windows.freeze'],
    check: (policy) =>
      windowsOf(policy)
        .filter(({ window }) => !opensEver(window))
        .map(({ key, window }) => ({
          key: `${key}.cron`,
          found: `"${window.cron}", which no day matches`,
          expected: 'an expression that matches a day',
          remedy: 'correct the days; day of month and day of week must both match',
        })),
  },
  {
    id: 'window-never-closes',
    severity: 'warning',
    keys: ['windows.maintenance', 'windows.freeze'],
    check: (policy) =>
      windowsOf(policy)
        .filter(({ window }) => neverCloses(window))
        .map(({ key, freeze, window }) => ({
          key: `${key}.for`,
          found: `${durationText(window.forMs)} for "${window.cron}": it opens again before it closes`,
          expected: 'a window that is closed at times',
          remedy: freeze ? 'shorten it; to stop everything set mode: observe' : 'shorten it, or open it less often',
        })),
  },
  {
    id: 'window-both-days',
    severity: 'warning',
    keys: ['windows.maintenance', 'windows.freeze'],
    check: (policy) =>
      windowsOf(policy)
        .filter(({ window }) => restrictsBothDays(window.cron))
        .map(({ key, window }) => ({
          key: `${key}.cron`,
          found: `"${window.cron}", with a day of month and a day of week`,
          expected: 'to be meant so: both must match here, while classic cron opens on either',
          remedy: 'write two windows with one of the days each, if either day was meant',
        })),
  },
];
