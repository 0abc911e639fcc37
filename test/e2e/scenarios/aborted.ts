import { afterEach, describe, expect, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { aborting } from '../support/aborting.js';
import { Bench } from '../support/bench.js';
import { bringingBack, ETCDS, WHY } from '../support/brought-back.js';
import { MEMBERS, type Lab } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';

const by = (mode: 'approve' | 'auto', ...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode, cooldown: '1s' }]));
const POLICY = {
  actions: {
    ...by('approve', 'switchover', 'restart-member', 'restart-leader', 'patch-config', 'start-member', 'fence-member'),
    ...by('approve', 'start-first', 'start-store', 'stop-without-etcd', 'move-store-aside'),
    ...by('auto', 'proxy-nudge'),
  },
};
const CONNECTIONS = 'postgresql.parameters.max_connections';

/** A procedure is ended by a person in its middle: it says what it leaves and how to go on, sends nothing more, and ends well when it is begun anew. */
export function aborted(lab: Lab): void {
  describe('ended in the middle by a person', { timeout: 600_000 }, () => {
    const bench = new Bench(lab);
    const { kill, seen, dataLost } = bringingBack(lab, bench);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    async function ready() {
      const daemon = await bench.start({ policy: POLICY });
      await daemon.readyToAct(60_000);
      const writer = await bench.writing();
      await passSeconds(2);
      return { daemon, writer, ...aborting(lab, daemon) };
    }

    test('a rolling restart: whoever was not restarted is named, and a new one restarts everybody', async () => {
      const { writer, begin, abort, succeeds, expectNothingHeld, nothingLost } = await ready();
      const leader = await lab.leader();
      const told = await abort(await begin('rolling-restart'));
      expect(told).toMatch(/^not restarted: .*; patroni\d leads; to go on: ekimi run-procedure rolling-restart, /);
      await expectNothingHeld();
      await succeeds(await begin('rolling-restart'));
      expect(await lab.leader()).not.toBe(leader);
      await nothingLost(writer, 'rolling-restart');
    });

    test('a change of max_connections: who runs with the old value is named, and the same command goes on', async () => {
      const { writer, begin, abort, succeeds, expectNothingHeld, nothingLost } = await ready();
      const inForce = (): Promise<readonly string[]> =>
        Promise.all(
          MEMBERS.map(async (member) =>
            String((await lab.sql(member, 'SHOW max_connections'))[0]?.['max_connections']),
          ),
        );
      const value = String(Number((await inForce())[0]) + 30);
      const set = ['--set', `${CONNECTIONS}=${value}`];
      const told = await abort(await begin('apply-config', ...set));
      expect(told).toContain(`; to go on: ekimi run-procedure apply-config ${set.join(' ')}`);
      await expectNothingHeld();
      await succeeds(await begin('apply-config', ...set));
      expect(await inForce()).toEqual(MEMBERS.map(() => value));
      await nothingLost(writer, 'apply-config');
    });

    test('a switchover is one request: it is not ended, and the refusal says what is taken back instead', async () => {
      const { daemon, writer, nothingLost } = await ready();
      const [candidate] = await lab.replicas();
      const asked = daemon.cli('run-procedure', 'switchover', '--candidate', candidate, ...WHY);
      const [{ id }] = await until('it is sent', 60_000, async () => {
        const [first] = await daemon.requests();
        return first === undefined ? null : ([first] as const);
      });
      const ran = await daemon.cli('procedures', 'abort', id, ...WHY);
      expect(ran.exit).not.toBe(0);
      expect(ran.err).toContain('cancel-switchover');
      console.info(ran.err);
      expect(await asked).toMatchObject({ exit: 0 });
      expect(await lab.leader()).toBe(candidate);
      await nothingLost(writer, 'switchover');
    });

    test('the return of an old leader: it is started and nothing else, and what is left goes on or has come by itself', async () => {
      const { daemon, writer, begin, abort, succeeds, expectNothingHeld, nothingLost } = await ready();
      const old = await lab.leader();
      await kill(old);
      await until('another leader', 90_000, async () => {
        const led = await lab.leaderKey();
        return led !== null && led !== old;
      });
      await passSeconds(10);
      const told = await abort(await begin('after-failover'));
      expect(told).toMatch(new RegExp(`^${old} (follows|does not follow yet); what it holds is where it was`));
      const anew = await daemon.cli('run-procedure', 'after-failover', old, ...WHY);
      if (anew.exit === 0) await succeeds((await daemon.bodies('procedure-run')).at(-1)?.run.id ?? '');
      else expect(anew.err).toContain('there is nothing to do');
      await lab.settled();
      // The proxy may have been told of the new leader beside it.
      const sent = (await daemon.requests()).map(({ request }) => request);
      expect(sent.filter((request) => !request.startsWith('haproxy> '))).toEqual([`host start ${old}`]);
      await expectNothingHeld();
      await nothingLost(writer, 'after-failover');
    });

    test('the return of two members of which one is cut off: the other is started, and a new run waits for the link', async () => {
      const { daemon, writer, begin, sent, abort, succeeds, expectNothingHeld, nothingLost } = await ready();
      const [stopped, cut] = await lab.replicas();
      await kill(stopped);
      await lab.fault('partition', cut, 'all');
      await seen(daemon, stopped);
      const id = await begin('recover-partition');
      await sent(id, 'start-member');
      const told = await abort(id);
      expect(told).toContain(`${cut}: its API does not answer us`);
      expect(told).toContain('to go on: ekimi run-procedure recover-partition');
      const anew = await begin('recover-partition');
      await passSeconds(3);
      await lab.heal('partition', cut);
      await succeeds(anew);
      await lab.settled();
      await expectNothingHeld();
      await nothingLost(writer, 'recover-partition');
    });

    test('etcd without a majority: one member is started and the other is not, and a new run starts it', async () => {
      const { daemon, writer, begin, abort, succeeds, expectNothingHeld, nothingLost } = await ready();
      const stopped = ETCDS.slice(0, 2);
      await kill(...stopped);
      await seen(daemon, ...stopped);
      const told = await abort(await begin('recover-dcs'));
      expect(told).toContain('to go on: ekimi run-procedure recover-dcs');
      expect((await daemon.requests()).length).toBeLessThanOrEqual(1);
      await succeeds(await begin('recover-dcs'));
      await expectNothingHeld();
      await nothingLost(writer, 'recover-dcs');
    });

    test('etcd without its data: one member was stopped, nothing new was begun, and a new run begins it', async () => {
      const { daemon, writer, begin, sent, changed, abort, succeeds, expectNothingHeld, nothingLost } = await ready();
      const leader = await lab.leader();
      const agreed = async (id: string): Promise<void> => {
        await changed(id, 'held', 30_000);
        const [, mark = ''] = /--seen (\S+)/.exec((await daemon.cli('procedures')).out) ?? [];
        const ran = await daemon.cli('procedures', 'continue', id, '--seen', mark, ...WHY);
        expect(ran).toMatchObject({ exit: 0, err: '' });
      };
      await kill(...ETCDS);
      await dataLost(...ETCDS);
      await seen(daemon, ...ETCDS);
      const id = await begin('reseed-dcs');
      await agreed(id);
      await sent(id, 'stop-without-etcd');
      const told = await abort(id);
      expect(told).toMatch(/nobody leads; stopped: patroni\d(, patroni\d)?; to go on: ekimi run-procedure reseed-dcs$/);
      for (const name of ETCDS)
        expect((await lab.docker('inspect', '-f', '{{.State.Running}}', lab.container(name))).trim()).toBe('false');
      const anew = await begin('reseed-dcs');
      await agreed(anew);
      await succeeds(anew);
      expect(await lab.leader()).toBe(leader);
      await expectNothingHeld();
      await nothingLost(writer, 'reseed-dcs');
    });
  });
}
