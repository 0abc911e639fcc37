import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { Bench } from '../support/bench.js';
import type { Daemon } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';
import type { Writer } from '../support/writer.js';

const by = (...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode: 'approve', cooldown: '1s' }]));
const REASON = ['--reason', 'wrong pages'] as const;

/** `postgres` of the configuration, with a `pg_amcheck` that runs in the container of the member that it is sent to: there it has the right version. */
async function checkedBy(lab: Lab): Promise<Readonly<Record<string, unknown>>> {
  const members = Object.fromEntries(MEMBERS.map((member) => [member, lab.sqlAddress(member)]));
  const cases = MEMBERS.map((member) => `${members[member]!.split(':').at(-1)}) at=${lab.container(member)};;`);
  const folder = await mkdtemp(join(tmpdir(), 'amcheck-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, 'pg_amcheck');
  const script = [
    '#!/bin/sh',
    `case $PGPORT in ${cases.join(' ')} esac`,
    'exec docker exec -e PGHOST=127.0.0.1 -e PGPORT=5432 -e PGUSER -e PGPASSWORD -e PGAPPNAME -e PGOPTIONS -e PGSSLMODE -e LC_ALL "$at" \\',
    `  sh -c 'exec /usr/lib/postgresql/*/bin/pg_amcheck "$@"' pg_amcheck "$@"`,
  ];
  await writeFile(program, `${script.join('\n')}\n`, { mode: 0o755 });
  return { members, user: 'postgres', passwordEnv: 'E2E_PGPASSWORD', check: { program } };
}

/** A page of a member is overwritten: found by its checksum, the member rebuilt beside its old directory, under a writer. */
export function corrupted(lab: Lab): void {
  describe('a member whose pages are wrong', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    const ready = async () => {
      const actions = by(
        ...(['switchover', 'close-servers', 'stop-member', 'move-aside', 'remove-aside'] as const),
        ...(['begin-copy', 'open-servers'] as const),
      );
      const daemon = await bench.start({ policy: { actions } });
      await daemon.readyToAct(60_000);
      return daemon;
    };
    const found = (daemon: Daemon, member: Member): Promise<unknown> =>
      until(`data-corruption of ${member}`, 60_000, async () =>
        (await daemon.snapshot()).states?.problems.some(
          ({ code, subject, phase }) => code === 'data-corruption' && subject === member && phase === 'active',
        ),
      );
    const ended = (daemon: Daemon, name: string, how: string): Promise<unknown> =>
      until(`${name} ${how}`, 300_000, async () =>
        (await daemon.bodies('procedure-run')).some(({ change, run }) => change === how && run.name === name),
      );
    /** The old directory by its path; its control file is read there. */
    const kept = async (daemon: Daemon, member: Member): Promise<string> => {
      const reading = (await daemon.snapshot()).view?.asides?.[member];
      const [row, ...others] = reading?.kind === 'unknown' ? [] : (reading?.value ?? []);
      expect(others).toEqual([]);
      const path = row?.path ?? '';
      const script = `/usr/lib/postgresql/*/bin/pg_controldata -D ${path}`;
      const told = await lab.docker('exec', '-u', 'postgres', lab.container(member), 'sh', '-c', script);
      expect(told).toContain('Database system identifier');
      console.info(`Patroni ${lab.patroni}: ${path} of ${member}, ${row?.bytes ?? 'unknown'} bytes, is readable`);
      return path;
    };
    const nothingLost = async (writer: Writer, what: string): Promise<void> => {
      await until('writes go on', 60_000, () => writer.flowsSince(Date.now() - 5_000));
      const lost = await writer.lost();
      console.info(
        `Patroni ${lab.patroni}, ${what}: ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost`,
      );
      expect(lost).toBe(0);
    };

    test('of a replica: the run ended in the middle leaves a directory that is readable, and add-replica goes on', async () => {
      const daemon = await ready();
      const [member] = await lab.replicas();
      await lab.fault('corrupt', member);
      await found(daemon, member);
      const writer = await bench.writing();
      const planned = await daemon.cli('run-procedure', 'rebuild-member', member, '--plan');
      console.info(planned.out);
      expect(planned).toMatchObject({ exit: 0, err: '' });
      await until(
        'it is begun',
        60_000,
        async () => (await daemon.cli('run-procedure', 'rebuild-member', member, ...REASON)).exit === 0,
      );
      await daemon.verdict('move-aside', 240_000);
      const [begun] = await daemon.bodies('procedure-run');
      const aborted = await daemon.cli('procedures', 'abort', begun!.run.id, ...REASON);
      expect(aborted).toMatchObject({ exit: 0 });
      await ended(daemon, 'rebuild-member', 'aborted');
      console.info((await daemon.bodies('procedure-run')).at(-1)?.run.detail);
      await until(
        'add-replica is begun, or it streams',
        120_000,
        async () => (await daemon.cli('run-procedure', 'add-replica', member, ...REASON)).exit === 0,
      );
      await ended(daemon, 'add-replica', 'succeeded');
      await kept(daemon, member);
      expect(await lab.sql(member, 'SELECT count(*)::int AS rows FROM lab_corrupt')).toEqual([{ rows: 10_000 }]);
      await nothingLost(writer, 'rebuild-member of a replica, ended in the middle');
    });

    test('that nobody reads: pg_amcheck finds it on a replica, rebuild-member is proposed, and nothing is sent', async () => {
      await lab.sql(await lab.leader(), 'CREATE EXTENSION IF NOT EXISTS amcheck');
      const daemon = await bench.start({
        policy: { procedures: { 'rebuild-member': { mode: 'approve', window: 'any' } } },
        cluster: { postgres: await checkedBy(lab) },
      });
      await daemon.readyToAct(60_000);
      const [member] = await lab.replicas();
      const sound = await daemon.cli('check-data', member, '--database', 'postgres');
      expect(sound).toMatchObject({ exit: 0 });
      await lab.fault('corrupt-unread', member);
      await until('it streams again', 60_000, async () => (await lab.replicas()).includes(member));
      await passSeconds(5);
      expect((await daemon.snapshot()).states?.problems.map(({ code }) => code)).not.toContain('data-corruption');
      const checked = await daemon.cli('check-data', member, '--database', 'postgres');
      console.info(checked.out);
      expect(checked).toMatchObject({ exit: 1 });
      expect(checked.out).toContain('table postgres.public.lab_corrupt, block 0');
      await found(daemon, member);
      console.info((await daemon.cli('why', 'data-corruption')).out);
      await until('rebuild-member is proposed', 60_000, async () =>
        (await daemon.bodies('procedure-run')).some(
          ({ run }) => run.name === 'rebuild-member' && run.proposed?.subject === member,
        ),
      );
      expect(await daemon.requestsNotRefused()).toEqual([]);
    });

    test('of the leader: led elsewhere, rebuilt beside its old directory, which a person deletes in the end', async () => {
      const daemon = await ready();
      const member = await lab.leader();
      await lab.fault('corrupt', member);
      await found(daemon, member);
      const writer = await bench.writing();
      await passSeconds(2);
      let refused = '';
      await until(
        'it is begun',
        60_000,
        async () => {
          const asked = await daemon.cli('run-procedure', 'rebuild-member', member, ...REASON);
          refused = asked.err;
          return asked.exit === 0;
        },
        () => refused,
      );
      await ended(daemon, 'rebuild-member', 'succeeded');
      console.info((await daemon.bodies('procedure-run')).at(-1)?.run.detail);
      expect(await lab.leader()).not.toBe(member);
      const path = await kept(daemon, member);
      expect(await lab.sql(member, 'SELECT count(*)::int AS rows FROM lab_corrupt')).toEqual([{ rows: 10_000 }]);
      await nothingLost(writer, 'rebuild-member of the leader');
      const directory = `directory=${path.split('/').at(-1) ?? ''}`;
      const args = ['remove-aside', member, '--set', directory, ...REASON];
      await until('it is deleted', 60_000, async () => (await daemon.cli('run-procedure', ...args)).exit === 0);
      expect((await daemon.verdict('remove-aside', 60_000)).body.remediation.phase).toBe('succeeded');
    });
  });
}
