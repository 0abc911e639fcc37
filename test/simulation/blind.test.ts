import { describe, expect, it } from 'vitest';
import { controllerOf } from '../../src/fleet/controller.js';
import { guardedPass } from '../../src/fleet/guarded-pass.js';
import { createCluster } from '../../src/simulator/world.js';
import { ledgerText } from '../../src/ledger/codec.js';
import { EMPTY_LEDGER } from '../../src/model/ledger.js';
import { fresh, unknown } from '../../src/model/reading.js';
import { guardedPorts } from '../../src/kernel/guarded.js';
import type { Ports } from '../../src/observe/ports.js';
import { rig, type Rig } from '../support/simulated.js';
import { lagEmergency, leading } from '../support/situations.js';

/** Members are silent to this instance alone, from the moment that `blind` says so. */
function blindable(): { readonly wrap: (ports: Ports) => Ports; blind: boolean } {
  const eyes = {
    blind: false,
    wrap: (ports: Ports): Ports => ({
      ...ports,
      patroni: {
        ...ports.patroni,
        status: (name, atMostMs) => (eyes.blind ? silent(ports, name) : ports.patroni.status(name, atMostMs)),
      },
      postgres: ports.postgres && {
        ...ports.postgres,
        status: (name) => (eyes.blind ? silent(ports, name) : (ports.postgres?.status(name) ?? silent(ports, name))),
      },
    }),
  };
  return eyes;
}

const silent = (ports: Ports, name: string) =>
  Promise.resolve(unknown('timeout', `${name}: no answer in time`, ports.clock.now(), name));

const holds = ({ session }: Rig): boolean => session.parts.tenure.facts().state === 'held';

async function together(rigs: readonly Rig[], seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (const one of rigs) await one.pass();
    rigs[0]?.cluster.advance(1_000);
  }
}

const pagesOf = (of: Rig): readonly string[] => of.entries('page').map(({ body }) => body.code);

describe('an instance that sees nothing of the cluster', () => {
  it('[P2] gives tenure up to the one that sees, and pages no dead leader', async () => {
    const cluster = createCluster();
    const eyes = blindable();
    const policy = leading();
    const first = rig({ cluster, policy, owner: 'first', wrap: eyes.wrap, without: ['host'] });
    const second = rig({ cluster, policy, owner: 'second', without: ['host'] });
    await together([first, second], 15);
    expect([holds(first), holds(second)]).toEqual([true, false]);
    eyes.blind = true;
    await together([first, second], 15);
    expect([holds(first), holds(second)]).toEqual([false, true]);
    await together([first, second], 200);
    expect([holds(first), holds(second)]).toEqual([false, true]);
    expect(pagesOf(first).filter((code) => code !== 'observer-impaired')).toEqual([]);
    expect(first.session.states.problems.map(({ code }) => code)).toContain('observer-impaired');
    lagEmergency(second);
    await together([first, second], 30);
    expect(first.requests()).toEqual(['haproxy> set server postgres_replicas/patroni3 state drain']);
  });

  it('[P2] when nobody sees, tenure is held by somebody, and whoever sees again has it soon', async () => {
    const cluster = createCluster();
    const eyes = [blindable(), blindable()] as const;
    const policy = leading();
    const rigs = eyes.map(({ wrap }, index) => rig({ cluster, policy, owner: `i${index}`, wrap, without: ['host'] }));
    await together(rigs, 15);
    for (const eye of eyes) eye.blind = true;
    await together(rigs, 90);
    expect(rigs.filter(holds)).toHaveLength(1);
    const loser = rigs.findIndex((one) => !holds(one));
    (eyes[loser] ?? eyes[0]).blind = false;
    await together(rigs, 80);
    expect(rigs.map(holds)).toEqual([loser === 0, loser === 1]);
    expect(cluster.requests).toEqual([]);
  });

  it('[P2] a cluster that is really down is no blindness: its holder keeps tenure and tells', async () => {
    const ekimi = rig({ policy: leading(), without: ['host'] });
    await ekimi.run(15);
    for (const name of ekimi.cluster.options.members) ekimi.cluster.killContainer(name);
    await ekimi.run(120);
    expect(holds(ekimi)).toBe(true);
    expect(pagesOf(ekimi).some((code) => code !== 'observer-impaired')).toBe(true);
  });
});

/** Every call of every port, by part and name. */
const CALLS = Object.entries(createCluster().ports()).flatMap(([part, port]) =>
  part === 'clock'
    ? []
    : Object.entries(port as object).flatMap(([name, value]) =>
        typeof value === 'function' ? [[part, name] as const] : [],
      ),
);

const throwing = (part: string, name: string, how: 'throws' | 'rejects') => (ports: Ports) => ({
  ...ports,
  [part]: {
    ...ports[part as keyof Ports],
    [name]: () => {
      const error = new Error('unresolved alias');
      if (how === 'throws') throw error;
      return Promise.reject(error);
    },
  },
});

describe('a port that fails', () => {
  it.each(CALLS)('[A2] %s.%s that throws or rejects fails no pass', async (part, name) => {
    for (const how of ['throws', 'rejects'] as const) {
      const ekimi = rig({ policy: leading(), wrap: throwing(part, name, how) });
      await ekimi.run(8);
      lagEmergency(ekimi);
      await ekimi.run(4);
      expect(ekimi.session.view).not.toBeNull();
      expect(ekimi.session.failedPasses).toBe(0);
    }
  });

  it('[A2] an unknown reading says which call failed and how', async () => {
    const simulated = createCluster().ports();
    const ports = guardedPorts(throwing('tags', 'read', 'throws')(simulated));
    expect(await ports.tags?.read('patroni1' as never)).toMatchObject({
      kind: 'unknown',
      fault: 'bad-reply',
      reason: 'tags.read failed within Ekimi: unresolved alias',
    });
  });
});

describe('passes that throw', () => {
  it('[A2] are paged once, and after three in a row tenure is given up and not taken until one ends', async () => {
    let isBroken = false;
    const ekimi = rig({
      policy: leading(),
      windowsAt: () => {
        if (isBroken) throw new Error('a defect');
        return { freeze: null, maintenance: null };
      },
    });
    const passes = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 1) {
        await guardedPass(ekimi.session);
        ekimi.cluster.advance(1_000);
      }
    };
    await passes(10);
    expect(holds(ekimi)).toBe(true);
    isBroken = true;
    await passes(2);
    expect(holds(ekimi)).toBe(true);
    expect(ekimi.notifier.pages.map(({ text }) => text)).toEqual([
      'a pass of Ekimi failed, so it sees and does nothing: a defect',
    ]);
    const before = ekimi.entries('tenure').length;
    await passes(8);
    expect(holds(ekimi)).toBe(false);
    // Given up once, by the reason that holds, and not taken and let go of again in every pass.
    expect(ekimi.entries('tenure').slice(before)).toMatchObject([
      { body: { change: 'released', detail: 'given up after 3 failed passes: a defect' } },
    ]);
    expect(ekimi.notifier.pages).toHaveLength(1);
    expect(controllerOf([ekimi.session]).ready().reasons.join()).toContain(
      '10 passes in a row of Ekimi failed: a defect',
    );
    expect(ekimi.entries('tenure').at(-1)?.body.change).toBe('released');
    isBroken = false;
    await passes(3);
    expect(holds(ekimi)).toBe(true);
    expect(controllerOf([ekimi.session]).ready()).toEqual({ ready: true, reasons: [] });
  });
});

describe('readiness', () => {
  const reasonsOf = (ekimi: Rig): string => controllerOf([ekimi.session]).ready().reasons.join('\n');

  it('[A7] a dry-run without tenure is ready', async () => {
    const ekimi = rig({ policy: leading({ mode: 'dry-run' }) });
    await ekimi.run(10);
    expect(reasonsOf(ekimi)).toBe('');
  });

  it('[A7] etcd without an answer, members that are all silent, a journal that cannot be written: each a reason', async () => {
    const ekimi = rig({
      policy: leading(),
      without: ['host'],
      wrapJournal: (journal) => ({ ...journal, append: () => Promise.reject(new Error('no space left on device')) }),
    });
    await ekimi.run(5);
    expect(reasonsOf(ekimi)).toMatch(/journal cannot be written: no space left on device/);
    ekimi.cluster.cutObserver('all');
    await ekimi.run(10);
    expect(reasonsOf(ekimi)).toMatch(/etcd gives no linearizable answer/);
    expect(reasonsOf(ekimi)).toMatch(/no member answers by any channel \(3 asked\)/);
    ekimi.cluster.healObserver();
    await ekimi.run(5);
    expect(reasonsOf(ekimi)).not.toMatch(/etcd|no member/);
  });

  it('[A7] a password that all refuse, an unreadable ledger and a refused policy: each a reason', async () => {
    const ekimi = rig({
      policy: leading(),
      wrap: (ports) => ({
        ...ports,
        dcs: { ...ports.dcs, loadLedger: () => Promise.resolve(unknown('denied', 'no', ports.clock.now(), 'etcd')) },
        postgres: ports.postgres && {
          ...ports.postgres,
          status: (name) => Promise.resolve(unknown('denied', `SQL on ${name}: 28P01`, ports.clock.now(), name)),
        },
      }),
    });
    await ekimi.run(5);
    ekimi.session.policyError = 'policy.yaml:3: no such key';
    expect(reasonsOf(ekimi)).toMatch(/PostgreSQL refuses us: SQL on patroni1: 28P01/);
    expect(reasonsOf(ekimi)).toMatch(/ledger in etcd cannot be read/);
    expect(reasonsOf(ekimi)).toMatch(/new policy was refused.*no such key/);
  });

  it('[A7] a part of the ledger that cannot be read is a reason', async () => {
    const text = JSON.stringify({ ...(JSON.parse(ledgerText(EMPTY_LEDGER)) as object), drains: { x: 'y' } });
    const ekimi = rig({
      policy: leading(),
      wrap: (ports) => ({
        ...ports,
        dcs: { ...ports.dcs, loadLedger: () => Promise.resolve(fresh(text, ports.clock.now(), 'etcd')) },
      }),
    });
    await ekimi.run(5);
    expect(reasonsOf(ekimi)).toMatch(/keeps under drains cannot be read/);
  });
});
