import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { problemRow } from '../../../src/assess/catalogue.js';
import { byPerson, chooseRung, type Candidate } from '../../../src/decide/candidate.js';
import { blocksFor } from '../../../src/decide/gates.js';
import { haltAt } from '../../../src/decide/second-look.js';
import type { ActionName } from '../../../src/model/plan.js';
import type { ProblemCode } from '../../../src/model/problem.js';
import type { HostStatus } from '../../../src/model/host.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import { testPolicy } from '../../support/policy.js';
import { host, inputOf, ledgerOf, NOW_MS, planOf, problemOf, remediationOf, viewOf } from '../../support/view.js';

const AUTO = { mode: 'auto' } as const;
const policy = testPolicy({}, { 'start-store': AUTO, 'expedite-failover': AUTO, 'restart-member': AUTO });

/** What the host driver tells beside what a test is about. */
const UNTOLD = { startedAtMs: null, exitCode: 0, oomKilled: false, restartCount: 0 };

/** etcd runs on the members' machines and bears their names. */
const sameNames = (view: ClusterView): ClusterView => ({
  ...view,
  dcs: {
    ...view.dcs,
    endpoints: view.dcs.endpoints.map((row, index) => ({ ...row, name: `patroni${index + 1}` })),
  },
});

const inFlight = (action: ActionName, code: ProblemCode) =>
  ledgerOf({ remediations: [remediationOf(action, 'patroni1', { phase: 'verifying', endedAtMs: null }, code)] });

describe('an etcd member and a member of the cluster that bear one name', () => {
  it.each<[ProblemCode, ActionName, ProblemCode, boolean]>([
    ['leader-down', 'start-store', 'dcs-member-down', false],
    ['dcs-member-down', 'restart-member', 'replica-not-streaming', false],
    ['leader-down', 'expedite-failover', 'leader-down', true],
    ['dcs-member-down', 'start-store', 'dcs-quorum-lost', true],
  ])('%s while %s (%s) is in flight on that name: held up by it is %s', (code, action, because, isHeldUp) => {
    const input = inputOf([], { view: viewOf(sameNames), policy, ledger: inFlight(action, because) });
    expect(chooseRung(input, problemOf(code, 'patroni1')).kind === 'in-flight').toBe(isHeldUp);
  });

  it('what is started of etcd does not make the member one that counts as gone', () => {
    const input = inputOf([], {
      view: viewOf(sameNames),
      policy: { ...policy, limits: { ...policy.limits, concurrent: 2, minHealthyReplicas: 1 } },
      ledger: ledgerOf({
        remediations: [remediationOf('start-store', 'patroni2', { phase: 'verifying', endedAtMs: null })],
      }),
    });
    const blocks = blocksFor(input, byPerson(planOf('restart-member', 'patroni3')));
    expect(blocks.filter(({ gate }) => gate === 'blast-radius')).toEqual([]);
  });

  it('what is odd about the member says nothing of etcd: another answers at its address, its host driver contradicts it', () => {
    const odd = viewOf(sameNames, host('patroni1', { state: 'stopped' }), (view) => ({
      ...view,
      members: view.members.map((row) => ({ ...row, sql: unknown('wrong-scope', 'another cluster', NOW_MS, 'sql') })),
    }));
    const input = inputOf([], { view: odd, policy });
    const plan = planOf('start-store', 'patroni1', { id: null }, 'dcs-member-down');
    const rung = problemRow('dcs-member-down').ladder[0] ?? null;
    const problem = problemOf('dcs-member-down', 'patroni1', { channels: ['dcs', 'host'] });
    const candidate: Candidate = { origin: 'problem', problem, rung, action: ACTIONS['start-store'], plan };
    expect(blocksFor(input, candidate).filter(({ gate }) => gate === 'channels')).toEqual([]);
    expect(haltAt(input, plan, 'problem')?.why).toMatch(/situation changed/);
  });

  it('and the one that stopped last is started first, though something is done to the member of its name', () => {
    const stopped = viewOf(sameNames, (view) => ({
      ...view,
      dcs: {
        ...view.dcs,
        keys: unknown('no-quorum', 'no majority', NOW_MS, 'etcd keys'),
        endpoints: view.dcs.endpoints.map((row, index) => ({
          ...row,
          status: unknown('refused', 'connection refused', NOW_MS, row.name),
          host: fresh<HostStatus>(
            { ...UNTOLD, state: 'stopped', id: row.name, finishedAtMs: NOW_MS - 1_000 * index },
            NOW_MS,
            row.name,
          ),
        })),
      },
    }));
    const { states, ...input } = inputOf([], {
      view: stopped,
      policy,
      ledger: inFlight('restart-member', 'replica-not-streaming'),
    });
    const members = stopped.dcs.endpoints.map(({ name }) => ({ id: name, name, clientUrls: [], isLearner: false }));
    const memory = { ...states.memory, etcd: { term: null, elections: [], members, ids: {} } };
    const problem = problemOf('dcs-quorum-lost', 'email-cluster');
    expect(ACTIONS['start-store'].target?.({ ...input, memory }, problem)).toBe('patroni1');
  });
});
