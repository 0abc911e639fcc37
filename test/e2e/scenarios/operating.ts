import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import { policyOf, SCOPE } from '../support/daemon.js';
import type { Lab } from '../support/lab.js';
import { until } from '../support/wait.js';

/** The commands and files of an operator, on a healthy cluster. */
export function anOperatorsDay(lab: Lab): void {
  describe('a healthy cluster', () => {
    const bench = new Bench(lab);
    afterEach(() => bench.clear());

    test('check is OK, doctor finds every channel, plan has nothing to do, status and journal agree, nothing is sent', async () => {
      const policy = { actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };
      const daemon = await bench.start({ policy });
      // A single look knows no grace: what is still settling after the lab came up counts.
      let last = '';
      const check = await until(
        'check is OK',
        40_000,
        async () => {
          const ran = await daemon.cli('check');
          last = ran.out;
          return ran.exit === 0 ? ran : null;
        },
        () => last,
      );
      const doctor = await daemon.cli('doctor');
      const plan = await daemon.cli('plan');
      const status = await daemon.cli('status');
      const config = await daemon.cli('config', 'check');
      expect(check.out).toMatch(/^EKIMI OK - email-cluster /);
      expect(doctor.out).not.toMatch(/\bfail\b/i);
      expect(doctor).toMatchObject({ exit: 0 });
      expect(plan).toMatchObject({ exit: 0 });
      expect(plan.out).not.toContain('haproxy>');
      expect(config).toMatchObject({ exit: 0 });
      expect(status.exit).toBe(0);
      for (const word of ['patroni1', 'patroni2', 'patroni3', await lab.leader()]) expect(status.out).toContain(word);
      expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
      expect(await (await fetch(`${daemon.url}/metrics`)).text()).toContain('ekimi_');
      expect(await daemon.requests()).toEqual([]);

      daemon.signal('SIGTERM');
      expect(await daemon.exited()).toBe(0);
      expect((await daemon.bodies('stop')).length).toBe(1);
      expect((await daemon.cli('journal', 'verify')).exit).toBe(0);
      expect((await daemon.cli('status')).exit).toBe(69);
      const folder = join(daemon.directory, 'journal', SCOPE);
      const [first = ''] = (await readdir(folder)).sort();
      const file = join(folder, first);
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace('"instance":"', '"instance":"x'));
      expect((await daemon.cli('journal', 'verify')).exit).toBe(1);
      // What was spoilt is spoilt for a replay, too.
      await writeFile(file, text);
    });

    test('a half-written policy on SIGHUP changes nothing and is told; a whole one takes effect', async () => {
      const daemon = await bench.start();
      const { policyHash } = await daemon.snapshot();
      await daemon.writePolicy('mode: enforce\nlag: { warning: 1MB, crit');
      daemon.signal('SIGHUP');
      const refused = await until('refused', 10_000, async () => (await daemon.bodies('policy'))[0]);
      expect(refused.change).toBe('refused');
      expect(refused.detail).toContain('policy.yaml');
      const snapshot = await until('told', 10_000, async () => {
        const now = await daemon.snapshot();
        return now.policyError === null ? null : now;
      });
      expect(snapshot.policyError).toContain('policy.yaml');
      expect(snapshot.policyHash).toBe(policyHash);
      expect(daemon.log).toContain('POLICY_REFUSED');
      await daemon.writePolicy(policyOf({ mode: 'observe' }));
      daemon.signal('SIGHUP');
      const taken = await until('taken', 10_000, async () => {
        const now = await daemon.snapshot();
        return now.policy.mode === 'observe' ? now : null;
      });
      expect(taken.policyError).toBeNull();
      const told = await until('both in the journal', 5_000, async () => {
        const changes = (await daemon.bodies('policy')).map((row) => row.change);
        return changes.length === 2 ? changes : null;
      });
      expect(told).toEqual(['refused', 'reloaded']);
    });

    test('a wrong configuration ends with 78 and names file, line and key; no journal is begun', async () => {
      const daemon = await bench.prepare();
      const lines = (await readFile(daemon.config, 'utf8')).trimEnd().split('\n').length;
      await appendFile(daemon.config, 'retires: 3\n');
      const ran = await daemon.cli('run');
      expect(ran.exit).toBe(78);
      expect(ran.err).toContain(`ekimi.yaml:${lines + 1}`);
      expect(ran.err).toContain('retires');
      expect(await daemon.journal()).toEqual([]);
      expect((await daemon.cli('config', 'check')).exit).toBe(78);
    });
  });
}
