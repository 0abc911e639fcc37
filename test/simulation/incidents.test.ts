import { describe, expect, it } from 'vitest';
import { isOpen, withoutWritesMs, type Incident } from '../../src/model/incident.js';
import { createCluster } from '../../src/simulator/world.js';
import { narrate } from '../../src/words/narrate.js';
import { fleet } from '../support/fleet.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
const ACTIONS = {
  'expedite-failover': AUTO,
  'proxy-nudge': { ...AUTO, cooldownMs: 0 },
  'start-member': AUTO,
  'restart-member': AUTO,
  'reinitialize-replica': AUTO,
  'fence-member': AUTO,
  'open-traffic': AUTO,
  failover: AUTO,
  'drain-replica': AUTO,
  'undrain-replica': AUTO,
};
const policy = testPolicy({}, ACTIONS);
const ETCD = ['etcd1', 'etcd2', 'etcd3'] as const;

const incidentsIn = ({ session }: Pick<Rig, 'session'>): readonly Incident[] => session.ledger.incidents ?? [];
const openIn = (one: Pick<Rig, 'session'>): readonly Incident[] => incidentsIn(one).filter(isOpen);
const codesOf = (one: Incident | undefined): readonly string[] => [
  ...new Set(one?.problems.map(({ code, subject }) => `${code} ${subject}`)),
];

describe.each(['3.0.2', '4.1.4'] as const)('an incident, Patroni %s', (patroniVersion) => {
  it('a killed leader is one incident from first sight to the former leader that streams again', async () => {
    const one = rig({ policy, cluster: createCluster({ patroniVersion }) });
    const { cluster, run, entries, journal } = one;
    cluster.startClient('app', 100);
    await run(15);
    const killedMs = cluster.nowMs();
    cluster.killContainer('patroni1');
    await run(20);
    expect(openIn(one)).toMatchObject([{ cause: 'leader-down', subject: 'patroni1', level: 'critical' }]);
    await run(160);
    const [incident, ...others] = incidentsIn(one);
    expect(others).toEqual([]);
    expect(incident?.openedAtMs).toBe(killedMs);
    expect(codesOf(incident)).toEqual(expect.arrayContaining(['leader-down patroni1', 'member-down patroni1']));
    expect(incident?.remediations.map(({ action }) => action)).toEqual([
      'expedite-failover',
      'proxy-nudge',
      'start-member',
    ]);
    expect(cluster.inspect('patroni1').patroni.role).toBe('replica');
    const truthMs = cluster.commits().noWriterMs;
    expect(truthMs).toBeGreaterThan(1_000);
    expect(Math.abs(withoutWritesMs(incident!, cluster.nowMs()) - truthMs)).toBeLessThanOrEqual(
      incident!.withoutWrites.unsureMs,
    );
    expect(entries('incident').map(({ body }) => body.change)).toEqual(['opened', 'ended']);
    const told = journal.entries.filter(({ body }) => body.incident === incident?.id).map(({ body }) => body.kind);
    expect(new Set(told)).toEqual(new Set(['incident', 'intent', 'outcome', 'verdict', 'evidence']));
    expect(entries('pass').filter(({ body }) => body.incident?.includes(incident!.id) === true).length).toBeGreaterThan(
      3,
    );
  });

  it('a frozen leader that is fenced, replaced, started and opened again is one, and ends when it takes traffic', async () => {
    const one = rig({ policy, cluster: createCluster({ patroniVersion }) });
    const { cluster, run } = one;
    cluster.startClient('app', 100);
    await run(15);
    cluster.freezePatroni('patroni1');
    await run(240);
    const [incident, ...others] = incidentsIn(one);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ cause: 'leader-frozen', subject: 'patroni1' });
    expect(incident?.endedAtMs).not.toBeNull();
    expect(codesOf(incident)).toContain('member-rejoined patroni1');
    const apartMs = Math.abs(withoutWritesMs(incident!, cluster.nowMs()) - cluster.commits().noWriterMs);
    expect(apartMs).toBeLessThanOrEqual(incident!.withoutWrites.unsureMs);
  });
});

describe('incidents of replicas', () => {
  it('two replicas with one common cause are one', async () => {
    const one = rig({ policy });
    one.cluster.setLoad(3_000_000);
    await one.run(15);
    one.cluster.lag('patroni2', 0.1);
    await one.run(20);
    one.cluster.lag('patroni3', 0.1);
    await one.run(150);
    expect(openIn(one)).toHaveLength(1);
    expect(codesOf(openIn(one)[0])).toEqual(
      expect.arrayContaining([
        'replica-lag-critical patroni2',
        'replica-lag-critical patroni3',
        'all-replicas-affected email-cluster',
      ]),
    );
    const changes = one.entries('incident').map(({ body }) => `${body.change} ${body.of.cause} ${body.of.subject}`);
    expect(changes[0]).toMatch(/^opened replica-lag-\w+ patroni2$/);
  });

  it('two that have nothing to do with each other are two', async () => {
    const one = rig({ policy });
    await one.run(15);
    one.cluster.killContainer('patroni3');
    one.cluster.setLoad(3_000_000);
    one.cluster.lag('patroni2', 'stop-replay');
    await one.run(90);
    const causes = incidentsIn(one).map(({ subject }) => subject);
    expect(causes).toEqual(expect.arrayContaining(['patroni2', 'patroni3']));
  });

  it('a drained replica keeps it open until it serves reads again', async () => {
    const one = rig({ policy });
    one.cluster.setLoad(3_000_000);
    await one.run(15);
    one.cluster.lag('patroni2', 'stop-replay');
    await one.run(90);
    expect(one.session.ledger.drains).toHaveLength(1);
    one.cluster.healLag('patroni2');
    one.cluster.setLoad(0);
    for (let second = 0; second < 300 && one.session.ledger.drains.length > 0; second += 1) {
      await one.run(1);
      if (one.session.ledger.drains.length > 0) expect(openIn(one).map(({ subject }) => subject)).toEqual(['patroni2']);
    }
    await one.run(90);
    expect(openIn(one)).toEqual([]);
    expect(incidentsIn(one)).toHaveLength(1);
  });
});

describe('an incident and those who watch it', () => {
  it('a successor goes on with it under the same id', async () => {
    const cluster = createCluster({ seed: 4 });
    const both = fleet(cluster, ['a', 'b'], {
      policy: testPolicy({}, { ...ACTIONS, 'start-member': { mode: 'off' }, 'restart-member': { mode: 'off' } }),
    });
    await both.run(30);
    cluster.killContainer('patroni1');
    await both.run(20);
    const [before] = openIn(both.at('a'));
    expect(before).toMatchObject({ cause: 'leader-down', by: 'a' });
    both.kill('a');
    await both.run(120);
    expect(both.at('b').session.parts.tenure.facts().state).toBe('held');
    expect(openIn(both.at('b')).map(({ id }) => id)).toEqual([before?.id]);
    cluster.startContainer('patroni1');
    await both.run(120);
    expect(incidentsIn(both.at('b'))).toMatchObject([{ id: before?.id, withoutWrites: { sinceMs: null } }]);
    expect(openIn(both.at('b'))).toEqual([]);
  });

  it.each([
    ['is part of that of the next holder, which told the same trouble', false, 'joined'],
    ['ends with its trouble, which the next holder may never have told', true, 'ended'],
  ] as const)(
    'one that was opened while the ledger could not be written %s: its own journal says so',
    async (_what, isBack, change) => {
      const cluster = createCluster({ seed: 6 });
      const both = fleet(cluster, ['a', 'b'], {
        policy: testPolicy({}, { 'start-member': { mode: 'off' }, 'restart-member': { mode: 'off' } }),
      });
      await both.run(30);
      expect(both.at('a').session.parts.tenure.facts().state).toBe('held');
      for (const etcd of ETCD) cluster.cutLink('a', etcd);
      cluster.killContainer('patroni3');
      await both.run(60);
      const toldBy = (name: string) =>
        both
          .entries('incident')
          .filter(({ by }) => by === name)
          .map(({ body }) => [body.change, body.of.id, body.of.joinedTo]);
      const [opened] = toldBy('a');
      expect(toldBy('a')).toEqual([['opened', expect.any(String), undefined]]);
      if (isBack) cluster.startContainer('patroni3');
      await both.run(isBack ? 120 : 1);
      for (const etcd of ETCD) cluster.healLink('a', etcd);
      await both.run(60);
      expect(both.at('a').session.parts.tenure.facts().state).toBe('other');
      const theirs = incidentsIn(both.at('b')).map(({ id }) => id);
      expect(theirs).not.toContain(opened?.[1]);
      const whose = change === 'joined' ? theirs[0] : undefined;
      expect(toldBy('a').slice(1)).toEqual([[change, opened?.[1], whose]]);
      expect(both.at('a').session.ownIncidents).toEqual([]);
    },
  );

  it('is named by the page', async () => {
    const one = rig({ policy: testPolicy({}, { 'start-member': { mode: 'approve' } }) });
    await one.run(15);
    one.cluster.killContainer('patroni3');
    await one.run(90);
    const page = one.notifier.pages.find(({ code }) => code === 'member-down');
    const [incident] = openIn(one);
    expect(page?.incident).toBe(incident?.id);
    expect(page?.text).toContain(`; incident ${incident?.id}`);
    expect(incident?.pages).toEqual([{ code: 'member-down', subject: 'patroni3', atMs: page?.atMs }]);
  });

  it('is told at its beginning and its end, with the time without writes', async () => {
    const one = rig({ policy });
    await one.run(15);
    one.cluster.killContainer('patroni1');
    await one.run(180);
    const told = one.entries('incident').map((entry) => narrate(entry).text);
    expect(told[0]).toMatch(/^incident \S+: leader-down patroni1, first seen at \d\d:\d\d:\d\dZ$/);
    expect(told[1]).toMatch(
      / is over after 58 s, at \S+; 1 s without writes \(±1 s\); \d problems, 3 actions, 0 pages$/,
    );
  });
});
