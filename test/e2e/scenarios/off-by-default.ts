import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { MEMBERS, type Lab } from '../support/lab.js';
import { LeadershipBench, seconds, sent } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';

const auto = (...names: readonly ActionName[]) => ({
  actions: Object.fromEntries(names.map((name) => [name, { mode: 'auto', cooldown: '1s' }])),
});

const SLOT_MB = 200;
/** Less than a tenth of the lab's 768 MB: short, and not yet full. */
const LEFT_MB = 70;
/** The lab's ttl, 20 s, an election, and HAProxy's checks. */
const REPLACED_MS = 60_000;
/** The lease is missed after up to loop_wait and a second, 5 s of grace, the outlet, an election; and room for a busy machine. */
const POWERLESS_MS = 26_000;

/** A slot that nobody reads is about to fill the volume of the leader's WAL. */
export function forgottenSlot(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('a slot that nobody uses fills the volume of the WAL', () => {
    afterEach(async () => {
      for (const member of MEMBERS) await lab.docker('exec', lab.container(member), 'rm', '-f', ballast);
      await lab.heal('forgotten-slot');
      await bench.restored();
    });

    const ballast = '/var/lib/patroni/lab.ballast';

    test('it is dropped, once, its WAL is given back, and nobody is cut off', { retry: 0 }, async () => {
      const leader = await lab.leader();
      await lab.fault('forgotten-slot', String(SLOT_MB));
      const free = await lab.docker('exec', lab.container(leader), 'df', '-m', '--output=avail', '/var/lib/patroni');
      const take = Number(/\d+/.exec(free)?.[0]) - LEFT_MB;
      await lab.docker('exec', '-u', 'postgres', lab.container(leader), 'fallocate', '-l', `${take}M`, ballast);
      const daemon = await bench.ready({
        policy: { ...auto('drop-inactive-slot'), slots: { retainWarning: '100MB' } },
      });
      const { writer } = await bench.witnesses();
      const ended = await daemon.verdict('drop-inactive-slot', 180_000);
      expect(ended.body.remediation.phase).toBe('succeeded');
      expect(await sent(daemon)).toHaveLength(1);
      const [row] = await lab.sql(
        leader,
        `SELECT coalesce(max(pg_current_wal_lsn() - restart_lsn), 0) AS kept FROM pg_replication_slots WHERE slot_name = 'forgotten'`,
      );
      expect(Number(row?.['kept'])).toBeLessThan(SLOT_MB * 1024 ** 2);
      expect(await writer.lost()).toBe(0);
      console.info(
        `Patroni ${lab.patroni}, a slot that nobody uses: ${(await sent(daemon)).join(', ')}; ${ended.body.remediation.detail}; ${seconds(writer.longestGapMs)} without a write`,
      );
    });
  });
}

/** HAProxy without `on-marked-down`: a client stays on a former leader, and waits for its answer. */
export function sessionsThatStay(lab: Lab): void {
  const bench = new LeadershipBench(lab);
  const config = '/etc/haproxy/haproxy.cfg';

  const restarted = async (edit: string): Promise<void> => {
    await lab.docker('exec', lab.container('haproxy'), 'bash', '-c', edit);
    await lab.docker('restart', '-t', '1', lab.container('haproxy'));
  };

  describe('a proxy that does not cut sessions, and a leader that it does not reach becomes a replica', () => {
    afterEach(async () => {
      await restarted(`cp ${config}.was ${config}`);
      await bench.restored();
    });

    test('a session that stays on it is told and cut, and its client is led to the leader', { retry: 0 }, async () => {
      await restarted(`cp ${config} ${config}.was && sed -i 's/ on-marked-down shutdown-sessions//' ${config}`);
      const old = await lab.leader();
      const client = await until('the proxy sends writes to the leader', 30_000, async () => {
        const one = lab.client(5000);
        await one.connect();
        return one;
      });
      let endedAtMs = 0;
      client.on('end', () => (endedAtMs ||= Date.now()));
      const daemon = await bench.ready({ policy: auto('shut-sessions') });
      // What its PostgreSQL says when it stops does not arrive: the proxy goes on to believe in the session.
      await lab.fault('partition', old, 'proxy');
      await lab.switchover(old);
      await bench.otherLeader(old);
      const ended = await daemon.verdict('shut-sessions', REPLACED_MS);
      expect(ended.body.remediation.phase).toBe('succeeded');
      await until('the client has lost its session', 5_000, () => endedAtMs > 0);
      expect(await sent(daemon)).toEqual([`haproxy> shutdown sessions server postgres_primary/${old}`]);
      const again = lab.client(5000);
      await again.connect();
      const { rows } = await again.query<{ writes: boolean }>('SELECT NOT pg_is_in_recovery() AS writes');
      await again.end();
      expect(rows).toEqual([{ writes: true }]);
      console.info(`Patroni ${lab.patroni}, a session on a former leader: ${ended.body.remediation.detail}`);
    });
  });
}

/** The machine of the leader hangs, and so does its host driver: its power stands for it. */
export function aLeaderWithoutPower(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  /** As an operator has it: a host driver that hangs with its machine, and an outlet that can be switched off. */
  async function scripts(folder: string): Promise<{ readonly host: string; readonly power: string }> {
    const [host, power] = [join(folder, 'host'), join(folder, 'power')];
    const state = `state=$(docker inspect -f '{{.State.Status}}' "$2")`;
    await writeFile(
      host,
      `#!/bin/sh
${state}
[ "$state" != paused ] || exec sleep 600
case $1 in
  status) [ "$state" = running ] || exit 3 ;;
  start) docker start "$2" ;;
  *) docker kill "$2" ;;
esac
`,
    );
    // All of it at once, as without power: where only the first process is killed, the others run for a moment after the thaw and renew a lease.
    await writeFile(
      power,
      `#!/bin/sh
case $1 in
  status) ${state}; case $state in running | paused) ;; exited) exit 3 ;; *) exit 1 ;; esac ;;
  off) docker top "$2" -eo pid | tail -n +2 | xargs -r kill -9; docker kill "$2" ;;
esac
`,
    );
    await Promise.all([host, power].map((file) => chmod(file, 0o755)));
    return { host, power };
  }

  describe('the machine of the leader hangs, and its host driver with it', () => {
    let folder = '';
    afterEach(async () => {
      await bench.restored();
      await rm(folder, { recursive: true, force: true });
    });

    test('its power is cut, another leads, and never are there two primaries', { retry: 0 }, async () => {
      const leader = await lab.leader();
      const each = Object.fromEntries(MEMBERS.map((member) => [member, lab.container(member)]));
      folder = await mkdtemp(join(tmpdir(), 'ekimi-power-'));
      const { host, power } = await scripts(folder);
      const verbs = ['status', 'start', 'stop', 'restart', 'kill'];
      const cluster = {
        hosts: {
          driver: 'command',
          commands: Object.fromEntries(verbs.map((verb) => [verb, [host, verb, '{name}']])),
          members: each,
        },
        power: {
          commands: { status: [power, 'status', '{name}'], off: [power, 'off', '{name}'] },
          members: each,
        },
        tags: undefined,
      };
      const daemon = await bench.ready({
        policy: auto('fence-leader', 'expedite-failover', 'proxy-nudge'),
        cluster,
      });
      const { writer, watch } = await bench.witnesses();
      const { timeline } = writer;
      await passSeconds(2);
      const faultAtMs = Date.now();
      await lab.fault('hang', leader);
      const byMs = Date.now();
      await bench.otherLeader(leader);
      await until('writes flow again', 20_000, () => writer.flowsSince(faultAtMs + 3_000));
      const outageMs = writer.longestGapMs;
      await watch.expectNeverDoubled();
      const loss = await writer.lossAfter({ timeline, byMs, received: watch.receivedFrom(leader) });
      expect(loss.unexcused).toEqual([]);
      const intents = (await daemon.entries('intent')).map(
        ({ atMs, body }) => `${body.request} after ${seconds(atMs - faultAtMs)}`,
      );
      console.info(
        `Patroni ${lab.patroni}, the leader's machine and its host driver hang: ${seconds(outageMs)} without a write; ${intents.join(', ')}`,
      );
      expect((await sent(daemon)).filter((text) => text.startsWith('power'))).toHaveLength(1);
      expect(outageMs).toBeLessThan(POWERLESS_MS);
    });
  });
}
