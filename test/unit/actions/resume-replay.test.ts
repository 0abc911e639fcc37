import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { stepInput } from '../../../src/actions/waits.js';
import { formatLsn, memberName } from '../../../src/model/names.js';
import type { Intention } from '../../../src/model/intention.js';
import type { Json } from '../../../src/model/plan.js';
import {
  api,
  assessmentOf,
  at,
  isPrimary,
  logSays,
  NOW_MS,
  planOf,
  problemOf,
  silent,
  sql,
  STANDBY,
  viewOf,
  type Change,
} from '../../support/view.js';

const action = ACTIONS['resume-replay'];
const MB = 1024 * 1024;
const HERE = formatLsn(at(5 * MB));
const paused: Change = sql('patroni2', { replayPaused: true, replayLsn: at(5 * MB) });
const declared =
  (...what: readonly Intention[]): Change =>
  (view) => ({ ...view, intentions: { patroni2: what } });
const below: Change = sql('patroni2', { standbySettings: { ...STANDBY, max_wal_senders: 5 } });
const target: Change = sql('patroni2', { recoveryTarget: 'recovery_target_lsn = 0/5000000' });
const silentLeader = silent('patroni1', 'sql');

const input = (changes: readonly Change[], part: Parameters<typeof assessmentOf>[1] = {}) =>
  assessmentOf(viewOf(...changes), part);
const bind = (changes: readonly Change[], byPerson = false) =>
  action.bind(input(changes), memberName('patroni2'), byPerson ? null : problemOf('replay-paused', 'patroni2'));
const plan = (params: Record<string, Json> = { at: HERE, atLeast: STANDBY }) =>
  planOf('resume-replay', 'patroni2', params);
const refusal = (...changes: readonly Change[]) => action.refuse(input(changes), plan());
const doubt = (changes: readonly Change[], sinceMs = NOW_MS - 30_000) => {
  const row = input(changes);
  return (
    action.doubt?.({ ...row, memory: { ...row.memory, replayPausedSinceMs: { patroni2: sinceMs } } }, plan()) ?? null
  );
};

describe('resuming replay that is paused', () => {
  it('[P16] is bound to where replay stands and to the settings of the leader', () => {
    expect(bind([paused])).toEqual({ kind: 'bound', params: { at: HERE, atLeast: STANDBY } });
    expect(refusal(paused)).toBeNull();
  });

  it.each<[string, readonly Change[], RegExp]>([
    [
      'a setting below the leader',
      [paused, below],
      /max_wal_senders is 5 on patroni2 and 10 on patroni1: to resume would shut it down/,
    ],
    [
      'a setting that its log names, though the figures are level again',
      [
        paused,
        logSays(
          'patroni2',
          'DETAIL:  max_wal_senders = 5 is a lower setting than on the primary server, where its value was 10.',
        ),
      ],
      /the log of patroni2 says: .*shut it down/,
    ],
    [
      'a recovery target',
      [paused, target],
      /recovery_target_lsn = 0\/5000000 is set on patroni2: to resume would promote it/,
    ],
  ])('[P16] is never sent, and a person is told, where what paused it is %s', (_what, changes, why) => {
    expect(bind(changes)).toMatchObject({ kind: 'nothing', why: expect.stringMatching(why), stuck: true });
    expect(bind(changes, true)).toMatchObject({ kind: 'nothing' });
    expect(refusal(...changes)).toMatch(why);
  });

  it.each<[string, readonly Change[]]>([
    ['the settings of the leader are not known', [paused, silentLeader]],
    ['SQL of the replica gives no answer', [paused, silent('patroni2', 'sql')]],
    ['only its API says that it is paused', [api('patroni2', {})]],
    ['it became primary', [paused, isPrimary('patroni2')]],
  ])('is not sent while %s', (_what, changes) => {
    expect(refusal(...changes)).not.toBeNull();
  });

  it.each<[string, Change]>([
    ['declared delayed', declared('delayed')],
    ['replaying late by its own setting', sql('patroni2', { applyDelayMs: 3_600_000 })],
  ])('[P16] is a matter of a person alone where the member is %s', (_what, change) => {
    expect(bind([paused, change])).toMatchObject({ kind: 'nothing', stuck: true });
    expect(bind([paused, change], true)).toMatchObject({ kind: 'bound' });
    expect(refusal(paused, change)).toMatch(/meant to be behind/);
    const asked = { ...plan(), because: { code: 'operator', subject: 'patroni2' } } as const;
    expect(action.refuse(input([paused, change]), asked)).toBeNull();
  });

  it('[P16] of another pause than the one that was seen is refused', () => {
    expect(refusal(sql('patroni2', { replayPaused: true, replayLsn: at(2 * MB) }))).toMatch(/not at .* as was seen/);
  });

  it('[P16] asks a person even on auto where the log of that time cannot be read', () => {
    expect(doubt([paused])).toMatch(/log of patroni2 cannot be read/);
    expect(doubt([paused, logSays('patroni2')])).toBeNull();
    expect(doubt([paused, logSays('patroni2')], NOW_MS - 3_600_000)).toMatch(/reaches back too short a time/);
  });

  it('has succeeded when replay moves, or has nothing left to do', () => {
    const [step] = action.steps(stepInput(input([paused])), plan());
    const seen = (...changes: readonly Change[]) => step?.expect(input(changes)).kind;
    expect(seen(paused)).toBe('pending');
    expect(seen(sql('patroni2', { replayLsn: at(5 * MB) }))).toBe('pending');
    expect(seen(sql('patroni2', { replayLsn: at(4 * MB) }))).toBe('met');
    expect(seen(sql('patroni2', { replayLsn: at(5 * MB), receiveLsn: at(5 * MB), walReceiver: null }))).toBe('met');
    expect(seen(silent('patroni2', 'sql'))).toBe('pending');
    expect(seen(sql('patroni2', { inRecovery: false }))).toBe('violated');
  });
});
