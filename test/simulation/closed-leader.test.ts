import { describe, expect, it } from 'vitest';
import { throwSwitch } from '../../src/kernel/commands.js';
import type { Reply } from '../../src/model/plan.js';
import type { Ports } from '../../src/observe/ports.js';
import type { PatroniPort } from '../../src/ports/patroni.js';
import { ask } from '../support/asking.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { withProxies } from '../support/proxies.js';
import { SecondProxy } from '../support/second-proxy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';

const policyOf = (nudge: 'auto' | 'approve' | 'off') =>
  testPolicy({}, { switchover: { mode: 'approve' }, 'proxy-nudge': { mode: nudge, cooldownMs: 0 } });
const policy = policyOf('auto');
const switchover = { name: 'switchover', candidate: 'patroni3' } as const;

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  ekimi.cluster.startClient('app', 100);
  await ekimi.run(15);
  return ekimi;
}

/** Without the words that all of them begin with. */
const sent = (ekimi: Rig): readonly string[] =>
  ekimi.requests().map((text) => text.replace(/^haproxy.*> set server postgres_primary\//, '').split(' on ')[0] ?? '');
const status = ({ cluster }: Rig): string => cluster.proxyStatus('postgres_primary', 'patroni1');

/** A Patroni that answers each switchover with this and does nothing. */
const refusing =
  (reply: Partial<Reply>) =>
  (ports: Ports): Ports => {
    const send: PatroniPort['send'] = (step) =>
      step.path === '/switchover'
        ? Promise.resolve({ effect: 'none', status: 412, text: 'no', tookMs: 1, ...reply })
        : ports.patroni.send(step);
    return { ...ports, patroni: { ...ports.patroni, send } };
  };

describe('the old leader takes no new connections while it steps down', () => {
  it('from just before the request on, and the new one is called up as soon as it is proven', async () => {
    const ekimi = await quiet();
    expect((await ask(ekimi, switchover)).kind).toBe('started');
    await ekimi.run(40);
    expect(sent(ekimi)).toEqual([
      'patroni1 health stopping',
      'POST /switchover',
      'patroni1 health down',
      'patroni3 health up',
    ]);
    const [intent] = ekimi.entries('intent');
    expect(intent?.body.request).toBe(
      'haproxy> set server postgres_primary/patroni1 health stopping; POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni3"}',
    );
    const atMs = (text: string) => ekimi.cluster.requests.find((row) => row.text.includes(text))?.atMs ?? NaN;
    expect(atMs('POST /switchover')).toBe(atMs('health stopping'));
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(ekimi.cluster.commits().twoWritersMs).toBe(0);
  });

  it.each([
    ['off', policyOf('off')],
    ['not to be done without a person', policyOf('approve')],
  ])('but is told nothing where that is %s', async (_, other) => {
    const ekimi = await quiet({ policy: other });
    await ask(ekimi, switchover);
    await ekimi.run(40);
    expect(sent(ekimi)).toEqual(['POST /switchover']);
    expect(ekimi.cluster.leader()).toBe('patroni3');
  });

  it('nor where a person switched that off', async () => {
    const ekimi = await quiet();
    const off = { owner: 'dba', reason: 'tests', sinceMs: ekimi.cluster.nowMs(), expiresAtMs: null };
    void throwSwitch(ekimi.session, { subject: 'action:proxy-nudge', ...off }, 'dba');
    await ekimi.run(2);
    await ask(ekimi, switchover);
    await ekimi.run(40);
    expect(sent(ekimi)).toEqual(['POST /switchover']);
  });

  it('nor before one that is for later', async () => {
    const ekimi = await quiet();
    await ask(ekimi, { ...switchover, scheduledAt: new Date(ekimi.cluster.nowMs() + 30_000).toISOString() });
    await ekimi.run(5);
    expect(sent(ekimi)).toEqual(['POST /switchover']);
  });
});

describe('a switchover that does not happen', () => {
  it('refused: it is put back at once, and no client was cut off', async () => {
    const ekimi = await quiet({ wrap: refusing({}) });
    // Its next check is far away.
    for (let tries = 0; tries < 40 && !status(ekimi).startsWith('UP'); tries += 1) await ekimi.run(0.1);
    await ask(ekimi, switchover);
    const closedMs = ekimi.cluster.nowMs();
    while (status(ekimi) !== 'UP' && ekimi.cluster.nowMs() - closedMs < 10_000) await ekimi.run(0.1);
    expect(ekimi.cluster.nowMs() - closedMs).toBeLessThanOrEqual(1_100);
    await ekimi.run(20);
    expect(sent(ekimi).slice(0, 1)).toEqual(['patroni1 health stopping']);
    expect(sent(ekimi)).not.toContain('patroni1 health down');
    expect([ekimi.cluster.leader(), ekimi.cluster.commits().failed]).toEqual(['patroni1', 0]);
  });

  it('of which no answer comes: the next check of the proxy puts it back', async () => {
    const ekimi = await quiet({ wrap: refusing({ effect: 'maybe', status: null }) });
    await ask(ekimi, switchover);
    expect(status(ekimi)).toMatch(/^NOLB/);
    await ekimi.run(4);
    expect(status(ekimi)).toBe('UP');
    expect(ekimi.cluster.commits().failed).toBe(0);
  });
});

describe('between the proxies and the request', () => {
  const inBetween = async (what: (ekimi: Rig) => void): Promise<Rig> => {
    let ekimi: Rig | null = null;
    const wrap = (ports: Ports): Ports =>
      withProxies(ports, (port) => ({
        ...port,
        send: async (step) => {
          const reply = await port.send(step);
          if (step.command.endsWith('stopping') && ekimi !== null) what(ekimi);
          return reply;
        },
      }));
    ekimi = await quiet({ wrap });
    await ask(ekimi, switchover);
    await ekimi.run(20);
    return ekimi;
  };

  it('we stand still: nothing is sent on an old look', async () => {
    const ekimi = await inBetween(({ cluster }) => {
      cluster.advance(60_000);
    });
    expect(sent(ekimi)).not.toContain('POST /switchover');
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(ekimi.entries('outcome')[0]?.body).toMatchObject({ reply: { effect: 'none' } });
  });

  it('a person throws a switch: nothing is sent', async () => {
    const ekimi = await inBetween(({ session, cluster }) => {
      const off = { owner: 'dba', reason: 'tests', sinceMs: cluster.nowMs(), expiresAtMs: null };
      void throwSwitch(session, { subject: 'cluster', ...off }, 'dba');
    });
    expect(sent(ekimi)).not.toContain('POST /switchover');
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });

  it('nothing happens: it is sent', async () => {
    expect(sent(await inBetween(() => undefined))).toContain('POST /switchover');
  });
});

describe('death of the process', () => {
  const lived = async (after: number) => {
    const doom = doomed();
    const first = rig({ policy, wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead, owner: 'first' });
    first.cluster.startClient('app', 100);
    await first.run(15);
    doom.arm(after);
    await Promise.race([ask(first, switchover), doom.dead]);
    await first.run(5);
    return { first, effects: doom.effects };
  };

  it('has these effects to come between', async () => {
    const { effects } = await lived(Infinity);
    expect(effects.slice(0, 12)).toMatchInlineSnapshot(`
      [
        "journal intent",
        "ledger",
        "sent set server postgres_primary/patroni1 health stopping",
        "journal procedure",
        "sent /switchover",
        "journal outcome",
        "ledger",
        "journal intent",
        "ledger",
        "sent set server postgres_primary/patroni1 health down",
        "sent set server postgres_primary/patroni3 health up",
        "journal outcome",
      ]
    `);
  });

  it.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'after its effect %i: one leader, the proxy leads to it alone, and it was asked for once',
    async (after) => {
      const { first } = await lived(after);
      const second = rig({ policy, cluster: first.cluster, owner: 'second' });
      await second.run(30);
      const leader = first.cluster.leader();
      expect(['patroni1', 'patroni3']).toContain(leader);
      const open = ['patroni1', 'patroni2', 'patroni3'].filter((name) =>
        first.cluster.proxyStatus('postgres_primary', name).startsWith('UP'),
      );
      expect(open).toEqual([leader]);
      expect(sent(first).filter((text) => text.startsWith('POST')).length).toBeLessThanOrEqual(1);
      expect(first.cluster.commits().twoWritersMs).toBe(0);
    },
  );
});

describe('two proxies', () => {
  let isAsked = false;
  it('both are told; one that is silent keeps nobody waiting', async () => {
    for (const isSilent of [false, true]) {
      const second = new SecondProxy();
      const ekimi = await quiet({ wrap: second.wrap });
      second.isSilent = isSilent;
      await ekimi.run(2);
      expect((await ask(ekimi, switchover)).kind).toBe('started');
      await ekimi.run(40);
      expect(ekimi.cluster.leader()).toBe('patroni3');
      expect(second.told.some((text) => text.includes('patroni1 health stopping'))).toBe(!isSilent);
      expect(sent(ekimi).slice(0, 2)).toEqual(['patroni1 health stopping', 'POST /switchover']);
    }
  });

  it('one that gives no answer in the look before the request does not stop it', async () => {
    const second = new SecondProxy();
    const ekimi = await quiet({
      wrap: (ports) => {
        const wrapped = second.wrap(ports);
        const { dcs } = wrapped;
        let looks = 0;
        const keys: typeof dcs.keys = (...given) => {
          // The pass sees it, the look after that does not.
          second.isSilent = isAsked && (looks += 1) > 1;
          return dcs.keys(...given);
        };
        return { ...wrapped, dcs: { ...dcs, keys } };
      },
    });
    isAsked = true;
    expect((await ask(ekimi, switchover)).kind).toBe('started');
  });

  it('one that takes a command and never answers is given up after a moment', async () => {
    const hangs = (ports: Ports): Ports =>
      withProxies(ports, (port) => ({
        ...port,
        send: (step) => (step.command.endsWith('stopping') ? new Promise(() => undefined) : port.send(step)),
      }));
    const ekimi = await quiet({ wrap: hangs });
    const asked = ask(ekimi, switchover);
    for (let moment = 0; moment < 30; moment += 1) {
      await new Promise(setImmediate);
      ekimi.cluster.advance(100);
    }
    await asked;
    await ekimi.run(40);
    expect(ekimi.cluster.leader()).toBe('patroni3');
  });
});
