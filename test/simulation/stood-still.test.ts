import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/kernel/commands.js';
import { endSession } from '../../src/kernel/stop.js';
import { EMPTY_LEDGER, isInFlight, type Ledger } from '../../src/model/ledger.js';
import { ledgerFrom } from '../../src/ledger/codec.js';
import { freshValue } from '../../src/model/reading.js';
import type { Policy } from '../../src/model/policy.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { caughtUp, destructive, DRAIN, lagEmergency, leading, UNDRAIN } from '../support/situations.js';
import { standStill } from '../support/stand-still.js';
import { everyNth } from '../support/points.js';

/** What the other instance does while the first one stands still, and what the world is like before and after. */
interface Work {
  readonly policy?: Policy;
  /** Before the first instance begins the pass in which it will stand still. */
  readonly before?: (first: Rig) => Promise<unknown>;
  /** The pass or passes at one of whose awaits it stands still. */
  readonly during: (first: Rig) => Promise<unknown>;
  readonly other: (other: Rig) => Promise<unknown>;
  readonly after?: (first: Rig) => Promise<unknown>;
  /** Long histories: so many times fewer points than elsewhere. */
  readonly stride?: number;
  /** Nothing may be sent more often than here, by both together. */
  readonly atMost: readonly string[];
}

/** Every so many points; each of them with EVERY_POINT=1. */
const STRIDE = 3;

const onePass = (first: Rig): Promise<unknown> => first.pass();

const idle = ({ run }: Rig): Promise<unknown> => run(3);

const rebuild = 'POST /reinitialize on patroni2 {}';
const asking = leading({}, { 'reinitialize-replica': { mode: 'approve' }, 'restart-member': { mode: 'off' } });

const waitingRebuild = async (first: Rig): Promise<void> => {
  first.cluster.walGap('patroni2');
  await first.run(60);
  expect(first.approvals('waiting').map(({ plan }) => plan.action)).toEqual(['reinitialize-replica']);
};

const approveWhatWaits = async (of: Rig): Promise<void> => {
  const [waiting] = of.approvals('waiting');
  if (waiting === undefined) return;
  const answer = decideApproval(of.session, waiting.id, 'approved', 'dba', 'looked at it');
  await of.run(1);
  await answer;
};

/** The other instance is told "yes" while this one stands still. */
const approvedByTheOther: Pick<Work, 'other' | 'stride' | 'atMost'> = {
  other: async (other) => {
    await other.run(4);
    await approveWhatWaits(other);
    await other.run(6);
  },
  stride: 3,
  atMost: [rebuild],
};

const WORKS: Readonly<Record<string, Work>> = {
  'takes tenure and gives it back': { during: onePass, other: idle, atMost: [] },
  'drains a replica': {
    during: onePass,
    other: async (other) => {
      lagEmergency(other);
      await other.run(12);
    },
    after: async (first) => {
      caughtUp(first);
      await first.run(45);
      expect(first.session.ledger.drains).toEqual([]);
    },
    atMost: [DRAIN, UNDRAIN],
  },
  'drains a replica that the first one is just about to drain': {
    before: async (first) => {
      lagEmergency(first);
      await first.run(3);
    },
    during: (first) => first.run(3),
    other: ({ run }) => run(12),
    atMost: [DRAIN],
  },
  'undrains what the first one drained': {
    before: async (first) => {
      lagEmergency(first);
      await first.run(20);
    },
    during: onePass,
    other: async (other) => {
      caughtUp(other);
      await other.run(30);
    },
    atMost: [DRAIN, UNDRAIN],
  },
  'uses an approval that waited': {
    policy: asking,
    before: waitingRebuild,
    during: onePass,
    ...approvedByTheOther,
  },
  'uses the approval that the first one is about to use': {
    policy: asking,
    before: waitingRebuild,
    during: approveWhatWaits,
    ...approvedByTheOther,
  },
  'rebuilds a replica by itself': {
    policy: leading({}, { 'restart-member': { mode: 'off' } }),
    during: onePass,
    other: async (other) => {
      other.cluster.walGap('patroni2');
      await other.run(40);
    },
    stride: 3,
    atMost: [rebuild],
  },
  'fences a leader that hangs': {
    during: onePass,
    other: async (other) => {
      other.cluster.freezePatroni('patroni1');
      await other.run(30);
    },
    atMost: ['host kill patroni1'],
  },
};

const storedIn = async ({ cluster }: Rig): Promise<Ledger> => {
  const text = freshValue(await cluster.ports().dcs.loadLedger()) ?? null;
  const ledger = text === null ? EMPTY_LEDGER : ledgerFrom(text);
  if (ledger === null) throw new Error('it is no ledger');
  return ledger;
};

/** How far a run is: what has ended does not go on. */
const regressed = (before: Ledger, after: Ledger): readonly string[] => [
  ...before.remediations.flatMap((row) => {
    const now = after.remediations.find(({ id }) => id === row.id);
    // Still as the first one left it, who alone knows whether it was sent: if it was not, it may strike it out.
    if (now === undefined) return row.phase === 'sending' ? [] : [`${row.plan.action} ${row.id} is forgotten`];
    return !isInFlight(row) && isInFlight(now) ? [`${row.plan.action} ${row.id} is in flight again`] : [];
  }),
  ...before.approvals
    .filter(({ id, state }) => state === 'used' && after.approvals.find((row) => row.id === id)?.state !== 'used')
    .map(({ id }) => `approval ${id} may be used again`),
];

interface Told {
  readonly stoodAt: string | null;
  readonly wrong: readonly string[];
}

/** One history: it stands still at the `at`-th of its awaits. `stoodAt` null: there are not so many. */
async function history(work: Work, at: number): Promise<Told> {
  const cluster = createCluster();
  const policy = work.policy ?? leading();
  const sleep = standStill();
  const first = rig({ cluster, policy, owner: 'first', ...sleep });
  await first.run(12);
  await work.before?.(first);
  const lefts: Ledger[] = [];
  sleep.arm(at, async () => {
    cluster.advance(16_000);
    const other = rig({ cluster, policy, owner: 'other' });
    await other.run(4);
    expect(other.session.parts.tenure.facts().state).toBe('held');
    await work.other(other);
    await endSession(other.session, Promise.resolve(), 0);
    lefts.push(await storedIn(other));
  });
  await work.during(first);
  const stoodAt = sleep.points[at - 1] ?? null;
  const [left] = lefts;
  if (stoodAt === null || left === undefined) return { stoodAt: null, wrong: [] };
  await first.run(12);
  await work.after?.(first);
  await first.run(3);
  const stored = await storedIn(first);
  const sent = destructive(first.requests()).concat(first.requests().filter((text) => [DRAIN, UNDRAIN].includes(text)));
  const twice = sent.filter((text, index) => sent.indexOf(text) !== index || !work.atMost.includes(text));
  const epochs = new Set(first.entries('tenure').flatMap(({ body }) => (body.change === 'held' ? [body.detail] : [])));
  return {
    stoodAt,
    wrong: [
      ...regressed(left, stored),
      ...twice.map((text) => `sent too often: ${text}`),
      ...(first.session.parts.tenure.facts().state === 'held' ? [] : ['it does not hold tenure again']),
      ...(epochs.size === 2 ? [] : ['the journal does not tell two tenures apart']),
    ],
  };
}

describe('an instance that stands still while another one', () => {
  it.each(Object.keys(WORKS))(
    '[A1] %s: nothing is lost and nothing sent twice, at whichever await it stood',
    async (name) => {
      const work = WORKS[name] as Work;
      const wrong: string[] = [];
      let at = 1;
      for (; ; at += everyNth(STRIDE * (work.stride ?? 1))) {
        const told = await history(work, at);
        if (told.stoodAt === null) break;
        wrong.push(...told.wrong.map((text) => `${at} ${told.stoodAt ?? ''}: ${text}`));
      }
      expect(wrong).toEqual([]);
      expect(at).toBeGreaterThan(15);
    },
    300_000,
  );
});
