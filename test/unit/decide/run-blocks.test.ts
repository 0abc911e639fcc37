import { describe, expect, it } from 'vitest';
import { whyNotDownYet, whyNotOnceAgreed, whyNotToEnd } from '../../../src/decide/run-blocks.js';
import { leftOf, runInput } from '../../../src/decide/run-left.js';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import { ACTION_NAMES, type ActionName, type Json } from '../../../src/model/plan.js';
import type { ActionMode, Policy } from '../../../src/model/policy.js';
import type { ActionStage, ProcedureRun, Stage } from '../../../src/model/procedure-run.js';
import type { Situation } from '../../../src/model/situation.js';
import { STAGED_NAMES, type StagedName } from '../../../src/model/staged.js';
import { onMember } from '../../../src/procedures/stages.js';
import { STAGED } from '../../../src/procedures/index.js';
import { momentsOf } from '../../support/staged/case.js';
import { STAGED_CASES } from '../../support/staged/cases.js';
import { testPolicy } from '../../support/policy.js';
import { stagedRequest } from '../../support/staged.js';
import { inputOf, isPrimary, noEtcd, NOW_MS, notStreaming, stopped, viewOf, type Change } from '../../support/view.js';

const MODES = Object.fromEntries(ACTION_NAMES.map((name) => [name, { mode: 'approve' }] as const));

const policyWith = (
  actions: Partial<Record<ActionName, { mode: ActionMode }>> = {},
  twoPersonsFor: readonly ActionName[] = [],
): Policy => testPolicy({ approvals: { expiresMs: 60_000, twoPersonsFor } }, { ...MODES, ...actions });

const at = (policy: Policy, part: Partial<Situation> = {}): Situation => inputOf([], { policy, ...part });

const runOf = (name: StagedName): ProcedureRun => ({
  id: 'r-1',
  name,
  goal: {},
  by: 'dba',
  reason: 'x',
  phase: 'running',
  agreed: [],
  startedAtMs: NOW_MS,
  endedAtMs: null,
  detail: 'started',
  continuedAtMs: NOW_MS,
});

/** What each procedure has left when it begins, by its cases. */
const BEGINNINGS = STAGED_NAMES.flatMap((name) =>
  STAGED_CASES[name].map((of) => ({ name, title: of.title, left: momentsOf(STAGED[name], of)[0]?.left ?? [] })),
);

const actionsOf = (left: readonly Stage[]): readonly ActionStage[] =>
  left.filter((stage): stage is ActionStage => stage.kind === 'action');

const OF_EACH = BEGINNINGS.flatMap((row) =>
  [...new Map(actionsOf(row.left).map((stage) => [stage.action, stage])).values()].map((stage) => ({
    ...row,
    stage,
    action: stage.action,
  })),
);

describe('a procedure whose actions the policy all lets begin', () => {
  it.each(BEGINNINGS)('$name ($title) may begin', ({ name, left }) => {
    expect(whyNotToEnd(at(policyWith()), runOf(name), left)).toBeNull();
  });
});

/** A replica that waits once the cluster is led, and that no stage of the run has stopped. */
const isLeftWaiting = ({ action, left }: { action: ActionName; left: readonly Stage[] }): boolean => {
  const before = actionsOf(left).map((stage): string => stage.action);
  return action === 'start-member' && before.includes('start-first') && !before.includes('stop-without-etcd');
};

describe('an action that the policy has switched off', () => {
  it.each(OF_EACH)('$action: $name ($title) is not begun, unless it may fall away', ({ name, left, stage, action }) => {
    for (const mode of ['off', 'observe'] as const) {
      const why = whyNotToEnd(at(policyWith({ [action]: { mode } })), runOf(name), left);
      if (stage.mayFallAway === true || isLeftWaiting({ action, left })) expect(why).toBeNull();
      else {
        expect(why).toMatch(new RegExp(`the policy says actions\\.${action}: ${mode}, which holds [^(]*${stage.key}`));
        expect(why).toContain(`set actions.${action} to approve or auto`);
      }
    }
  });

  it('holds no cold start that would leave replicas waiting, and each that could start no etcd', () => {
    const cold = BEGINNINGS.filter((row) => row.name === 'cold-start' && row.title === 'nothing runs');
    const why = (action: ActionName) =>
      cold.map(({ name, left }) => whyNotToEnd(at(policyWith({ [action]: { mode: 'off' } })), runOf(name), left));
    expect(why('start-member')).toEqual([null]);
    expect(why('start-store')).toEqual([expect.stringContaining('actions.start-store: off')]);
  });

  it('holds a rewind and a copy of an old leader no more than the question before it does', () => {
    const copies = OF_EACH.filter(({ action }) => action === 'reinitialize-replica');
    expect(copies.length).toBeGreaterThan(0);
    expect(copies.every(({ stage }) => stage.mayFallAway === true)).toBe(true);
  });
});

describe('an action for which two persons are asked', () => {
  /** Of the cases of it that have this stage, after one that stops something or not. */
  const why = (name: StagedName, action: ActionName, stopping: RegExp | null) =>
    BEGINNINGS.map((row) => ({ ...row, actions: actionsOf(row.left).map((stage): string => stage.action) }))
      .filter((row) => row.name === name && row.actions.includes(action))
      .filter(({ actions }) => stopping === null || actions.some((before) => stopping.test(before)))
      .map(({ left }) => whyNotToEnd(at(policyWith({}, [action])), runOf(name), left));

  it.each([
    ['reseed-dcs', 'start-store'],
    ['reseed-dcs', 'start-first'],
    ['reseed-dcs', 'start-member'],
    ['rebuild-member', 'begin-copy'],
    ['rebuild-member', 'open-servers'],
    ['rolling-restart', 'start-member'],
  ] as const)('%s is not begun where %s comes after a stop', (name, action) => {
    const told = why(name, action, /^(stop|move)-/);
    expect(told.length).toBeGreaterThan(0);
    for (const text of told) expect(text).toContain(`take ${action} out of approvals.twoPersonsFor`);
  });

  it.each([
    // The first of them is asked for before anything was stopped, and so is each other one.
    ['reseed-dcs', 'stop-without-etcd'],
    ['rebuild-member', 'stop-member'],
    ['evacuate-member', 'stop-member'],
    ['cold-start', 'start-first'],
    ['apply-config', 'patch-config'],
    // Whoever was stopped before runs again by then.
    ['rolling-restart', 'switchover'],
  ] as const)('%s is begun where %s is asked for with nothing stopped by it', (name, action) => {
    const told = why(name, action, null);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((text) => text === null)).toBe(true);
  });
});

describe('a new etcd for which two persons are asked', () => {
  const why = (action: ActionName, left: readonly Stage[]) =>
    whyNotToEnd(at(policyWith({}, [action])), runOf('reseed-dcs'), left);
  const stage = (action: ActionName, name: string): ActionStage =>
    onMember(action as ActionStage['action'], name, name);
  const starts = [
    stage('start-store', 'etcd1'),
    stage('start-first', 'patroni1'),
    stage('start-member', 'patroni2'),
    stage('start-member', 'patroni3'),
  ];
  const stopOf = (name: string) => stage('stop-without-etcd', name);

  it('to start a replica is begun where no stage of it stops one', () => {
    expect(why('start-member', [stopOf('patroni1'), ...starts])).toBeNull();
    expect(why('start-member', [stopOf('patroni2'), stopOf('patroni1'), ...starts])).toContain('start-member patroni2');
    expect(why('start-store', [stopOf('patroni1'), ...starts])).toContain('start-store etcd1');
  });

  it('to start the first is begun where Patroni is stopped already and data of etcd is moved aside', () => {
    const moving = [stage('move-store-aside', 'etcd1'), ...starts];
    expect(why('start-first', moving)).toBeNull();
    expect(why('start-store', moving)).toContain('start-store etcd1');
    expect(why('start-first', [stopOf('patroni1'), ...moving])).toContain('start-first patroni1');
  });
});

const thrown = (subject: string, ...changes: readonly Change[]): Situation =>
  at(policyWith(), {
    view: viewOf(...changes),
    ledger: {
      ...EMPTY_LEDGER,
      switches: [{ subject, owner: 'dba', reason: 'disk', sinceMs: NOW_MS, expiresAtMs: null }],
    },
  });

describe('members that are brought back one after the other', () => {
  const branch = (name: string): readonly ActionStage[] =>
    (['stop-member', 'move-aside', 'begin-copy'] as const).map((action) => ({
      ...onMember(action, name, name),
      mayFallAway: true,
    }));
  const fence: ActionStage = { ...onMember('fence-member', 'patroni3', 'b'), mayFallAway: true };
  const left: readonly Stage[] = [...branch('patroni2'), fence, ...branch('patroni3')];
  const run = runOf('recover-partition');

  it.each([
    ['an action that only the other one may need', at(policyWith({ 'fence-member': { mode: 'off' } }))],
    ['a switch on the other one', thrown('member:patroni3')],
  ] as const)('%s holds neither the question of one nor its first stage', (_what, input) => {
    expect(whyNotDownYet(input, run, left)).toBeNull();
    expect(whyNotOnceAgreed(input, run, left)).toBeNull();
    expect(whyNotOnceAgreed(input, run, left.slice(branch('patroni2').length))).not.toBeNull();
  });

  it('its own stages hold both', () => {
    const input = at(policyWith({ 'begin-copy': { mode: 'off' } }));
    const own = /actions\.begin-copy: off, which holds begin-copy patroni2 \(/;
    expect(whyNotDownYet(input, run, left)).toMatch(own);
    expect(whyNotOnceAgreed(input, run, left)).toMatch(own);
  });

  /** Why it is not begun with both cut off and a switch on patroni3. */
  function why(...changes: readonly Change[]): string | null {
    const input = thrown('member:patroni3', ...changes);
    const found = STAGED['recover-partition'].goal(runInput(input, {}), stagedRequest({ name: 'recover-partition' }));
    if (found.kind === 'refused') throw new Error(found.why);
    const begun = { ...run, goal: found.goal as Readonly<Record<string, Json>> };
    return whyNotToEnd(input, begun, leftOf(input, begun) ?? []);
  }

  it('a switch on one is told with what brings back the other, unless that has to be fenced', () => {
    const bothDown = why(stopped('patroni2'), stopped('patroni3'));
    expect(bothDown).toContain('which holds start-member patroni3 (ekimi resume --subject member:patroni3)');
    expect(bothDown).toMatch(/; not held by that: ekimi run-procedure after-failover patroni2( --set old=delete)?$/);
    const second = why(isPrimary('patroni2'), notStreaming('patroni2'), stopped('patroni3'));
    expect(second).toContain('which holds start-member patroni3');
    expect(second).not.toContain('after-failover');
  });
});

describe('a kill switch', () => {
  const left = [onMember('restart-member', 'patroni2', 'a'), onMember('restart-member', 'patroni3', 'b')];

  it('on a member that comes later is told before the first is touched, with the way out', () => {
    expect(whyNotToEnd(thrown('member:patroni3'), runOf('rolling-restart'), left)).toBe(
      'dba switched off member:patroni3: disk, which holds restart-member patroni3 (ekimi resume --subject member:patroni3)',
    );
    expect(whyNotToEnd(thrown('member:patroni1'), runOf('rolling-restart'), left)).toBeNull();
  });

  it('on one of many keeps no cold start from bringing the others back', () => {
    const cold = [onMember('start-first', 'patroni1', 'a'), onMember('start-member', 'patroni3', 'b')];
    expect(whyNotToEnd(thrown('member:patroni3'), runOf('cold-start'), cold)).toBeNull();
    expect(whyNotToEnd(thrown('member:patroni1'), runOf('cold-start'), cold)).not.toBeNull();
  });

  it('on the first of a cold start cannot be taken back without etcd: that comes first', () => {
    const cold = [onMember('start-store', 'etcd1', 'a'), onMember('start-first', 'patroni1', 'b')];
    expect(whyNotToEnd(thrown('member:patroni1', noEtcd), runOf('cold-start'), cold)).toBe(
      'dba switched off member:patroni1: disk, which holds start-first patroni1 (bring etcd back: ekimi run-procedure recover-dcs, or by hand where the switch holds that too; then ekimi resume --subject member:patroni1)',
    );
  });
});

describe('a policy that changes while a procedure is under way', () => {
  const stop = onMember('stop-member', 'patroni2', 'stop patroni2');
  const start = onMember('start-member', 'patroni2', 'start patroni2');
  const off = at(policyWith({ 'start-member': { mode: 'off' } }));

  it('holds the stage that would leave something stopped', () => {
    expect(whyNotDownYet(off, runOf('rolling-restart'), [stop, start])).toContain('actions.start-member: off');
    expect(whyNotDownYet(at(policyWith()), runOf('rolling-restart'), [stop, start])).toBeNull();
  });

  it('holds nothing that leaves nothing stopped: what can be mended still is', () => {
    const restart = onMember('restart-member', 'patroni3', 'restart patroni3');
    expect(whyNotDownYet(off, runOf('rolling-restart'), [restart, stop, start])).toBeNull();
  });
});
