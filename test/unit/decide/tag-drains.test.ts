import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { undoneDrains } from '../../../src/ledger/after-pass.js';
import { claimedBy } from '../../support/claimed.js';
import type { DrainRecord } from '../../../src/model/ledger.js';
import { memberName } from '../../../src/model/names.js';
import { fresh, notConfigured, unknown } from '../../../src/model/reading.js';
import {
  api,
  assessmentOf,
  drainedByUs,
  ledgerOf,
  member,
  NO_TAGS,
  NOW_MS,
  planOf,
  proxyDrain,
  remediationOf,
  silent,
  viewOf,
  type Change,
} from '../../support/view.js';

const running = (noloadbalance: boolean): Change => api('patroni3', { tags: { ...NO_TAGS, noloadbalance } });
const file = (noloadbalance: boolean): Change =>
  member('patroni3', () => ({ fileTag: fresh(noloadbalance, NOW_MS, 'tags') }));
const unreadable: Change = member('patroni3', () => ({ fileTag: unknown('timeout', 'slow', NOW_MS, 'tags') }));
const noDriver: Change = (view) => ({
  ...member('patroni3', () => ({ fileTag: notConfigured('tags', NOW_MS) }))(view),
  actuators: { ...view.actuators, tags: false },
});

const drained = (part: Partial<DrainRecord>) => {
  const ledger = drainedByUs('patroni3');
  return { ...ledger, drains: ledger.drains.map((row) => ({ ...row, ...part })) };
};
const TAG = drained({ actuators: ['tag'] });
const BOTH = drained({ actuators: ['proxy', 'tag'] });

describe('a drain of ours by the tag', () => {
  it.each<[string, readonly Change[], readonly string[]]>([
    ['stands while the tag is in force', [running(true), file(true)], []],
    ['stands while it is in the file and not yet in force', [running(false), file(true)], []],
    ['stands while it is out of the file and still in force', [running(true), file(false)], []],
    ['is undone when it is gone from both', [running(false), file(false)], ['patroni3']],
    ['is not to be judged while the file cannot be read', [running(false), unreadable], []],
    [
      'is not to be judged while the member is silent and the file has none',
      [silent('patroni3', 'api'), file(false)],
      [],
    ],
    ['is judged by the running tag where no driver is configured any more', [running(false), noDriver], ['patroni3']],
  ])('%s', (_name, changes, byHand) => {
    expect(undoneDrains(TAG, viewOf(...changes)).byHand).toEqual(byHand);
  });
});

describe('a drain that was broken off', () => {
  const isDone = (ledger: typeof TAG, ...changes: readonly Change[]): boolean =>
    ACTIONS['drain-replica'].alreadyTrue(assessmentOf(viewOf(...changes), { ledger }), memberName('patroni3'));

  it.each<[string, typeof TAG, readonly Change[], boolean]>([
    ['is not done while readers still read there', TAG, [running(false), file(true)], false],
    ['is done once the tag is in force', TAG, [running(true), file(true)], true],
    [
      'is done as long as the proxy keeps readers away',
      BOTH,
      [running(false), file(true), proxyDrain('patroni3')],
      true,
    ],
    ['is not done when the proxy forgot it as well', BOTH, [running(false), file(true)], false],
    ['is not known to be undone while the member is silent', TAG, [silent('patroni3', 'api'), file(true)], true],
  ])('%s', (_name, ledger, changes, done) => {
    expect(isDone(ledger, ...changes)).toBe(done);
  });

  it('in dry-run is rehearsed, and not done', () => {
    const ledger = drained({ actuators: ['tag'], shadow: true });
    expect(isDone(ledger, running(false))).toBe(false);
    const at = assessmentOf(viewOf(running(false)), { ledger });
    expect(ACTIONS['drain-replica'].rehearsed?.(at, memberName('patroni3'))).toBe(true);
  });

  it('and is tried again stays the drain of the person who asked for it', () => {
    const byPerson = {
      ...planOf('drain-replica', 'patroni3'),
      because: { code: 'operator' as const, subject: 'patroni3', by: 'dba' },
    };
    const first = claimedBy(ledgerOf(), remediationOf('drain-replica', 'patroni3', { plan: byPerson }));
    const again = claimedBy(first, remediationOf('drain-replica', 'patroni3', { id: 'again' }));
    expect(again.drains).toMatchObject([{ member: 'patroni3', remediationId: 'again', by: 'dba' }]);
  });
});
