import { ADDED } from '../support/added/row.js';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../src/actions/index.js';
import { problemRow } from '../../src/assess/catalogue.js';
import { rung } from '../../src/assess/problem-row.js';
import { parsePolicy } from '../../src/config/load-policy.js';
import { ledgerFrom, ledgerText } from '../../src/ledger/codec.js';
import { riskOf } from '../../src/model/plan.js';
import { replayer } from '../../src/replay/replay.js';
import { narrate } from '../../src/words/narrate.js';
import { restReplica } from '../support/added/rest-replica.js';
import { testPolicy } from '../support/policy.js';
import { rig } from '../support/simulated.js';

const MB = 1024 * 1024;

/** The registry has it, and a rung of one ladder names it: as in the recipe, and nothing else. */
Object.assign(ACTIONS, { [ADDED]: restReplica });
Object.assign(problemRow('replica-lag-emergency'), { ladder: [rung(ADDED, 2)] });

/** Far behind, and long enough to be acted on. Every pass of a rig is read back from its line and replayed. */
async function lagging(member: string, policy = testPolicy({}, { [ADDED]: { mode: 'auto' } })) {
  const one = rig({ policy });
  await one.run(15);
  one.cluster.setLoad(30 * MB);
  one.cluster.lag(member, 0);
  await one.run(15);
  return one;
}

const DRAINED = 'haproxy> set server postgres_replicas/patroni3 state drain';

describe('an action that was added by its file, its row and its entry', () => {
  it('is a key of the policy, with the defaults of its row', () => {
    const loaded = parsePolicy('policy.yaml', Buffer.from(`actions:\n  ${ADDED}: auto\n`));
    expect(loaded.ok && loaded.policy.actions[ADDED]).toMatchObject({
      mode: 'auto',
      cooldownMs: 45_000,
      timeoutMs: 20_000,
    });
    expect(riskOf(ADDED)).toBe('sessions');
  });

  it('is planned, sent, claimed, judged and told like every other, and its claim is given back', async () => {
    const { cluster, run, requests, session, entries } = await lagging('patroni3');
    expect(requests()).toEqual([DRAINED]);
    const [entry] = session.ledger.remediations;
    expect(entry).toMatchObject({ plan: { action: ADDED, params: { why: 'rest' } }, phase: 'succeeded' });
    expect(session.ledger.drains).toMatchObject([{ member: 'patroni3', remediationId: entry?.id }]);
    expect(entries('intent').map((row) => narrate(row).text)).toEqual([expect.stringContaining(`${ADDED} patroni3`)]);

    cluster.setLoad(64 * 1024);
    cluster.healLag('patroni3');
    await run(60);
    expect(session.ledger.drains).toEqual([]);
  });

  it('is held by the gates, and a person may let it pass', async () => {
    const one = await lagging('patroni3', testPolicy({}, { [ADDED]: { mode: 'approve' } }));
    expect(one.requests()).toEqual([]);
    expect(one.approvals('waiting')).toMatchObject([{ plan: { action: ADDED, target: 'patroni3' } }]);
    await one.answer('approved');
    await one.run(5);
    expect(one.requests()).toEqual([DRAINED]);
  });

  it('is refused where it says so itself', async () => {
    const { requests, why } = await lagging('patroni2');
    expect(requests()).toEqual([]);
    expect(why()).toContainEqual(expect.stringContaining('patroni2 never rests'));
  });

  it('comes back from the ledger as ours, and as foreign where its parameters are not what its record says', async () => {
    const { session } = await lagging('patroni3');
    const text = ledgerText(session.ledger);
    expect(ledgerFrom(text)?.remediations).toEqual(session.ledger.remediations);
    const other = ledgerFrom(text.replace('"why":"rest"', '"why":"work"'));
    expect(other?.remediations).toEqual([]);
    expect(other?.foreign).toHaveLength(1);
  });

  it('is decided again by a replay, under another policy otherwise', async () => {
    const { session, journal } = await lagging('patroni3');
    const differing = (mode: 'auto' | 'off') => {
      const { actions } = session.policy;
      const redecide = replayer({ ...session.policy, actions: { ...actions, [ADDED]: { ...actions[ADDED], mode } } });
      const rows = journal.entries.map((entry) => redecide(entry));
      return rows.flatMap((row) => (row === null || row.kind === 'skipped' ? [] : row.changes.map(({ what }) => what)));
    };
    expect(differing('auto')).toEqual([]);
    expect(differing('off')).toContain(`${ADDED} patroni3`);
  });
});
