import { describe, expect, it } from 'vitest';
import type { Remediation } from '../../../src/model/ledger.js';
import type { ProcedureRun } from '../../../src/model/procedure-run.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import { whyNothingToDo } from '../../../src/procedures/config-order.js';
import { STAGED } from '../../../src/procedures/index.js';
import { withChange } from '../../support/staged/add-replica.js';
import { APPLY_CONFIG } from '../../support/staged/apply-config.js';
import { momentsOf } from '../../support/staged/case.js';
import { all, api, ledgerOf, member, NOW_MS, planOf, remediationOf, viewOf, type Change } from '../../support/view.js';

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
const ASK = {
  member: null,
  candidate: null,
  back: false,
  parameters: { 'postgresql.parameters.max_connections': '300' },
};

/** The run of max_connections to 300 at its beginning, when all wait for the restart (mod revision 8), and at its end. */
const moments = APPLY_CONFIG.slice(0, 1).flatMap((of) => momentsOf(STAGED['apply-config'], of));
function inputAt(at: number) {
  const moment = moments.at(at);
  if (moment === undefined) throw new Error('the case has no such moment');
  return moment.input;
}

/** Absent before Patroni 3.3: empty here. */
const pendingFor = (...names: readonly string[]): Change =>
  all(...MEMBERS.map((name) => api(name, { pendingRestart: true, pendingRestartFor: names })));

const ended = (part: Partial<ProcedureRun> = {}, restart = ['max_connections']): ProcedureRun => ({
  id: 'r-1',
  name: 'apply-config',
  goal: { ...(moments[0]?.goal as ProcedureRun['goal']), restart },
  by: 'dba',
  reason: 'more clients',
  phase: 'aborted',
  agreed: [],
  startedAtMs: NOW_MS - 120_000,
  endedAtMs: NOW_MS - 60_000,
  detail: '',
  continuedAtMs: NOW_MS - 120_000,
  ...part,
});
const wrote = (revision: string): Remediation =>
  remediationOf('patch-config', 'patroni1', {
    plan: {
      ...planOf('patch-config', 'patroni1'),
      because: { code: 'operator', subject: 'x', run: 'r-1', stage: 'x' },
    },
    lastReply: { effect: 'done', status: null, text: 'written', tookMs: 1, revision },
  });

const asked = (change: Change, procedures: readonly ProcedureRun[], remediations: readonly Remediation[]) =>
  STAGED['apply-config'].goal(
    { ...withChange(inputAt(2), change), ledger: ledgerOf({ procedures, remediations }) },
    ASK,
  );

describe('a change for which restarts are pending already', () => {
  it('goes on where each Patroni says that it waits for what is named', () => {
    expect(asked(pendingFor('max_connections'), [], []).kind).toBe('goal');
  });

  it('goes on where Patroni does not say for what, and the last run that was ended wrote what stands there', () => {
    expect(asked(pendingFor(), [ended()], [wrote('8')]).kind).toBe('goal');
  });

  it.each<readonly [string, Change, readonly ProcedureRun[], readonly Remediation[]]>([
    ['something else beside it', pendingFor('max_connections', 'shared_buffers'), [ended()], [wrote('8')]],
    ['something else', pendingFor('shared_buffers'), [ended()], [wrote('8')]],
    ['nobody knows what, and no run of ours was ended', pendingFor(), [], []],
    ['nobody knows what, and somebody wrote after that run', pendingFor(), [ended()], [wrote('6')]],
    ['nobody knows what, and that run may not have written', pendingFor(), [ended()], []],
    ['what that run named beside it', pendingFor(), [ended({}, ['max_connections', 'shared_buffers'])], [wrote('8')]],
    ['nobody knows what, and that run did all', pendingFor(), [ended({ phase: 'succeeded' })], [wrote('8')]],
  ])('is refused where they wait for %s', (_, change, procedures, remediations) => {
    expect(asked(change, procedures, remediations)).toEqual({
      kind: 'refused',
      why: 'a restart is pending on patroni1 already, for something else as far as is known: ekimi run-procedure rolling-restart first',
    });
  });
});

describe('a change that stands in the configuration already', () => {
  const refusal = (change: Change) => STAGED['apply-config'].goal(withChange(inputAt(-1), change), ASK);

  it('is refused, and says that every member runs with it only where each does', () => {
    const why = expect.stringContaining('every member runs with it') as string;
    expect(refusal((view) => view)).toEqual({ kind: 'refused', why });
  });

  it('names who does not tell', () => {
    const silent = member('patroni3', () => ({ settings: unknown('timeout', 'no answer', NOW_MS, 'sql') }));
    expect(refusal(silent)).toEqual({
      kind: 'refused',
      why: 'the configuration is so already: there is nothing to write, and nobody to restart for it; what patroni3 runs with is not known, its SQL gives no answer',
    });
  });

  it('names who runs with another value', () => {
    const row = (setting: string) =>
      ({ setting, unit: 'kB', type: 'integer', context: 'user', min: null, max: null, values: null }) as const;
    const runsWith = (name: string, setting: string): Change =>
      member(name, () => ({ settings: fresh({ work_mem: row(setting) }, NOW_MS, 'sql') }));
    const reading = (second: string): Change =>
      all(runsWith('patroni1', '8192'), runsWith('patroni2', second), runsWith('patroni3', '8192'));
    expect(whyNothingToDo(viewOf(reading('8192')), { work_mem: '8MB' })).toContain('every member runs with it');
    expect(whyNothingToDo(viewOf(reading('4096')), { work_mem: '8MB' })).toMatch(
      /; patroni2 runs with work_mem 4096 kB/,
    );
  });
});
