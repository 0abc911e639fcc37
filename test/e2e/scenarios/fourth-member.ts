import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Client } from 'pg';
import { parse, stringify } from 'yaml';
import type { RunOverview } from '../../../src/api/run-overview.js';
import type { ActionName } from '../../../src/model/plan.js';
import { aborting } from '../support/aborting.js';
import { Bench } from '../support/bench.js';
import { SCOPE, type Daemon } from '../support/daemon.js';
import type { Lab } from '../support/lab.js';
import { serversOf, type ProxyServer } from '../support/proxies.js';
import { passSeconds, until } from '../support/wait.js';

const by = (...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode: 'approve', cooldown: '1s' }]));
const POLICY = { actions: by('begin-copy', 'open-servers', 'close-servers', 'stop-member', 'switchover') };
const FOURTH = 'patroni4';
const POOLS = ['postgres_primary', 'postgres_replicas'];
/** So much more is copied, for a copy that takes some passes. */
const MORE_MB = 200;
/** A member that the cluster never had is added and removed again, each ended once in its middle, under a writer. */
export function fourthMember(lab: Lab): void {
  describe('a fourth member', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.script('fourth', '--remove');
      await until('nothing of it is left', 60_000, async () => (await slots()).length === 2);
      await lab.restore();
    });

    const slots = async (): Promise<readonly unknown[]> =>
      (await lab.sql(await lab.leader(), 'SELECT slot_name AS name FROM pg_replication_slots')).map(({ name }) => name);
    const servers = async (): Promise<readonly ProxyServer[]> =>
      (await serversOf(`http://${lab.address}:7000/stats;csv`, [FOURTH])).filter(({ backend }) =>
        POOLS.includes(backend),
      );
    const configured = (name: string, value: unknown): Promise<unknown> =>
      lab
        .leader()
        .then((leader) =>
          fetch(`${lab.apiUrl(leader)}/config`, { method: 'PATCH', body: JSON.stringify({ [name]: value }) }),
        );

    /** A session through the read pool that is on it. */
    async function readerOnIt(): Promise<Client> {
      for (let tries = 0; tries < 30; tries += 1) {
        const client = lab.client(5001);
        await client.connect();
        const { rows } = await client.query<{ address: string }>('SELECT host(inet_server_addr()) AS address');
        if (rows[0]?.address.endsWith('.24') === true) return client;
        await client.end();
      }
      throw new Error(`30 connections through port 5001 and none of them on ${FOURTH}`);
    }

    /** Of the run that is under way, as every screen has it. */
    async function progress(daemon: Daemon) {
      const answer = await fetch(`${daemon.url}/v1/clusters/${SCOPE}/runs`);
      const { runs } = (await answer.json()) as { runs: readonly RunOverview[] };
      return runs.find(({ phase }) => phase === 'running')?.watch?.progress ?? null;
    }

    /** In the operator's own file, and SIGHUP: as docs/runbook/add-replica.md has it. */
    const inInventory = async (daemon: Daemon): Promise<void> => {
      await reloaded(daemon, `+ ${FOURTH}`, ({ patroni, postgres, hosts }) => {
        patroni.members[FOURTH] = `http://${lab.address}:8011`;
        postgres.members[FOURTH] = `${lab.address}:5435`;
        hosts.members[FOURTH] = lab.container(FOURTH);
      });
      await daemon.readyToAct(90_000);
    };

    /** Out of it again, as docs/runbook/remove-member.md has it. */
    const outOfInventory = (daemon: Daemon): Promise<void> =>
      reloaded(daemon, `- ${FOURTH}`, (parts) => {
        for (const { members } of Object.values(parts)) Reflect.deleteProperty(members, FOURTH);
      });

    type Parts = Record<'patroni' | 'postgres' | 'hosts', { members: Record<string, string> }>;

    /** The process goes on, tells it in the journal, and has none of its former connections. */
    async function reloaded(daemon: Daemon, change: string, edit: (parts: Parts) => void): Promise<void> {
      const file = parse(await readFile(daemon.config, 'utf8')) as { clusters: [Parts] };
      const [{ patroni, postgres, hosts }] = file.clusters;
      edit({ patroni, postgres, hosts });
      await writeFile(daemon.config, stringify(file));
      const { pid } = daemon;
      const former = await daemon.connections();
      expect(former).not.toEqual([]);
      daemon.signal('SIGHUP');
      await until(`the journal has members: ${change}`, 30_000, async () =>
        (await daemon.cli('journal', 'list', '--kind', 'start')).out.includes(`members: ${change}`),
      );
      expect((await daemon.connections()).filter((inode) => former.includes(inode))).toEqual([]);
      expect(daemon.pid).toBe(pid);
    }

    const NAME = 'added under progress and removed without a trace, each ended once in its middle';
    test(NAME, { timeout: 600_000 }, async () => {
      const daemon = await bench.start({ policy: POLICY });
      await daemon.readyToAct(60_000);
      const { begin, sent, changed, abort, succeeds, expectNothingHeld, nothingLost } = aborting(lab, daemon);
      const more = `CREATE TABLE e2e_fourth AS SELECT repeat(md5(i::text), 32) AS t FROM generate_series(1, ${MORE_MB * 1024}) i`;
      await lab.sql(await lab.leader(), more, 60_000);
      await configured('member_slots_ttl', 10);
      const writer = await bench.writing();
      const unknown = await daemon.cli('run-procedure', 'add-replica', FOURTH, '--plan');
      expect(unknown.err).toContain(`${FOURTH} is not configured`);
      await lab.script('fourth');
      await inInventory(daemon);

      const first = await begin('add-replica', FOURTH);
      await until('its copy has begun', 180_000, async () => (await progress(daemon)) !== null);
      const halfAdded = await abort(first);
      expect(halfAdded).toBe(
        `${FOURTH} does not stream yet; what runs is left running; servers of it are closed in a proxy; to go on: ekimi run-procedure add-replica ${FOURTH}`,
      );
      const anew = await begin('add-replica', FOURTH);
      const told = await until('bytes and rate are told', 240_000, async () => {
        const now = await progress(daemon);
        return (now?.doneBytes ?? 0) > 0 && (now?.bytesPerSecond ?? 0) > 0 ? now : null;
      });
      console.info((await daemon.cli('procedures')).out, (await daemon.cli('status')).out);
      expect(told.totalBytes).toBeGreaterThan(MORE_MB * 1024 ** 2);
      await succeeds(anew);
      await until('each pool has it', 30_000, async () =>
        (await servers()).every(({ backend, status }) => (status === 'UP') === (backend === 'postgres_replicas')),
      );
      expect((await daemon.requests()).map(({ request }) => request)).toEqual([
        `host start ${FOURTH}`,
        ...POOLS.toReversed().map((pool) => `haproxy> set server ${pool}/${FOURTH} state ready`),
      ]);
      await expectNothingHeld();

      // Its session is waited for before its servers are closed: that is the middle.
      const reader = await readerOnIt();
      const removal = await begin('remove-member', FOURTH);
      await sent(removal, 'close-servers');
      const halfRemoved = await abort(removal);
      await reader.end().catch(() => undefined);
      expect(halfRemoved).toContain(`${FOURTH} is running`);
      expect(halfRemoved).toContain(
        'servers of it are closed in a proxy; its key is in etcd; its slot is on the leader',
      );
      expect(halfRemoved).toContain(
        `to go on: ekimi run-procedure remove-member ${FOURTH}; back: ekimi run-procedure add-replica ${FOURTH}`,
      );
      await passSeconds(10);
      expect((await servers()).map(({ status }) => status)).toEqual(['MAINT', 'MAINT']);
      const again = await begin('remove-member', FOURTH);
      const { text } = await changed(again, 'succeeded', 240_000);
      expect(text).toContain('take it out of clusters[].patroni.members of ekimi.yaml');
      expect(await slots()).not.toContain(FOURTH);
      const { view } = await daemon.snapshot();
      expect(view?.dcs.keys.kind === 'fresh' ? view.dcs.keys.value.members.map(({ name }) => name) : []).toHaveLength(
        3,
      );
      expect((await servers()).map(({ status }) => status)).toEqual(['MAINT', 'MAINT']);
      await outOfInventory(daemon);
      const members = async () => (await daemon.snapshot()).view?.members.map(({ name }): string => name);
      await until('it is in no view any more', 30_000, async () => (await members())?.includes(FOURTH) === false);
      await nothingLost(writer, 'a fourth member added and removed');
      await lab.sql(await lab.leader(), 'DROP TABLE e2e_fourth');
      await configured('member_slots_ttl', null);
    });
  });
}
