import { describe, expect, it } from 'vitest';
import { whyNotDownYet, whyNotToEnd } from '../../../src/decide/run-blocks.js';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import { ACTION_NAMES, type ActionName } from '../../../src/model/plan.js';
import type { ActionMode, Policy } from '../../../src/model/policy.js';
import type { ActionStage, ProcedureRun, Stage } from '../../../src/model/procedure-run.js';
import type { Situation } from '../../../src/model/situation.js';
import { STAGED_NAMES, type StagedName } from '../../../src/model/staged.js';
import { onMember } from '../../../src/procedures/stages.js';
import { STAGED } from '../../../src/procedures/index.js';
import { momentsOf } from '../../support/staged/case.js';
import { STAGED_CASES } from '../../support/staged/cases.js';
import { testPolicy } from '../../support/policy.js';
import { inputOf, NOW_MS } from '../../support/view.js';

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

describe('an action that the policy has switched off', () => {
  it.each(OF_EACH)('$action: $name ($title) is not begun, unless it may fall away', ({ name, left, stage, action }) => {
    for (const mode of ['off', 'observe'] as const) {
      const why = whyNotToEnd(at(policyWith({ [action]: { mode } })), runOf(name), left);
      if (stage.mayFallAway === true) expect(why).toBeNull();
      else {
        expect(why).toMatch(new RegExp(`the policy says actions\\.${action}: ${mode}, which holds [^(]*${stage.key}`));
        expect(why).toContain(`set actions.${action} to approve or auto`);
      }
    }
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
  ] as const)('%s is begun where %s is asked for with nothing stopped by it', (name, action) => {
    const told = why(name, action, null);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every((text) => text === null)).toBe(true);
  });
});

describe('a kill switch', () => {
  const thrown = (subject: string): Situation =>
    at(policyWith(), {
      ledger: {
        ...EMPTY_LEDGER,
        switches: [{ subject, owner: 'dba', reason: 'disk', sinceMs: NOW_MS, expiresAtMs: null }],
      },
    });
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
