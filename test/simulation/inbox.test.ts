import { describe, expect, it } from 'vitest';
import { nowhere } from '../../src/config/rule.js';
import { applyPolicy, throwSwitch } from '../../src/kernel/commands.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';
import { withProxies } from '../support/proxies.js';

/** A lagging replica whose drain is on its way when `meanwhile` happens. */
async function whileSending(meanwhile: (ekimi: Rig) => void): Promise<Rig> {
  const ekimi: Rig = rig({
    wrap: (ports) =>
      withProxies(ports, (proxy) => ({
        ...proxy,
        send: (step) => {
          meanwhile(ekimi);
          return proxy.send(step);
        },
      })),
  });
  await ekimi.run(15);
  lagEmergency(ekimi);
  for (let passes = 0; ekimi.entries('intent').length === 0; passes += 1) {
    if (passes > 120) throw new Error('nothing was sent in a minute');
    if (passes > 0) ekimi.cluster.advance(500);
    await ekimi.pass();
  }
  return ekimi;
}

const kindsSinceIntent = ({ journal }: Rig): readonly string[] => {
  const kinds = journal.entries.map(({ body }) => body.kind);
  return kinds.slice(kinds.indexOf('intent'));
};

describe('what comes from outside while a request is on its way', () => {
  it('a new policy waits for the head of the next pass: the answer is noted in the book that the request stands in', async () => {
    const policy = testPolicy({ mode: 'dry-run' });
    const ekimi = await whileSending(({ session }) => {
      void applyPolicy(session, { policy, hash: 'other', locator: nowhere('policy') });
    });
    expect(kindsSinceIntent(ekimi)).toEqual(['intent', 'outcome']);
    expect(ekimi.session.policy.mode).toBe('enforce');
    expect(ekimi.session.ledger.remediations.map(({ phase }) => phase)).toEqual(['verifying']);
    await ekimi.pass();
    expect(kindsSinceIntent(ekimi).slice(0, 3)).toEqual(['intent', 'outcome', 'policy']);
    expect(ekimi.session.policy.mode).toBe('dry-run');
    expect(ekimi.requests()).toEqual([DRAIN]);
  });

  it('a switch counts at once', async () => {
    const ekimi = await whileSending(({ session }) => {
      const killSwitch = { subject: 'global', owner: 'dba', reason: 'stop', sinceMs: 0, expiresAtMs: null };
      void throwSwitch(session, killSwitch, 'dba');
    });
    expect(ekimi.session.localSwitches).toHaveLength(1);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN]);
  });
});
