import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/decide/decide.js';
import type { Channel } from '../../../src/model/channel.js';
import type { ActionName } from '../../../src/model/plan.js';
import type { ProblemCode } from '../../../src/model/problem.js';
import { testPolicy } from '../../support/policy.js';
import {
  all,
  host,
  inputOf,
  leaderKey,
  notStreaming,
  problemOf,
  silent,
  stopped,
  viewOf,
  withoutKey,
  type Change,
} from '../../support/view.js';

const AUTO = { mode: 'auto' as const };
const policy = testPolicy(
  {},
  { 'expedite-failover': AUTO, 'fence-member': AUTO, failover: AUTO, 'reinitialize-replica': AUTO },
);
const EVERY: readonly Channel[] = ['api', 'sql', 'peers', 'dcs', 'host'];

/** The problem has been active for long, by every channel there is: what holds the action back is what lives. */
const acts = (code: ProblemCode, subject: string, changes: readonly Change[]): readonly string[] =>
  decide(inputOf([problemOf(code, subject, { channels: EVERY })], { view: viewOf(...changes), policy })).flatMap(
    (decision) => (decision.kind === 'act' ? [`${decision.plan.action} ${decision.plan.target}`] : []),
  );

const unheard = (name: string): Change => all(silent(name, 'api'), silent(name, 'sql'));
const notAsked = (name: string): Change => silent(name, 'host', 'not-configured');
/** All that others know of patroni3 is taken away: what a sign puts back is the sign. */
const deadToAll = all(notStreaming('patroni3'), withoutKey('patroni3'), unheard('patroni3'));

interface Row {
  readonly code: ProblemCode;
  readonly action: ActionName;
  /** In which it is sent: nobody sees the member alive. */
  readonly dead: readonly Change[];
  readonly alive: Readonly<Record<string, readonly Change[]>>;
}

const ROWS: readonly Row[] = [
  {
    code: 'member-down',
    action: 'restart-member',
    dead: [deadToAll],
    alive: {
      'the leader lists it as streaming': [withoutKey('patroni3'), unheard('patroni3')],
      'its key is in etcd': [notStreaming('patroni3'), unheard('patroni3')],
      'the leader lists it, its key is in etcd, and no host driver is asked': [
        unheard('patroni3'),
        notAsked('patroni3'),
      ],
    },
  },
  {
    code: 'patroni-down',
    action: 'restart-member',
    dead: [silent('patroni3', 'api'), withoutKey('patroni3')],
    alive: { 'its key is in etcd': [silent('patroni3', 'api')] },
  },
  {
    code: 'member-down',
    action: 'start-member',
    dead: [stopped('patroni3')],
    alive: {
      'the leader lists it as streaming': [
        unheard('patroni3'),
        withoutKey('patroni3'),
        host('patroni3', { state: 'stopped' }),
      ],
      'its API answers': [host('patroni3', { state: 'stopped' }), silent('patroni3', 'sql')],
      'its PostgreSQL answers': [host('patroni3', { state: 'stopped' }), silent('patroni3', 'api')],
      'it runs by its host driver': [stopped('patroni3'), host('patroni3', { state: 'running' })],
    },
  },
  {
    code: 'leader-down',
    action: 'expedite-failover',
    dead: [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')],
    alive: {
      'a replica streams from it': [stopped('patroni1'), notStreaming('patroni2')],
      'it runs by its host driver': [unheard('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')],
      'its PostgreSQL answers': [
        silent('patroni1', 'api'),
        host('patroni1', { state: 'stopped' }),
        notStreaming('patroni2'),
        notStreaming('patroni3'),
      ],
    },
  },
];

describe('what concludes from our not hearing a member', () => {
  for (const { code, action, dead, alive } of ROWS) {
    const target = code === 'leader-down' ? 'patroni1' : 'patroni3';
    it(`${action} for ${code} is sent where nobody sees the member alive`, () => {
      expect(acts(code, target, dead)).toEqual([`${action} ${target}`]);
    });
    it.each(Object.entries(alive))(`[S4] ${action} for ${code} is not sent where %s`, (_sign, changes) => {
      expect(acts(code, target, changes)).toEqual([]);
    });
  }

  it('[S4] a rebuild is never sent to a member that does not answer us', () => {
    const codes: readonly ProblemCode[] = ['wal-missing', 'rewind-failed', 'timeline-diverged', 'replica-start-failed'];
    for (const code of codes)
      for (const changes of [[unheard('patroni3')], [silent('patroni3', 'api')], [deadToAll], [leaderKey(null)]])
        expect(acts(code, 'patroni3', changes).filter((text) => text.startsWith('reinitialize'))).toEqual([]);
  });
});
