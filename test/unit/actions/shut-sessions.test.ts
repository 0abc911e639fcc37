import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { stepInput } from '../../../src/actions/waits.js';
import { sessionRows } from '../../../src/app/doctor-sessions.js';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import { memberName } from '../../../src/model/names.js';
import type { ProxyServer } from '../../../src/model/proxy.js';
import { testPolicy } from '../../support/policy.js';
import {
  api,
  CLEAN_MEMORY,
  isPrimary,
  ledgerOf,
  noEtcd,
  planOf,
  proxyServer,
  remediationOf,
  sql,
  viewOf,
  type Change,
} from '../../support/view.js';

const place = { proxy: 'proxy', backend: 'postgres_primary', server: 'patroni2' };
const plan = planOf('shut-sessions', 'patroni2', { servers: [place] });
const kept = proxyServer('postgres_primary', 'patroni2', { sessions: 3, lastChangeSeconds: 12 });
const input = (...changes: readonly Change[]) => ({
  view: viewOf(kept, ...changes),
  memory: CLEAN_MEMORY,
  ledger: EMPTY_LEDGER,
  policy: testPolicy(),
});
const refusal = (...changes: readonly Change[]) => ACTIONS['shut-sessions'].refuse(input(...changes), plan);

describe('cutting the sessions that stay on a former leader', () => {
  it('[S13] is bound to the servers that keep them, and not refused', () => {
    expect(ACTIONS['shut-sessions'].bind(input(), memberName('patroni2'), null)).toEqual({
      kind: 'bound',
      params: { servers: [place] },
    });
    expect(refusal()).toBeNull();
  });

  it.each<[string, readonly Change[], RegExp]>([
    ['nobody is proven to lead', [noEtcd], /no leader is proven/],
    ['it is primary by its SQL', [sql('patroni2', { inRecovery: false })], /not proven to be no primary/],
    ['it says that it starts', [api('patroni2', { state: 'starting' })], /not proven to be no primary/],
    ['it is primary by both', [isPrimary('patroni2')], /not proven/],
  ])('[S13] is refused when %s', (_when, changes, why) => {
    expect(refusal(...changes)).toMatch(why);
  });

  it('[S13] has nothing to do where nobody is left, or a person closed the server', () => {
    const closed = { status: 'MAINT', admin: { drain: false, maint: true, resolution: false } };
    for (const change of [{ sessions: 0 }, closed])
      expect(
        ACTIONS['shut-sessions'].bind(
          input(proxyServer('postgres_primary', 'patroni2', change)),
          memberName('patroni2'),
          null,
        ).kind,
      ).toBe('nothing');
  });

  it('[S13] ends before a later step whose server is up again, or was closed by a person', () => {
    const two = planOf('shut-sessions', 'patroni2', { servers: [{ ...place, proxy: 'other' }, place] });
    const run = {
      ...remediationOf('shut-sessions', 'patroni2', { phase: 'planned', stepIndex: 1, steps: 2 }),
      plan: two,
    };
    const halt = (part: Partial<ProxyServer>, stepIndex = 1) =>
      ACTIONS['shut-sessions'].refuseLater?.(
        {
          ...input(proxyServer('postgres_primary', 'patroni2', part)),
          ledger: ledgerOf({ remediations: [{ ...run, stepIndex }] }),
        },
        two,
      );
    expect(halt({})).toBeNull();
    expect(halt({ sessions: 0 })).toBeNull();
    expect(halt({ up: true, status: 'UP' })).toMatchObject({ over: true, why: expect.stringContaining('UP with 3') });
    const maint = { status: 'MAINT', admin: { drain: false, maint: true, resolution: false } };
    expect(halt(maint)).toMatchObject({ over: true });
    // Of a proxy that is silent nobody can tell.
    expect(halt(maint, 0)).toBeNull();
  });

  it('[S13] has succeeded when the proxy shows none, and not before', () => {
    const [step] = ACTIONS['shut-sessions'].steps(stepInput({ policy: testPolicy(), view: viewOf() }), plan);
    expect(step?.expect(input()).kind).toBe('pending');
    expect(step?.expect(input(proxyServer('postgres_primary', 'patroni2', { sessions: 0 }))).kind).toBe('met');
    expect(step?.whose).toEqual({ place, members: ['patroni2'] });
  });

  it('is off until a policy says otherwise', () => {
    expect(testPolicy().actions['shut-sessions'].mode).toBe('off');
  });
});

describe('the doctor on sessions that a proxy does not cut', () => {
  it('[S13] says that it cannot be asked, and where to look', () => {
    expect(sessionRows(viewOf())).toMatchObject([
      { verdict: 'off', detail: expect.stringContaining('cannot be asked') },
    ]);
  });

  it('[S13] names the server that shows it, how many and how old', () => {
    expect(sessionRows(viewOf(kept))).toMatchObject([
      {
        verdict: 'warn',
        detail: expect.stringMatching(/postgres_primary\/patroni2 is DOWN for 12 s and keeps 3 sessions/),
        remedy: expect.stringContaining('on-marked-down'),
      },
    ]);
  });
});
