import { describe, expect, it } from 'vitest';
import { describeChanges, widens } from '../../../src/config/compare.js';
import { acceptedPolicy, policyFrom } from './files.js';

const of = (text: string) => acceptedPolicy(policyFrom(text));
const base = of('{}');

describe('a reload', () => {
  it.each([
    ['mode: enforce\n', 'mode: dry-run -> enforce'],
    ['actions: { restart-member: auto }\n', 'actions.restart-member.mode: approve -> auto'],
    ['actions: { reinitialize-replica: observe }\n', 'actions.reinitialize-replica.mode: off -> observe'],
    ['actions: { restart-member: { cooldown: 1m } }\n', 'actions.restart-member.cooldown: 10m -> 1m'],
    ['actions: { restart-member: { attempts: 5 } }\n', 'actions.restart-member.attempts: 2 -> 5'],
    ['limits: { concurrent: 2 }\n', 'limits.concurrent: 1 -> 2'],
    ['limits: { perHour: 7 }\n', 'limits.perHour: 6 -> 7'],
    ['limits: { minHealthyReplicas: 0 }\n', 'limits.minHealthyReplicas: 1 -> 0'],
    ['limits: { minReadPool: 0 }\n', 'limits.minReadPool: 1 -> 0'],
    ['limits: { minReadPoolPerSite: 0 }\n', 'limits.minReadPoolPerSite: 1 -> 0'],
    ['limits: { stormMembers: 3 }\n', 'limits.stormMembers: 2 -> 3'],
    ['limits: { stormQuiet: 1m }\n', 'limits.stormQuiet: 5m -> 1m'],
    ['lag: { emergency: 50MB }\n', 'lag.emergency: 100MB -> 50MB'],
    ['blockers: { olderThan: 1s }\n', 'blockers.olderThan: 30s -> 1s'],
    ['drain: { actuators: [proxy, tag] }\n', 'drain.actuators now has tag'],
    ['drain: { shutdownSessions: true }\n', 'drain.shutdownSessions now has true'],
    ['startGrace: { passes: 1 }\n', 'startGrace.passes: 3 -> 1'],
    ['grace: { member-down: { for: 1s } }\n', 'grace.member-down.for: not set -> 1s'],
    [
      'windows: { maintenance: [{ cron: "0 2 * * *", for: 1h }] }\n',
      'windows.maintenance now has "0 2 * * *" UTC for 1h',
    ],
  ])('with %j widens rights: %s', (text, row) => {
    expect(widens(base, of(text))).toEqual([row]);
    expect(widens(of(text), base)).not.toContain(row);
  });

  it('that lets an action out of its maintenance window widens rights', () => {
    const windows = 'windows: { maintenance: [{ cron: "0 2 * * *", for: 1h }] }\n';
    const bound = of(`${windows}actions: { restart-member: { window: maintenance } }\n`);
    expect(widens(bound, of(windows))).toEqual(['actions.restart-member.window: maintenance -> any']);
    expect(widens(of(windows), bound)).toEqual([]);
  });

  it.each([
    'mode: observe\n',
    'actions: { drain-replica: off, undrain-replica: approve }\n',
    'limits: { perHour: 1, minReadPool: 2 }\n',
    'lag: { emergency: 200MB }\n',
    'blockers: { olderThan: 5m, never: { users: [backup] } }\n',
    'windows: { freeze: [{ cron: "0 2 * * *", for: 1h }] }\n',
    'startGrace: { passes: 9, for: 1m }\n',
  ])('with %j takes rights away, and widens nothing', (text) => {
    expect(widens(base, of(text))).toEqual([]);
    expect(widens(of(text), base)).not.toEqual([]);
  });

  it('that only names defaults changes nothing', () => {
    const same = of('mode: dry-run\nchain: 1800s\n');
    expect(widens(base, same)).toEqual([]);
    expect(describeChanges(base, same)).toEqual([]);
  });

  it('is described in the words of the file, every change and nothing else', () => {
    const next = of(
      'mode: enforce\nlag: { warning: 512KB, for: 20s, recovered: 512KB }\nblockers: { never: { users: [backup] } }\nconnections: { warning: 90% }\napprovals: { expire: 1h }\ngrace: { leaderless: { samples: 5 } }\nwindows: { freeze: [{ cron: "0 0 20 12 *", for: 14d, timezone: Europe/Berlin }] }\n',
    );
    expect(describeChanges(base, next)).toEqual([
      'approvals.expire: 30m -> 1h',
      'blockers.never.users: [] -> [backup]',
      'connections.warning: 85% -> 90%',
      'grace.leaderless.samples: not set -> 5',
      'lag.for: 10s -> 20s',
      'lag.recovered: 1MB -> 512KB',
      'lag.warning: 1MB -> 512KB',
      'mode: dry-run -> enforce',
      'windows.freeze: [] -> ["0 0 20 12 *" Europe/Berlin for 14d]',
    ]);
  });
});
