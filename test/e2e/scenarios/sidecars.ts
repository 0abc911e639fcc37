import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { authority } from '../../contract/peers-support.js';
import { portsOf } from '../../../src/app/wiring.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { memberHost, storeHost } from '../../../src/model/host.js';
import type { Mode } from '../../../src/model/policy.js';
import { lastValue, UNREAD } from '../../../src/model/reading.js';
import type { Daemon, DaemonOptions, Launch } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { allBut, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';
import { killed, majorityBack, MOST, UNNOTICED_MS } from './etcd-faults.js';

type Sidecars = Readonly<Record<Member, Daemon>>;

/** Their lease in etcd and Patroni's own, one after the other, and an election. */
const BOTH_GONE_MS = 45_000;
const KILLED_MS = 8_000;
const FROZEN_MS = 15_000;

let groups = 0;

/** An instance beside each member, which reaches the container of that member and of one etcd member alone and lends it to whoever holds tenure. */
export function sidecars(lab: Lab, launchWith?: (...folders: readonly string[]) => Launch): void {
  const bench = new LeadershipBench(lab);
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-sidecars-'));
  const urlOf = (member: Member): string => `https://${lab.address}:${8471 + MEMBERS.indexOf(member)}`;
  const each = (name: (member: Member) => string): Record<string, string> =>
    Object.fromEntries(MEMBERS.map((member) => [member, name(member)]));
  const etcdOf = (member: Member): string => member.replace('patroni', 'etcd');
  let issue: ReturnType<typeof authority> | null = null;

  function optionsOf(member: Member, ledger: string, hosts: object = {}): DaemonOptions {
    issue ??= authority(folder, lab.address);
    issue(member);
    const file = (name: string): string => join(folder, name);
    const cluster = {
      dcs: { hosts: lab.etcdHosts, ekimiNamespace: ledger, tenureTtl: '15s' },
      tags: undefined,
      hosts: {
        driver: 'peers',
        members: { [member]: lab.container(member) },
        dcs: { [etcdOf(member)]: lab.container(etcdOf(member)) },
        peers: {
          local: 'docker',
          listen: urlOf(member).replace('https://', ''),
          members: each(urlOf),
          dcs: Object.fromEntries(MEMBERS.map((one) => [etcdOf(one), urlOf(one)])),
          tls: { ca: file('ca.crt'), cert: file(`${member}.crt`), key: file(`${member}.key`) },
        },
        ...hosts,
      },
    };
    const policy = { actions: { ...allBut().actions, 'start-store': { mode: 'auto', cooldown: '1s' } } };
    return { policy, cluster, ledger, ...(launchWith === undefined ? {} : { launch: launchWith(folder) }) };
  }

  /** Three of them, past their grace; tenure is with the one beside this member. */
  async function started(holder: Member): Promise<Sidecars> {
    groups += 1;
    const ledger = `/ekimi-sidecars/${process.pid}-${groups}/`;
    const others = MEMBERS.filter((member) => member !== holder);
    const rest = await Promise.all(
      others.map(async (member) => [member, await bench.prepare(optionsOf(member, ledger))] as const),
    );
    const first = await bench.ready(optionsOf(holder, ledger));
    for (const [, daemon] of rest) await daemon.start();
    await until('every container is seen through whoever stands beside it', 30_000, async () => {
      const { view } = await first.snapshot();
      return view?.members.every(({ host }) => host.kind !== 'unknown') === true;
    });
    expect((await first.snapshot()).tenure.state).toBe('held');
    return Object.fromEntries([[holder, first], ...rest]) as unknown as Sidecars;
  }

  /** Three of them that only look, or may act as well. */
  async function looking(mode: Mode): Promise<Sidecars> {
    groups += 1;
    const ledger = `/ekimi-sidecars/${process.pid}-${groups}/`;
    const rows = MEMBERS.map(async (member) => {
      const options = optionsOf(member, ledger, { dcsData: '/etcd-data' });
      return [member, await bench.prepare({ ...options, policy: { mode } })] as const;
    });
    const all = await Promise.all(rows);
    for (const [, daemon] of all) await daemon.start();
    return Object.fromEntries(all) as unknown as Sidecars;
  }

  /** What the configuration of an instance reads of another member and of the etcd member beside that, through whoever stands there. */
  async function readBy(daemon: Daemon, other: Member) {
    const loaded = loadConfig(daemon.config, { E2E_PGPASSWORD: 'postgres' });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
    const [cluster] = loaded.config.clusters;
    if (cluster === undefined) throw new Error(`no cluster in ${daemon.config}`);
    const { host, dcs, patroni, postgres } = portsOf(cluster);
    try {
      return {
        control: await host?.controldata?.(memberHost(other)),
        store: await host?.storeData?.(storeHost(etcdOf(other))),
        asides: await host?.listAside?.(memberHost(other)),
      };
    } finally {
      await Promise.all([host?.close(), dcs.close(), patroni.close(), postgres?.close()]);
    }
  }

  const doneFor = (daemon: Daemon): readonly string[] =>
    [...daemon.log.matchAll(/"verb":"(\w+)","target":"(\w+)".*"msg":"done for a peer"/g)].map(
      ([, verb, target]) => `${verb} ${target}`,
    );

  /** What it asked for since then, when, and what came of it. */
  async function asked(daemon: Daemon, sinceMs: number): Promise<string> {
    const outcomes = await daemon.bodies('outcome');
    const rows = (await daemon.entries('intent')).map(({ atMs, body }) => {
      const { reply } = outcomes.find(({ id, step }) => id === body.id && step === body.step) ?? {};
      return `${body.request} after ${seconds(atMs - sinceMs)} (${reply === undefined ? 'no answer' : JSON.stringify(reply)})`;
    });
    return rows.join(', ') || 'nothing';
  }

  async function holderNow(all: readonly Daemon[]): Promise<Daemon> {
    return until('one of them has tenure', 40_000, async () => {
      for (const daemon of all) if ((await daemon.snapshot()).tenure.state === 'held') return daemon;
      return null;
    });
  }

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  describe('an instance beside each member, and all is well', () => {
    afterEach(bench.restored);

    test.each<Mode>(['dry-run', 'enforce'])(
      "in %s: each reads the control file, etcd's data and what lies aside of every other, through whoever stands beside it",
      async (mode) => {
        const all = await looking(mode);
        for (const reader of MEMBERS) {
          // Whoever was not there yet at the first try is asked again after a minute.
          const view = await until(`${reader} lists what lies aside of each member`, 120_000, async () => {
            const seen = (await all[reader].snapshot()).view;
            const isListed = (member: Member) => lastValue(seen?.asides?.[member] ?? UNREAD) !== null;
            return seen !== null && MEMBERS.every(isListed) ? seen : null;
          });
          const { systemIdentifier } = lastValue(view.dcs.keys) ?? {};
          for (const other of MEMBERS.filter((member) => member !== reader)) {
            let told: Awaited<ReturnType<typeof readBy>> | null = null;
            // A control file that is written in this moment is not believed.
            const isRead = async (): Promise<boolean> => {
              told = await readBy(all[reader], other);
              return Object.values(told).every((reading) => reading?.kind === 'fresh');
            };
            await until(`${reader} reads the data of ${other}`, 60_000, isRead, () => told);
            expect(told).toMatchObject({
              control: { value: { systemIdentifier } },
              store: { value: { holds: 'member', whyNotAside: null } },
            });
          }
        }
        for (const member of MEMBERS) expect(doneFor(all[member])).toEqual([]);
        console.info(`Patroni ${lab.patroni}, sidecars in ${mode}: each read the data directories of both others`);
      },
    );
  });

  describe('an instance beside each member, and the leader is killed', () => {
    afterEach(bench.restored);

    test('tenure beside a replica: another leads within seconds, and the dead one is started by whoever stands beside it', async () => {
      const [leader, [beside]] = [await lab.leader(), await lab.replicas()];
      const all = await started(beside);
      const { writer, watch } = await bench.witnesses();
      const { timeline } = writer;
      const faultAtMs = Date.now();
      await lab.fault('kill', leader);
      const byMs = Date.now();
      await bench.otherLeader(leader);
      await until('writes flow again', 20_000, () => writer.flowsSince(faultAtMs + 2_000));
      const outageMs = writer.longestGapMs;
      expect((await all[beside].verdict('start-member', 90_000)).body.remediation.phase).toBe('succeeded');
      await watch.expectNeverDoubled();
      const loss = await writer.lossAfter({ timeline, byMs, received: watch.receivedFrom(leader) });
      expect(loss.unexcused).toEqual([]);
      expect(doneFor(all[leader])).toEqual([`start ${leader}`]);
      for (const member of MEMBERS) if (member !== beside) expect(await sent(all[member])).toEqual([]);
      console.info(`Patroni ${lab.patroni}, sidecars, leader killed: ${seconds(outageMs)} without a write`);
      expect(outageMs).toBeLessThan(KILLED_MS);
    });

    test('tenure beside it, and that instance dies with it: nothing proves its death, Patroni replaces it as without us, and it is started once its instance is back', async () => {
      const leader = await lab.leader();
      const all = await started(leader);
      const { writer, watch } = await bench.witnesses();
      const faultAtMs = Date.now();
      await Promise.all([lab.fault('kill', leader), all[leader].kill()]);
      await bench.otherLeader(leader);
      await until('writes flow again', 30_000, () => writer.flowsSince(faultAtMs + 2_000));
      const outageMs = writer.longestGapMs;
      const left = MEMBERS.filter((member) => member !== leader).map((member) => all[member]);
      const holder = await holderNow(left);
      await passSeconds(5);
      expect(await sent(holder)).not.toContain(`host start ${leader}`);
      expect((await sent(holder)).filter((text) => text.startsWith('etcd:'))).toEqual([]);
      await all[leader].start();
      expect((await holder.verdict('start-member', 90_000)).body.remediation.phase).toBe('succeeded');
      await watch.expectNeverDoubled();
      console.info(
        `Patroni ${lab.patroni}, sidecars, leader and the instance with tenure beside it killed: ${seconds(outageMs)} without a write`,
      );
      expect(outageMs).toBeLessThan(BOTH_GONE_MS);
    });
  });

  describe('an instance beside each member, and Patroni on the leader is frozen', () => {
    afterEach(bench.restored);

    test('tenure beside a replica: the leader is fenced by whoever stands beside it, before its key expires; never two primaries', async () => {
      const [leader, [beside]] = [await lab.leader(), await lab.replicas()];
      const all = await started(beside);
      const { writer, watch } = await bench.witnesses();
      await lab.fault('freeze', leader);
      expect((await all[beside].verdict('fence-member', 60_000)).body.remediation.phase).toBe('succeeded');
      await bench.otherLeader(leader);
      expect((await all[beside].verdict('open-traffic', 90_000)).body.remediation.phase).toBe('succeeded');
      await watch.expectNeverDoubled();
      expect(doneFor(all[leader])).toEqual([`kill ${leader}`, `start ${leader}`]);
      expect(await writer.lost()).toBe(0);
      console.info(
        `Patroni ${lab.patroni}, sidecars, leader frozen: ${seconds(writer.longestGapMs)} without a write, none of ${writer.acks.length} rows lost`,
      );
      expect(writer.longestGapMs).toBeLessThan(FROZEN_MS);
    });
  });

  describe('an instance beside each member, and two of three etcd members are stopped', () => {
    afterEach(async () => {
      await bench.restored();
      await lab.timed('lab');
    });

    test('each is started by the instance that stands beside it, before Patroni demotes: no client notices', async () => {
      const [leader, [beside]] = [await lab.leader(), await lab.replicas()];
      const all = await started(beside);
      const { writer, watch } = await bench.witnesses();
      await lab.timed('runbook');
      await passSeconds(8);
      const goneAtMs = await killed(lab, MOST);
      const backMs = (await majorityBack(lab)) - goneAtMs;
      await passSeconds(15);
      await watch.expectNeverDoubled();
      const requests = (await Promise.all(MEMBERS.map((member) => sent(all[member])))).flat();
      const told = await Promise.all(MEMBERS.map(async (member) => `${member}: ${await asked(all[member], goneAtMs)}`));
      console.info(
        `Patroni ${lab.patroni}, sidecars, two of three etcd stopped: a majority is back after ${seconds(backMs)}, ${seconds(writer.longestGapMs)} without a write; tenure beside ${beside}; ${told.join('; ')}`,
      );
      expect(await lab.leader()).toBe(leader);
      expect(await writer.lost()).toBe(0);
      expect(requests.length).toBeGreaterThanOrEqual(1);
      for (const request of requests) expect(MOST.map((name) => `host start ${name}`)).toContain(request);
      expect(writer.longestGapMs).toBeLessThan(UNNOTICED_MS);
    });
  });
}
