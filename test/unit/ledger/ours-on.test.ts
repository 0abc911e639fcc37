import { describe, expect, it } from 'vitest';
import { oursOn } from '../../../src/ledger/ours-on.js';
import { EMPTY_LEDGER, type Ledger } from '../../../src/model/ledger.js';
import { oursText } from '../../../src/words/reload.js';

const GONE = { members: ['pg3'], proxies: ['edge'], poolers: ['bouncer'] };
const OF = { sinceMs: 1, remediationId: 'r', shadow: false };
const told = (ledger: Partial<Ledger>): readonly string[] => oursOn({ ...EMPTY_LEDGER, ...ledger }, GONE).map(oursText);
const at = (proxy: string) => [{ proxy, backend: 'replicas', server: 'pg2' }];
const drain = (member: string, proxy = 'other') => ({ ...OF, member, actuators: ['proxy'] as const, at: at(proxy) });
const run = (phase: string, goal: object) => ({ id: 'run1', name: 'rebuild-member', goal, phase }) as never;
const sent = (phase: string, target: string) =>
  ({ phase, plan: { action: 'restart-member', target, params: {} } }) as never;
const takenOut = { member: 'pg3', by: 'ann', reason: 'disk', sinceMs: 1, run: 'x' };

describe('what is ours on a member, a proxy or a pooler that goes', () => {
  it.each<readonly [string, Partial<Ledger>, string]>([
    [
      'a request',
      { remediations: [sent('verifying', 'pg3')] },
      'restart-member pg3 is in flight: wait for its end (ekimi status)',
    ],
    [
      'a run of a procedure',
      { procedures: [run('held', { member: 'pg3' })] },
      'rebuild-member pg3 is under way: let it end, or ekimi procedures abort run1 --reason TEXT',
    ],
    [
      'a drain',
      { drains: [drain('pg3')] },
      'pg3 is drained by Ekimi: ekimi run-procedure undrain-replica pg3, or ekimi run-procedure remove-member pg3',
    ],
    [
      'a fence',
      { fences: [{ ...OF, member: 'pg3' }] },
      'pg3 is fenced by Ekimi: wait until pg3 has rejoined, or ekimi run-procedure remove-member pg3',
    ],
    [
      'a server that we closed in the proxy',
      { drains: [drain('pg2', 'edge')] },
      'a server of pg2 in proxy edge is drained by Ekimi: ekimi run-procedure undrain-replica pg2',
    ],
    [
      'a person who took it out',
      { evacuations: [takenOut] },
      'pg3 was taken out by ann: ekimi run-procedure give-back pg3, or ekimi run-procedure remove-member pg3',
    ],
    [
      'clients that wait',
      { pauses: [{ pooler: 'bouncer', leader: 'pg1', sinceMs: 1, untilMs: 2, remediationId: 'r' }] },
      'pooler bouncer is paused by Ekimi: wait for its end, or ekimi run-procedure resume-pooler bouncer',
    ],
  ])('%s is said with its way out', (_what, ledger, text) => {
    expect(told(ledger)).toEqual([text]);
  });

  it('a drain and a fence of the one proxy say no place, and count all the same', () => {
    const one = { ...OF, member: 'pg2', actuators: ['proxy'] as const };
    expect(told({ drains: [one], fences: [{ ...OF, member: 'pg2' }] })).toEqual([
      'a server of pg2 in proxy edge is drained by Ekimi: ekimi run-procedure undrain-replica pg2',
      'a server of pg2 in proxy edge is fenced by Ekimi: wait until pg2 has rejoined',
    ]);
    expect(told({ drains: [{ ...one, actuators: ['tag'] as const }] })).toEqual([]);
  });

  it('a run counts by whomever its goal names, a request by whomever it touches', () => {
    const plan = { action: 'switchover', target: 'pg1', params: { leader: 'pg1', candidate: 'pg3' } };
    expect(
      told({
        remediations: [{ phase: 'verifying', plan } as never],
        procedures: [run('held', { order: ['pg2', 'pg3'] })],
      }),
    ).toHaveLength(2);
  });

  it('nothing is of others, nor of what is over, nor of a member that was removed', () => {
    const ledger = {
      remediations: [sent('verifying', 'pg2'), sent('succeeded', 'pg3')],
      procedures: [run('succeeded', { member: 'pg3' }), run('running', { member: 'pg2' })],
      drains: [drain('pg2'), drain('pg3')],
      fences: [{ ...OF, member: 'pg3' }],
      evacuations: [{ ...takenOut, removed: true }],
    };
    expect(told(ledger)).toEqual([]);
  });
});
