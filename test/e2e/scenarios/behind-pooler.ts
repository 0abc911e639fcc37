import { afterEach, describe, expect, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { Bench } from '../support/bench.js';
import { MEMBERS, type Lab } from '../support/lab.js';
import { Pgbench } from '../support/pgbench.js';
import { passSeconds, until } from '../support/wait.js';

const by = (mode: 'approve' | 'auto', ...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode, cooldown: '1s' }]));
const POLICY = {
  actions: {
    ...by('approve', 'switchover', 'restart-member', 'restart-leader', 'patch-config', 'stop-member', 'start-member'),
    ...by('auto', 'proxy-nudge', 'resume-pooler'),
  },
};
const REASON = ['--reason', 'maintenance'] as const;
const CONNECTIONS = 'postgresql.parameters.max_connections';
/**
 * What a client may wait for its answer in a change of leader that was planned: the pause, the pooler's next try (`server_login_retry`), and a busy
 * machine. What it does wait is a figure of docs/outage.md.
 */
const LONGEST_MS = 6_000;
/** PostgreSQL's own fast shutdown, waited for; after 1 s Patroni goes on by itself. */
const STOPS_AT_ONCE = '/usr/lib/postgresql/bin/pg_ctl -D /var/lib/patroni/data -m fast -w -t 1 stop';
/** ttl and loop_wait of the lab: so long after a change of leader nothing of ours moves it again. */
const SETTLED_S = 32;

/** For a lab with PgBouncer in front of HAProxy: what a person starts costs its clients a wait, and no statement. */
export function behindPooler(lab: Lab): void {
  describe('behind PgBouncer, in transaction mode', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    const ready = async () => {
      const poolers = {
        bouncer: { address: `tcp://${lab.address}:6432`, user: 'ekimi', passwordEnv: 'E2E_POOLER_PASSWORD' },
      };
      const daemon = await bench.start({ policy: POLICY, cluster: { poolers } });
      await daemon.readyToAct();
      return daemon;
    };

    /** Started under pgbench, and seen to its end while pgbench runs. */
    const under = async (seconds: number, ...args: readonly string[]) => {
      const daemon = await ready();
      const clients = await Pgbench.through(lab, seconds);
      await passSeconds(3);
      const startedMs = Date.now();
      expect(await daemon.cli('run-procedure', ...args, ...REASON)).toMatchObject({ exit: 0, err: '' });
      const isEnd = (change: string): boolean => change === 'succeeded' || change === 'held';
      if (args[0] !== 'switchover')
        await until(`the end of ${args[0] ?? ''}`, seconds * 1000, async () =>
          (await daemon.bodies('procedure-run')).some(({ change }) => isEnd(change)),
        );
      const tookS = (Date.now() - startedMs) / 1000;
      expect(clients.isRunning, 'pgbench saw all of it').toBe(true);
      const figures = await clients.figures();
      console.info(
        `Patroni ${lab.patroni}, ${args.join(' ')} behind PgBouncer: ${tookS.toFixed(0)} s, ${figures.done} statements, ${figures.failed} failed, longest wait ${(figures.longestMs / 1000).toFixed(2)} s; ${(await daemon.requestsNotRefused()).map(({ request }) => request).join(', ')}`,
      );
      const ends = (await daemon.bodies('procedure-run')).filter(({ change }) => isEnd(change));
      expect(
        ends.map(({ change, run }) => `${change} ${run.detail}`).filter((text) => !text.startsWith('succeeded')),
      ).toEqual([]);
      return figures;
    };

    const handsOver = async (): Promise<void> => {
      const old = await lab.leader();
      const { done, failed, aborted, longestMs } = await under(25, 'switchover');
      expect(await lab.leader()).not.toBe(old);
      expect([failed, aborted]).toEqual([0, []]);
      expect(done).toBeGreaterThan(1_000);
      expect(longestMs).toBeLessThan(LONGEST_MS);
    };

    test('a switchover: no statement fails, and none waits for long', async () => {
      await handsOver();
      await passSeconds(SETTLED_S);
    });

    // Patroni 3.0 has no such setting, and waits a second for a PostgreSQL that has ended. [docs/runbook/switchover.md]
    test.runIf(lab.patroni === '4.1')('a switchover with before_stop: the wait is shorter by that second', async () => {
      await lab.configured({ postgresql: { before_stop: STOPS_AT_ONCE } });
      try {
        await handsOver();
      } finally {
        await lab.configured({ postgresql: { before_stop: null } });
      }
      await passSeconds(SETTLED_S);
    });

    test('a rolling restart: no statement fails', async () => {
      const began = () =>
        Promise.all(MEMBERS.map(async (member) => (await lab.get(member, '/patroni')).body['postmaster_start_time']));
      const before = await began();
      const { failed, aborted } = await under(90, 'rolling-restart');
      const after = await began();
      expect(after.filter((moment, at) => moment === before[at])).toEqual([]);
      expect([failed, aborted]).toEqual([0, []]);
      await passSeconds(SETTLED_S);
    });

    test('max_connections raised: every member has it, no statement fails', async () => {
      const inForce = async (member: (typeof MEMBERS)[number]) =>
        Number((await lab.sql(member, 'SHOW max_connections'))[0]?.['max_connections']);
      const value = (await inForce('patroni1')) + 20;
      const { failed, aborted } = await under(100, 'apply-config', '--set', `${CONNECTIONS}=${value}`);
      expect(await Promise.all(MEMBERS.map(inForce))).toEqual(MEMBERS.map(() => value));
      expect([failed, aborted]).toEqual([0, []]);
      await passSeconds(SETTLED_S);
    });

    test('a rolling restart of Patroni itself, by the host driver: every container anew, no statement fails', async () => {
      const began = () =>
        Promise.all(
          MEMBERS.map((name) => lab.docker('inspect', '--format', '{{.State.StartedAt}}', lab.container(name))),
        );
      const before = await began();
      const { failed, aborted } = await under(150, 'rolling-restart', '--set', 'what=patroni');
      const after = await began();
      expect(after.filter((moment, at) => moment === before[at])).toEqual([]);
      expect([failed, aborted]).toEqual([0, []]);
    });
  });
}
