import { readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { stringify } from 'yaml';
import { afterEach, describe, expect, test } from 'vitest';
import { policyOf, SCOPE, type Daemon } from '../support/daemon.js';
import { moveJournal, PagerStandIn, VetoStandIn } from '../support/heard.js';
import type { Lab } from '../support/lab.js';
import { LeadershipBench } from '../support/leadership.js';
import { until } from '../support/wait.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const PHONE = { width: 390, height: 844 };
const DAY_MS = 86_400_000;
/** Of the first sight, as the incident counts it. */
const PAGED_WITHIN_MS = 5_000;

const ASKING = {
  actions: { 'expedite-failover': { mode: 'approve' }, 'start-member': { mode: 'auto', cooldown: '1s' } },
};

const FREE = {
  actions: { 'expedite-failover': { mode: 'auto' }, 'start-member': { mode: 'auto', cooldown: '1s' } },
};
/** Less than what is left of a lease of 30 s, by whose end Patroni elects by itself. */
const VETO_S = 6;

/** One night: called, approved from a phone, over, reported, and found again a day later. */
export function heard(lab: Lab): void {
  const bench = new LeadershipBench(lab);
  let browser: Browser | null = null;
  let pager: PagerStandIn | null = null;

  const phone = async (daemon: Daemon): Promise<Page> => {
    browser ??= await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
    const page = await browser.newPage({ viewport: PHONE });
    await page.goto(`${daemon.url}/#/${SCOPE}`);
    return page;
  };

  describe.skipIf(!existsSync(CHROMIUM))('a leader is killed at night, and the policy says approve', () => {
    afterEach(async () => {
      await browser?.close();
      browser = null;
      await bench.restored();
      pager?.close();
      await lab.timed('lab');
    });

    test('PagerDuty calls within 5 s, a person approves on a phone, it is resolved, reported, and found a day later', async () => {
      await lab.timed('runbook');
      pager = await PagerStandIn.open();
      const { events } = pager;
      const daemon = await bench.prepare({ policy: ASKING });
      await writeFile(join(daemon.directory, 'pager.key'), 'R0\n');
      const notifications = { pagerduty: { pager: { routingKeyFile: './pager.key', url: pager.url } } };
      await daemon.appendConfig(stringify({ notifications }));
      await daemon.start();
      await daemon.readyToAct();
      const page = await phone(daemon);
      await page.locator('.live.live').waitFor();

      const leader = await lab.leader();
      await lab.docker('kill', lab.container(leader));
      const call = await until('PagerDuty is triggered', 20_000, () =>
        events.find(({ event_action }) => event_action === 'trigger'),
      );
      const [incident] = (await daemon.bodies('incident')).filter(({ change }) => change === 'opened');
      expect(incident?.of.cause).toBe('leader-down');
      const seenMs = incident?.of.openedAtMs ?? 0;
      expect(call.atMs - seenMs).toBeLessThan(PAGED_WITHIN_MS);
      expect(call.payload?.summary).toMatch(/leader-down.*ekimi approve \S+ --reason/);

      await page.getByRole('button', { name: 'Approve…' }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason').fill('it is dead');
      await dialog
        .getByLabel('Token')
        .fill((await readFile(join(daemon.directory, 'journal/api-token'), 'utf8')).trim());
      await dialog.getByRole('button', { name: 'Approve' }).click();
      await dialog.waitFor({ state: 'detached' });
      const verdict = await daemon.verdict('expedite-failover', 60_000);
      expect(verdict.body.remediation.phase).toBe('succeeded');
      expect(await bench.otherLeader(leader)).not.toBe(leader);
      const end = await until('PagerDuty is resolved', 180_000, () =>
        events.find(({ event_action }) => event_action === 'resolve'),
      );
      expect(end.dedup_key).toBe(call.dedup_key);

      const report = await daemon.cli('report', '--since', '1h');
      expect(report.exit).toBe(0);
      expect(report.out).toMatch(/leader-down +1 /);
      expect(report.out).toMatch(/expedite-failover +succeeded +1/);
      await page.close();
      await daemon.stop();

      const next = await bench.prepare({ policy: policyOf({ mode: 'observe' }) });
      await moveJournal(join(daemon.directory, 'journal', SCOPE), join(next.directory, 'journal', SCOPE), -DAY_MS);
      await next.start();
      const later = await phone(next);
      await later.getByRole('button', { name: '7 d' }).click();
      const slider = later.getByRole('slider', { name: 'Moment that the page shows' });
      const share = (Date.now() - (call.atMs - DAY_MS)) / (7 * DAY_MS);
      await slider.fill(String(Math.ceil(1000 - 1000 * share)));
      await later.locator('#past').waitFor();
      // A step of the slider is 10 min of these 7 days: from the first one behind the call back from one recorded pass to the one before.
      const found = async (): Promise<boolean> => /leader[- ]down/i.test(await later.locator('#hero').innerText());
      for (let step = 0; step < 200 && !(await found()); step += 1) {
        // By its answer: two passes of one second are shown with the same time.
        const shown = later.waitForResponse((response) => response.url().includes('/at?time='));
        await later.getByRole('button', { name: '← before' }).click();
        expect((await shown).status()).toBe(200);
      }
      expect(await found()).toBe(true);
      console.info(
        `Patroni ${lab.patroni}, a leader killed at night: PagerDuty called ${call.atMs - seenMs} ms after the first sight, resolved after ${Math.round((end.atMs - seenMs) / 1000)} s`,
      );
    });
  });

  describe('a veto hook that is asked in an emergency too', () => {
    let hook: VetoStandIn | null = null;

    afterEach(async () => {
      await bench.restored();
      hook?.close();
      await lab.timed('lab');
    });

    test('a leader is killed: nothing is sent against its no, which is shown; after its go the failover is expedited', async () => {
      await lab.timed('runbook');
      hook = await VetoStandIn.open(VETO_S);
      const { asked } = hook;
      const daemon = await bench.prepare({ policy: { ...FREE, veto: { emergencies: true } } });
      const veto = { url: hook.url, deadline: '2s' };
      await daemon.appendConfig(stringify({ notifications: { veto } }));
      await daemon.start();
      await daemon.readyToAct();

      const leader = await lab.leader();
      await lab.docker('kill', lab.container(leader));
      await until('the hook is asked', 20_000, () => asked.length > 0);
      expect(asked[0]).toMatchObject({ action: 'expedite-failover', problem: 'leader-down' });
      await until('the no is shown', 5_000, async () =>
        (await daemon.cli('why', leader)).out.includes('the auditors are at it'),
      );
      const verdict = await daemon.verdict('expedite-failover', 60_000);
      expect(verdict.body.remediation.phase).toBe('succeeded');
      const again = asked.find(({ action }, at) => at > 0 && action === 'expedite-failover')?.atMs ?? 0;
      expect(again - (asked[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(VETO_S * 1000);
      const sent = (await daemon.entries('intent')).filter(({ body }) => body.plan.action === 'expedite-failover');
      expect(sent.map(({ atMs }) => atMs >= again)).toEqual(sent.map(() => true));
      const answers = (await daemon.bodies('veto')).filter(({ plan }) => plan.action === 'expedite-failover');
      expect(answers.map(({ change }) => change).slice(0, 2)).toEqual(['asked', 'veto']);
      expect(await bench.otherLeader(leader)).not.toBe(leader);
    });
  });
}
