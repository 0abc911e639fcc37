import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { doomed, type Doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { caughtUp, destructive, DRAIN, lagEmergency, MB, UNDRAIN } from '../support/situations.js';
import { everyNth } from '../support/points.js';

const STRIDE = everyNth(2);

/** The first process, which dies after its n-th effect on the outside since the trouble began. */
async function untilDeath(
  options: RigOptions,
  after: number,
  trouble: (rig: Rig) => void,
  seconds: number,
): Promise<{ readonly first: Rig; readonly doom: Doomed }> {
  const doom = doomed();
  const first = rig({ ...options, wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
  await first.run(15);
  doom.arm(after);
  trouble(first);
  await first.run(seconds);
  return { first, doom };
}

/** Another process on the same cluster, ledger and journal, some seconds later. */
async function successor(first: Rig, options: RigOptions): Promise<Rig> {
  first.cluster.advance(3_000);
  const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
  return rig({ ...options, cluster: first.cluster, journal: first.journal, memory });
}

const isRequest = (effect: string): boolean => effect.startsWith('sent');

const repeated = (texts: readonly string[]): readonly string[] =>
  texts.filter((text, index) => texts.indexOf(text) !== index);

describe('a drain through proxy and tag', () => {
  const policy = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: true } });

  it('has these effects on the outside, in this order', async () => {
    const { doom } = await untilDeath({ policy }, Infinity, lagEmergency, 40);
    expect(doom.effects).toMatchInlineSnapshot(`
      [
        "journal incident",
        "ledger",
        "journal intent",
        "ledger",
        "sent set server postgres_replicas/patroni3 state drain",
        "journal outcome",
        "ledger",
        "journal intent",
        "ledger",
        "sent shutdown sessions server postgres_replicas/patroni3",
        "journal outcome",
        "ledger",
        "journal intent",
        "ledger",
        "sent tag",
        "journal outcome",
        "ledger",
        "journal intent",
        "ledger",
        "sent /reload",
        "journal outcome",
        "ledger",
        "journal verdict",
        "ledger",
      ]
    `);
  });

  it('whose process dies after every second of them (each with EVERY_POINT=1) is finished or undone by the next one', async () => {
    const { doom: whole } = await untilDeath({ policy }, Infinity, lagEmergency, 40);
    for (let after = 1; after <= whole.effects.length; after += STRIDE) {
      const { first } = await untilDeath({ policy }, after, lagEmergency, 40);
      const next = await successor(first, { policy });
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      await next.run(60);
      expect(repeated(next.requests()), where).toEqual([]);
      expect(next.cluster.proxyStatus('postgres_replicas', 'patroni3'), where).toMatch(/DRAIN|DOWN/);
      caughtUp(next);
      await next.run(90);
      expect(next.cluster.proxyStatus('postgres_replicas', 'patroni3'), where).toBe('UP');
      expect(next.cluster.inspect('patroni3').patroni.tags.noloadbalance, where).toBe(false);
      expect(next.session.ledger.drains, where).toEqual([]);
      expect(next.requests(), where).toContain(DRAIN);
      expect(
        next.requests().filter((text) => text === UNDRAIN),
        where,
      ).toHaveLength(1);
    }
  }, 240_000);
});

describe('the repair of a broken copy', () => {
  const policy = testPolicy(
    { poll: { intervalMs: 1000, suspectIntervalMs: 1000 } },
    { 'reinitialize-replica': { timeoutMs: 60_000 } },
  );
  const breakCopy = ({ cluster }: Rig): void => {
    cluster.breakData('patroni2');
  };

  it('has these effects on the outside, in this order', async () => {
    const { doom } = await untilDeath({ policy }, Infinity, breakCopy, 120);
    expect(doom.effects).toMatchInlineSnapshot(`
      [
        "journal incident",
        "ledger",
        "ledger",
        "journal intent",
        "ledger",
        "sent /reinitialize",
        "journal outcome",
        "ledger",
        "ledger",
        "ledger",
        "journal verdict",
        "ledger",
        "ledger",
      ]
    `);
    expect(doom.effects.filter(isRequest)).toEqual(['sent /reinitialize']);
  });

  it('goes on after a death after every second of them (each with EVERY_POINT=1), and nothing destructive is sent twice', async () => {
    const { doom: whole } = await untilDeath({ policy }, Infinity, breakCopy, 120);
    for (let after = 1; after <= whole.effects.length; after += STRIDE) {
      const { first } = await untilDeath({ policy }, after, breakCopy, 120);
      const next = await successor(first, { policy });
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      await next.run(240);
      expect(repeated(destructive(next.requests())), where).toEqual([]);
      expect(
        next.requests().filter((text) => text.includes('/reinitialize')),
        where,
      ).toHaveLength(1);
      expect(next.session.states.members['patroni2']?.state, where).toBe('healthy');
    }
  }, 240_000);
});

describe('the resuming of replay that a hand has paused', () => {
  const policy = testPolicy({}, { 'resume-replay': { mode: 'auto' }, 'drain-replica': { mode: 'off' } });
  const pauseReplay = ({ cluster }: Rig): void => {
    cluster.setLoad(MB / 4);
    cluster.pauseReplay('patroni2', 'hand');
  };
  const resumes = ({ requests }: Rig): readonly string[] => requests().filter((text) => text.includes('replay_resume'));

  it('has these effects on the outside, in this order', async () => {
    const { first, doom } = await untilDeath({ policy }, Infinity, pauseReplay, 60);
    expect(doom.effects).toMatchInlineSnapshot(`
      [
        "journal incident",
        "journal intent",
        "ledger",
        "sent resume-replay",
        "journal outcome",
        "ledger",
        "journal verdict",
        "ledger",
        "ledger",
        "journal incident",
        "ledger",
      ]
    `);
    expect(resumes(first)).toHaveLength(1);
  });

  it('goes on after a death after every second of them (each with EVERY_POINT=1), and is sent once', async () => {
    const { doom: whole } = await untilDeath({ policy }, Infinity, pauseReplay, 60);
    for (let after = 1; after <= whole.effects.length; after += STRIDE) {
      const { first } = await untilDeath({ policy }, after, pauseReplay, 60);
      const next = await successor(first, { policy });
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      await next.run(90);
      expect(resumes(next), where).toHaveLength(1);
      expect(next.cluster.inspect('patroni2').postgres.replayPaused, where).toBe(false);
    }
  }, 240_000);
});
