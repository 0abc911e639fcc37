import { describe, expect, it } from 'vitest';
import { graceOf, levelOf } from '../../../src/assess/catalogue.js';
import type { Finding } from '../../../src/model/problem.js';
import {
  all,
  api,
  assessmentOf,
  at,
  config,
  findingOf,
  keys,
  leaderKey,
  MB,
  SCOPE,
  silent,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';
import { testPolicy } from '../../support/policy.js';

const behind = (name: string, bytes: number): Change =>
  all(
    sql(name, { receiveLsn: at(bytes), replayLsn: at(bytes) }),
    api(name, {
      xlog: {
        location: null,
        receivedLocation: at(bytes),
        replayedLocation: at(bytes),
        replayedAtMs: null,
        replayPaused: false,
      },
    }),
  );

const forbidden = (name: string): Change =>
  api(name, { tags: { noloadbalance: false, nofailover: true, nosync: false, clonefrom: false, raw: {} } });

const found = (...changes: readonly Change[]): Finding | undefined =>
  findingOf(assessmentOf(viewOf(...changes)), 'no-failover-candidate');

describe('a leader that nobody could succeed', () => {
  it('is named while it leads, with the reason of each replica', () => {
    const finding = found(behind('patroni2', 5 * MB), forbidden('patroni3'));
    expect(finding).toMatchObject({ subject: 'patroni1', verdict: 'seen', facts: { isLed: true } });
    expect(finding?.evidence[0]?.text).toBe(
      `nobody may succeed patroni1: patroni2 is 5 MiB behind, maximum_lag_on_failover is 1 MiB; patroni3 is tagged nofailover`,
    );
  });

  it.each<[string, readonly Change[], string]>([
    [
      'outside the sync set',
      [config({ synchronousMode: 'on' }), keys({ sync: { leader: 'patroni1', standbys: [] } })],
      'is not in the sync set',
    ],
    ['stopped', [stopped('patroni2'), stopped('patroni3')], 'does not answer at its API'],
    ['forbidden by tag', [forbidden('patroni2'), forbidden('patroni3')], 'is tagged nofailover'],
    [
      'on an older timeline',
      ['patroni2', 'patroni3'].map((name) => all(sql(name, { timeline: 6 }), api(name, { timeline: 6 }))).flat(),
      'is on timeline 6, the leader was on 7',
    ],
  ])('when every replica is %s', (_name, changes, reason) => {
    expect(found(...changes)?.evidence[0]?.text).toContain(reason);
  });

  it('is not made of what the leader wrote since its last loop', () => {
    const changes = [behind('patroni2', 5 * MB), behind('patroni3', 5 * MB)];
    expect(found(...changes, keys({ optimeLsn: at(5 * MB) }))).toBeUndefined();
    expect(found(...changes)).toBeDefined();
  });

  it('cannot be told while the holder of the key does not confirm that it leads', () => {
    expect(found(silent('patroni1', 'api'), stopped('patroni2'), stopped('patroni3'))?.verdict).toBe('unknown');
  });

  it('is a warning after ten minutes; with nobody leading it is critical after a loop', () => {
    const waits = { ttlMs: 30_000, loopWaitMs: 10_000 };
    const led = found(stopped('patroni2'), stopped('patroni3'))?.facts ?? {};
    const alone = found(leaderKey(null), stopped('patroni1'), stopped('patroni2'), stopped('patroni3'));
    expect(alone?.subject).toBe(SCOPE);
    expect(levelOf('no-failover-candidate', led)).toBe('warning');
    expect(graceOf('no-failover-candidate', testPolicy(), waits, led).forMs).toBe(600_000);
    expect(levelOf('no-failover-candidate', alone?.facts ?? {})).toBe('critical');
    expect(graceOf('no-failover-candidate', testPolicy(), waits, alone?.facts).forMs).toBe(10_000);
  });
});
