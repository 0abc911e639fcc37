import { describe, expect, it } from 'vitest';
import { decideApproval, liftSwitch } from '../../src/kernel/commands.js';
import { snapshotOf } from '../../src/kernel/snapshot.js';
import { ledgerText } from '../../src/ledger/codec.js';
import { fresh } from '../../src/model/reading.js';
import { ledgerOf, planOf, remediationOf } from '../support/view.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';

const begun = { ...remediationOf('restart-member', 'patroni2'), id: 'new1', phase: 'verifying', endedAtMs: null };
const row = { ...begun, plan: { ...begun.plan, action: 'upgrade-member', params: { to: '17' } } };
const asked = { id: 'new2', fingerprint: 'f', plan: { ...planOf('failover', 'patroni2'), action: 'upgrade-member' } };

/** A controller that takes over a ledger which a newer version left in etcd, and what lies there afterwards. */
function after(rows: readonly object[]): Rig & { readonly stored: () => Record<string, readonly object[]> } {
  const document = JSON.parse(ledgerText(ledgerOf())) as Record<string, unknown>;
  let text = JSON.stringify({ ...document, remediations: rows, approvals: [asked] });
  const ekimi = rig({
    wrap: (ports) => ({
      ...ports,
      dcs: {
        ...ports.dcs,
        loadLedger: () => Promise.resolve(fresh(text, ports.clock.now(), 'etcd')),
        commitLedger: async (grant, json) => {
          const answer = await ports.dcs.commitLedger(grant, json);
          if (answer === 'committed') text = json;
          return answer;
        },
      },
    }),
  });
  return { ...ekimi, stored: () => JSON.parse(text) as Record<string, readonly object[]> };
}

describe('a ledger with an action of a newer version in flight', () => {
  it('fails no pass, holds everything risky, says why, and is kept word for word', async () => {
    const ekimi = after([row]);
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'blast-radius: upgrade-member patroni2 is in flight, begun by another version of Ekimi and unknown to this one -> let the version that began it end it, or look for yourself and then: ekimi resume --subject foreign-work',
    );
    expect(ekimi.stored()['leaderChanges']).toBeDefined();
    expect(ekimi.stored()['remediations']).toEqual([row]);
    expect(ekimi.stored()['approvals']).toEqual([asked]);
  });

  it('gives the way free when a person says that it is over, in words that the newer version understands', async () => {
    const ekimi = after([row]);
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(20);
    const answer = liftSwitch(ekimi.session, 'foreign-work', 'dba');
    await ekimi.run(30);
    expect(await answer).toEqual({ ok: true, text: 'set aside: upgrade-member patroni2' });
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.stored()['remediations']).toContainEqual({
      ...row,
      phase: 'abandoned',
      endedAtMs: expect.any(Number),
      detail: 'set aside by dba',
    });
    const again = liftSwitch(ekimi.session, 'foreign-work', 'dba');
    await ekimi.pass();
    expect(await again).toMatchObject({ ok: false, status: 404 });
  });
});

describe('a ledger with an action of a newer version that has ended', () => {
  it('holds nothing', async () => {
    const ekimi = after([{ ...row, phase: 'succeeded', endedAtMs: Date.UTC(2026, 0, 15) }]);
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([DRAIN]);
  });

  it('refuses the approval of what only the newer version could do', async () => {
    const ekimi = after([]);
    await ekimi.run(15);
    const answer = decideApproval(ekimi.session, 'new2', 'approved', 'dba', 'why not');
    await ekimi.pass();
    expect(await answer).toEqual({
      ok: false,
      status: 409,
      conflict: 'other-version',
      text: 'approval new2 is for upgrade-member, which this version does not know',
    });
  });
});

describe('a ledger with a part of a wrong shape', () => {
  const drained = (part: Record<string, unknown>): Rig => {
    const text = JSON.stringify({ ...(JSON.parse(ledgerText(ledgerOf())) as object), ...part });
    return rig({
      wrap: (ports) => ({
        ...ports,
        dcs: { ...ports.dcs, loadLedger: () => Promise.resolve(fresh(text, ports.clock.now(), 'etcd')) },
      }),
    });
  };

  it.each(['drains', 'fences', 'breaker', 'pages', 'leaderChanges', 'flaps', 'stormUntilMs'])(
    '[A5] %s: no pass fails of it, whatever stands there, and it is told',
    async (part) => {
      for (const oddity of [{ x: 'y' }, [null], ['text'], [{ member: 7, atMs: '7' }], 'text', '7']) {
        const ekimi = drained({ [part]: oddity });
        await ekimi.run(12);
        lagEmergency(ekimi);
        await ekimi.run(12);
        expect(ekimi.requests()).toEqual(['drains', 'fences', 'breaker'].includes(part) ? [] : [DRAIN]);
        expect(snapshotOf(ekimi.session).impaired.join()).toContain(`keeps under ${part} cannot be read`);
      }
    },
  );
});
