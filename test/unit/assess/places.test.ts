import { describe, expect, it } from 'vitest';
import { parseKeys } from '../../../src/adapters/etcd/keys.js';
import { statusFrom } from '../../../src/adapters/patroni/parse.js';
import { candidatesFor } from '../../../src/assess/candidates.js';
import { rememberAddresses } from '../../../src/assess/places.js';
import { isSpokenFor } from '../../../src/assess/things.js';
import { byPerson } from '../../../src/decide/candidate.js';
import { blocksFor } from '../../../src/decide/gates.js';
import { memberName } from '../../../src/model/names.js';
import type { ProblemCode } from '../../../src/model/problem.js';
import { cutOffIn, onSites } from '../../support/places-situations.js';
import {
  api,
  assessmentOf,
  CLEAN_MEMORY,
  config,
  findingOf,
  inputOf,
  keys,
  NOW_MS,
  planOf,
  problemOf,
  SCOPE,
  viewOf,
} from '../../support/view.js';

describe('[P15] sites', () => {
  it('among equals the site of the old leader goes first', () => {
    const names = (view: ReturnType<typeof viewOf>) =>
      candidatesFor(view, CLEAN_MEMORY, 'patroni1').map(({ name }) => name);
    expect(names(viewOf())).toEqual(['patroni2', 'patroni3']);
    const swapped = (view: ReturnType<typeof viewOf>) => ({
      ...view,
      sites: { patroni1: 'fra', patroni2: 'ams', patroni3: 'fra' },
    });
    expect(names(swapped(viewOf()))).toEqual(['patroni3', 'patroni2']);
    expect(names(viewOf(onSites))).toEqual(['patroni2', 'patroni3']);
  });

  it('a lost site speaks for what stood there, and for the cluster', () => {
    const lost = problemOf('site-lost', 'fra', { facts: { names: 'patroni1,patroni2,etcd1,proxy' } });
    const spoken = (code: ProblemCode, subject: string) => isSpokenFor({ code, subject }, [lost]);
    expect(spoken('member-down', 'patroni2')).toBe(true);
    expect(spoken('dcs-member-down', 'etcd1')).toBe(true);
    expect(spoken('channel-silent', 'proxy')).toBe(true);
    expect(spoken('too-few-replicas', SCOPE)).toBe(true);
    expect(spoken('member-down', 'patroni3')).toBe(false);
    expect(spoken('dcs-member-down', 'etcd2')).toBe(false);
    expect(spoken('channel-silent', 'patroni3 postgres')).toBe(false);
    expect(spoken('leader-down', 'patroni1')).toBe(false);
  });

  it('an instance on a site that is cut off names it, and speaks for all that it does not see', () => {
    const view = viewOf(...cutOffIn('ams'));
    const blind = findingOf(assessmentOf(view), 'observer-impaired');
    expect(blind?.evidence.map(({ text }) => text).join()).toContain('it is site ams that is cut off');
    const problem = problemOf('observer-impaired', SCOPE, { facts: blind?.facts ?? {} });
    const spoken = (code: ProblemCode, subject: string) => isSpokenFor({ code, subject }, [problem]);
    expect(spoken('dcs-quorum-lost', SCOPE)).toBe(true);
    expect(spoken('member-down', 'patroni3')).toBe(true);
    expect(spoken('member-down', 'patroni1')).toBe(false);
    const asleep = problemOf('observer-impaired', SCOPE);
    expect(isSpokenFor({ code: 'dcs-quorum-lost', subject: SCOPE }, [asleep])).toBe(false);
  });
});

it('[P18] a member whose watchdog failed is no candidate', () => {
  const rows = candidatesFor(viewOf(api('patroni2', { watchdogFailed: true })), CLEAN_MEMORY, 'patroni1');
  expect(rows.find(({ name }) => name === 'patroni2')?.barred).toEqual(['says that its watchdog failed']);
});

it('[P19] a member outside the failsafe set leads only if a person agrees', () => {
  const view = viewOf(config({ failsafeMode: true }), keys({ failsafe: ['patroni1', 'patroni3'] }));
  const rows = candidatesFor(view, CLEAN_MEMORY, 'patroni1');
  expect(rows.find(({ name }) => name === 'patroni2')?.against).toEqual(['is not in the failsafe set']);
});

describe('[P20] a restart that somebody scheduled', () => {
  const at = (ms: number) => api('patroni2', { scheduledRestart: { at: new Date(NOW_MS + ms).toISOString() } });
  const reasons = (ms: number) => {
    const plan = planOf('restart-member', 'patroni2');
    const input = inputOf([], { view: viewOf(at(ms)) });
    return blocksFor(input, byPerson(plan)).map(({ because }) => because);
  };
  it('is somebody else at work from one loop before its time on', () => {
    expect(reasons(5_000)).toContain('somebody has scheduled a restart of patroni2, which is due');
    expect(reasons(3_600_000)).not.toContain('somebody has scheduled a restart of patroni2, which is due');
  });
});

describe('[P21] two members of one name', () => {
  const seenAt = (...places: readonly string[]) => {
    let memory = CLEAN_MEMORY;
    for (const [index, place] of places.entries()) {
      const member = {
        name: memberName('patroni2'),
        role: 'replica',
        state: 'running',
        timeline: 7,
        xlogLocation: null,
        apiUrl: place,
      };
      const view = { ...viewOf(keys({ members: [member] })), atMs: NOW_MS + index * 5_000 };
      memory = { ...memory, addresses: rememberAddresses(memory, view) };
    }
    return memory.addresses?.['patroni2'];
  };
  it('write one key in turn, and a move is written once', () => {
    expect(seenAt('a', 'b', 'a', 'b')?.changesMs).toHaveLength(3);
    expect(seenAt('a', 'b', 'a', 'b')?.known).toEqual(['a', 'b']);
    expect(seenAt('a', 'b', 'b', 'b')?.changesMs).toHaveLength(1);
  });
});

it('[P18, P20] what Patroni says of its watchdog and of an appointment is read', () => {
  const status = { state: 'running', role: 'replica', patroni: { scope: 's' } };
  expect(
    statusFrom({ ...status, watchdog_failed: true, scheduled_restart: { schedule: '2026-01-15T03:00:00+00:00' } }),
  ).toMatchObject({
    watchdogFailed: true,
    scheduledRestart: { at: '2026-01-15T03:00:00+00:00' },
  });
  expect(statusFrom(status)).toMatchObject({ watchdogFailed: false, scheduledRestart: null });
});

it.each([
  ['{"patroni1":"http://a","patroni2":"http://b"}', ['patroni1', 'patroni2']],
  ['nonsense', null],
])('[P19] the key failsafe %s is read', (value, expected) => {
  const row = {
    key: Buffer.from('/service/s/failsafe'),
    value: Buffer.from(value),
    create_revision: '1',
    mod_revision: '1',
    lease: '0',
  };
  const parsed = parseKeys('/service/s/', [row], '5');
  expect(parsed.ok && parsed.keys.failsafe).toEqual(expected);
});
