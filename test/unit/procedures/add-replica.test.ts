import { describe, expect, it } from 'vitest';
import { actionInput } from '../../../src/actions/action.js';
import { openServers } from '../../../src/actions/servers.js';
import { runInput } from '../../../src/decide/run-left.js';
import type { Evacuation, FenceRecord, Ledger } from '../../../src/model/ledger.js';
import { memberName } from '../../../src/model/names.js';
import { addReplica } from '../../../src/procedures/add-replica.js';
import { inMaintenance } from '../../support/staged/add-replica.js';
import { drainedByUs, inputOf, ledgerOf, NOW_MS, planOf, viewOf } from '../../support/view.js';

const MEMBER = 'patroni3';
const ASK = { member: MEMBER, candidate: null, back: false, parameters: {} };
/** It serves, and servers of it are closed. */
const situation = (ledger: Ledger) => inputOf([], { view: viewOf(inMaintenance(MEMBER, true)), ledger });
const asked = (ledger: Ledger) => addReplica.goal(runInput(situation(ledger), {}), ASK);
const opened = (ledger: Ledger) => {
  const input = actionInput(situation(ledger));
  const bound = openServers.bind(input, memberName(MEMBER), null);
  if (bound.kind === 'nothing') throw new Error(bound.why);
  const plan = { ...planOf('open-servers', MEMBER), params: bound.params };
  return openServers.refuse(input, plan);
};

const fence: FenceRecord = { member: MEMBER, sinceMs: NOW_MS - 60_000, remediationId: 'f', shadow: false };
const taken: Evacuation = { member: MEMBER, by: 'alice', reason: 'new memory', sinceMs: NOW_MS, run: 'r-1' };
const [drain] = drainedByUs(MEMBER).drains;

describe('a member that is no new one', () => {
  it.each([
    ['drained by Ekimi', drainedByUs(MEMBER), 'patroni3 is drained by Ekimi'],
    ['drained by a person', ledgerOf({ drains: drain ? [{ ...drain, by: 'alice' }] : [] }), 'is drained by alice'],
    ['fenced', ledgerOf({ fences: [fence] }), 'patroni3 is fenced'],
  ])('%s is not added, and its servers are not opened', (_, ledger, why) => {
    const text = expect.stringContaining(why) as string;
    expect(asked(ledger)).toEqual({ kind: 'refused', why: text });
    expect(opened(ledger)).toEqual(text);
  });

  it('taken out by a person is not added', () => {
    const why = 'alice took patroni3 out already (new memory): ekimi run-procedure give-back patroni3';
    expect(asked(ledgerOf({ evacuations: [taken] }))).toEqual({ kind: 'refused', why });
  });

  it.each([
    ['held back by nothing', ledgerOf()],
    ['another one is drained', drainedByUs('patroni2')],
    ['rehearsed only', ledgerOf({ fences: [{ ...fence, shadow: true }] })],
    ['removed before', ledgerOf({ evacuations: [{ ...taken, removed: true }] })],
  ])('%s: it is added, and opened', (_, ledger) => {
    expect(asked(ledger)).toEqual({ kind: 'goal', goal: { member: MEMBER } });
    expect(opened(ledger)).toBeNull();
  });
});
