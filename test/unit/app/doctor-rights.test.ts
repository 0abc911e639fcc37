import { describe, expect, it } from 'vitest';
import { lostWithout, partRows } from '../../../src/app/doctor-rights.js';
import { ACTION_NAMES } from '../../../src/model/plan.js';
import { fresh, unknown, type ReadingFault } from '../../../src/model/reading.js';
import { RIGHT_NAMES, RIGHTS, type RightName, type RightRow, type RightSeen } from '../../../src/model/rights.js';
import { testPolicy } from '../../support/policy.js';

const given = (right: RightName): RightSeen => ({ right, seen: fresh('granted', 0, 'x') });
const not = (right: RightName, fault: ReadingFault): RightSeen => ({
  right,
  seen: unknown(fault, 'its words', 0, 'x'),
});
const on = testPolicy({}, { 'expedite-failover': { mode: 'approve' } });
const rows = (rights: readonly RightSeen[], policy = on) => partRows({ part: 'dcs', rights }, policy);

describe('the doctor on what a part beside the members lets us do', () => {
  it('[S6] is content when all is given', () => {
    expect(rows([given('etcd-read'), given('etcd-leader-key')])).toMatchObject([
      { check: 'dcs grants', verdict: 'ok', disables: [] },
    ]);
  });

  it('[S6] names the right, the word of the other end, the action and who gives it', () => {
    expect(rows([given('etcd-read'), not('etcd-leader-key', 'denied')])).toEqual([
      {
        check: 'dcs grants',
        verdict: 'fail',
        detail: expect.stringMatching(/write on exactly NAMESPACE\/SCOPE\/leader.*its words/),
        remedy: 'give it with config/rights/etcd.sh',
        disables: ['expedite-failover'],
      },
    ]);
  });

  it('[S6] does not count what is off as lost', () => {
    expect(rows([not('etcd-leader-key', 'denied')], testPolicy())).toMatchObject([{ verdict: 'warn', disables: [] }]);
  });

  it('[S6] says "every action" once, and nothing beside it', () => {
    expect(rows([not('etcd-read', 'denied'), not('etcd-leader-key', 'denied')])).toMatchObject([
      { disables: ['every action'] },
    ]);
  });

  it('[S6] does not take an answer that says something else for a no', () => {
    expect(rows([not('docker-start', 'http-status')])).toMatchObject([
      { verdict: 'warn', disables: [], detail: expect.stringContaining('is unknown: its words') },
    ]);
  });

  it.each<ReadingFault>(['timeout', 'refused'])('[S6] adds nothing when nobody answers: %s', (fault) => {
    expect(rows([not('etcd-read', fault), not('etcd-ours', fault)])).toEqual([]);
  });

  it('[S6] a drain that has another way loses one of them', () => {
    const both = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: false } });
    expect(lostWithout('haproxy-admin', both)).toEqual(['drain-replica by proxy', 'undrain-replica by proxy']);
    expect(lostWithout('haproxy-admin', testPolicy())).toEqual(['drain-replica', 'undrain-replica']);
    expect(lostWithout('docker-archive', testPolicy())).toEqual([]);
  });
});

describe('the table of rights', () => {
  it('[S6] has a right for every action, so that what takes it away can be told', () => {
    const named = RIGHT_NAMES.map((name): RightRow => RIGHTS[name]).flatMap(({ actions, ways }) =>
      actions === 'every' ? [] : [...actions, ...(ways?.actions ?? [])],
    );
    // etcd lets nobody but root do these where it asks for a login, and cannot be asked about it without doing them.
    const notAsked = ['defragment-store', 'disarm-store'];
    expect(ACTION_NAMES.filter((name) => !named.includes(name))).toEqual(notAsked);
  });
});
