import { describe, expect, it } from 'vitest';
import { nowhere } from '../../src/config/rule.js';
import { applyPolicy, decideApproval, throwSwitch } from '../../src/kernel/commands.js';
import { endSession } from '../../src/kernel/stop.js';
import type { Policy } from '../../src/model/policy.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';
import { standStill } from '../support/stand-still.js';
import { everyNth } from '../support/points.js';

/** Something from outside that comes while a pass is under way, and what must be so afterwards. */
interface Outside {
  readonly policy?: Policy;
  /** As the signal handler or the API does it: it returns at once. */
  readonly comes: (ekimi: Rig) => void;
  readonly afterwards: (ekimi: Rig, sentBefore: number, where: string) => Promise<void> | void;
}

const sent = ({ cluster }: Rig): readonly string[] => cluster.requests.map(({ text }) => text);

const NIGHT = { subject: 'global', owner: 'dba', reason: 'night', sinceMs: 0, expiresAtMs: null };
const asking = testPolicy({}, { 'drain-replica': { mode: 'approve' } });

const OUTSIDE: Readonly<Record<string, Outside>> = {
  'a kill switch: no request leaves after it': {
    comes: ({ session }) => {
      void throwSwitch(session, NIGHT, 'dba');
    },
    afterwards: async (ekimi, sentBefore, where) => {
      await ekimi.run(20);
      expect(sent(ekimi), where).toHaveLength(sentBefore);
      expect(ekimi.session.ledger.switches.length + (ekimi.session.seenSwitches?.length ?? 0), where).toBe(1);
    },
  },
  'SIGTERM: no request leaves after it, and nothing stays as being sent': {
    comes: ({ session }) => {
      session.isStopping = true;
    },
    afterwards: async (ekimi, sentBefore, where) => {
      await endSession(ekimi.session, Promise.resolve(), 100);
      expect(sent(ekimi), where).toHaveLength(sentBefore);
      const phases = ekimi.session.shared.ledger.remediations.map(({ phase }) => phase);
      expect(phases, where).not.toContain('sending');
      expect(ekimi.entries('stop'), where).toHaveLength(1);
    },
  },
  'SIGHUP to dry-run: nothing moves under a pass, and no row gets into the wrong book': {
    comes: ({ session }) => {
      const policy = testPolicy({ mode: 'dry-run' });
      void applyPolicy(session, { policy, hash: 'other', locator: nowhere('policy') });
    },
    afterwards: async (ekimi, _, where) => {
      await ekimi.run(20);
      const { shared, shadow, policy } = ekimi.session;
      expect(policy.mode, where).toBe('dry-run');
      expect(
        shared.ledger.remediations.filter((row) => row.shadow),
        where,
      ).toEqual([]);
      expect(
        shared.ledger.drains.filter((row) => row.shadow),
        where,
      ).toEqual([]);
      expect(
        shadow.ledger.remediations.filter((row) => !row.shadow),
        where,
      ).toEqual([]);
      expect(
        shadow.ledger.drains.filter((row) => !row.shadow),
        where,
      ).toEqual([]);
      const runs = (shared.ledger.incidents ?? []).flatMap(({ remediations }) => remediations.map(({ id }) => id));
      const rehearsed = shadow.ledger.remediations.map(({ id }) => id);
      expect(
        runs.filter((id) => rehearsed.includes(id)),
        where,
      ).toEqual([]);
      const kinds = ekimi.journal.entries.map(({ body }) => body.kind);
      const intent = ekimi.journal.entries.findIndex(({ body }) => body.kind === 'intent' && !body.shadow);
      // The request's answer is prompt: it belongs to the pass that sent it, and the policy to the head of a later one.
      if (intent >= 0) expect(kinds.slice(intent, intent + 2), where).toEqual(['intent', 'outcome']);
    },
  },
  'an approval: it counts from the next pass on, once': {
    policy: asking,
    comes: (ekimi) => {
      const [waiting] = ekimi.approvals('waiting');
      if (waiting !== undefined) void decideApproval(ekimi.session, waiting.id, 'approved', 'dba', 'looked at it');
    },
    afterwards: async (ekimi, sentBefore, where) => {
      expect(sentBefore, where).toBe(0);
      await ekimi.run(5);
      if (ekimi.approvals('waiting').length > 0) await ekimi.answer('approved');
      await ekimi.run(10);
      expect(sent(ekimi), where).toEqual([DRAIN]);
      expect(ekimi.approvals('used'), where).toHaveLength(1);
    },
  },
};

/** Every so many points, from another one in turn, and all around an intent; or each of them (../support/points.ts). */
const STRIDE = everyNth(17);
const CLOSE = /journal intent|commitLedger/;
/** Watched from so long before the first request or question until so long after it. */
const [BEFORE_S, SECONDS] = [1, 3];

interface Begun {
  readonly ekimi: Rig;
  readonly points: ReturnType<typeof standStill>;
}

const open = async (policy: Policy | undefined): Promise<Begun> => {
  const points = standStill();
  const ekimi = rig({
    wrap: points.wrap,
    wrapJournal: points.wrapJournal,
    ...(policy === undefined ? {} : { policy }),
  });
  await ekimi.run(15);
  lagEmergency(ekimi);
  return { ekimi, points };
};

/** After so many seconds of lag something comes of it. */
async function secondsOf(policy: Policy | undefined): Promise<number> {
  const { ekimi } = await open(policy);
  const comes = (): boolean => ekimi.entries('intent').length + ekimi.entries('approval').length > 0;
  let seconds = 0;
  for (; !comes() && seconds < 120; seconds += 1) await ekimi.run(1);
  return seconds;
}

async function begun(policy: Policy | undefined, seconds: number): Promise<Begun> {
  const ready = await open(policy);
  for (let n = 0; n < seconds - 1 - BEFORE_S; n += 1) await ready.ekimi.run(1);
  return ready;
}

async function pointsOf(policy: Policy | undefined, seconds: number): Promise<readonly string[]> {
  const { ekimi, points } = await begun(policy, seconds);
  points.arm(Infinity, () => Promise.resolve());
  await ekimi.run(SECONDS);
  return points.points;
}

describe('at every await of a pass', () => {
  it.each(Object.entries(OUTSIDE).map(([name, outside], index) => [name, outside, index] as const))(
    '%s',
    { timeout: 300_000 },
    async (_name, { policy, comes, afterwards }, index) => {
      const seconds = await secondsOf(policy);
      const names = await pointsOf(policy, seconds);
      expect(names).toContain(policy === undefined ? 'after journal intent' : 'after journal approval');
      const chosen = names.flatMap((name, n) => (n % STRIDE === index || CLOSE.test(name) ? [n + 1] : []));
      for (const at of chosen) {
        const { ekimi, points } = await begun(policy, seconds);
        let sentBefore = 0;
        points.arm(at, () => {
          sentBefore = sent(ekimi).length;
          comes(ekimi);
          return Promise.resolve();
        });
        await ekimi.run(SECONDS);
        await afterwards(ekimi, sentBefore, `${at}: ${names[at - 1] ?? ''}`);
      }
    },
  );
});
