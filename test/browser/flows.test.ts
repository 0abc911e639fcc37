import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProcedureRun } from '../../src/model/procedure-run.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { DashboardPage, hasBrowser, launch } from '../support/dashboard-page.js';
import { SCENARIOS } from '../support/scenarios.js';

let browser: Browser;
let opened: DashboardPage;

const open = async (snapshot: ClusterSnapshot): Promise<DashboardPage> =>
  (opened = await DashboardPage.open(browser, snapshot));

const enforcing = (snapshot: ClusterSnapshot): ClusterSnapshot => ({
  ...snapshot,
  policy: { ...snapshot.policy, mode: 'enforce' },
});

describe.skipIf(!hasBrowser)('a person at the page', () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(() => opened.close());

  it('switches the cluster off for two hours, sees that and until when, and switches it on again', async () => {
    const { page, controller, complaints } = await open(enforcing(SCENARIOS.healthy(Date.now())));
    const switches = page.locator('#switches');
    await switches.getByText('All may run.').waitFor();
    await switches.getByRole('button', { name: 'Pause…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pause' });
    await dialog.getByText('nothing is sent for it').waitFor();
    await dialog.getByRole('button', { name: 'Pause' }).click();
    expect(controller.changes).toEqual([]);
    await dialog.getByLabel('For').selectOption('2 hours');
    await dialog.getByLabel('Reason').fill('planned work');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toEqual(['pause cluster dba planned work']);
    const row = switches.locator('.row.switch');
    await row.getByText('ends by itself in 1 h 59 min').waitFor();
    expect(await row.innerText()).toMatch(/planned work by dba/);
    expect(await opened.text('#mode')).toContain('paused by a kill switch: nothing is sent');
    expect(await opened.text('#said')).toBe('paused cluster');
    await row.getByRole('button', { name: 'Resume…' }).click();
    await page.getByRole('dialog', { name: 'Resume' }).getByRole('button', { name: 'Cancel' }).click();
    expect(controller.changes).toHaveLength(1);
    await row.getByRole('button', { name: 'Resume…' }).click();
    await page.getByRole('dialog', { name: 'Resume' }).getByRole('button', { name: 'Resume' }).click();
    await switches.getByText('All may run.').waitFor();
    expect(controller.changes).toEqual(['pause cluster dba planned work', 'resume cluster dba']);
    expect(complaints).toEqual([]);
  });

  it('chooses light, dark or what the system says, and finds it again', async () => {
    const { page, complaints } = await open(SCENARIOS.lagHeld(Date.now()));
    const ground = (): Promise<unknown> => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const theme = page.locator('[data-do=theme]');
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await ground();
    expect(await theme.innerText()).toMatch(/auto/);
    await theme.click();
    expect(await theme.innerText()).toMatch(/light/);
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.emulateMedia({ colorScheme: 'light' });
    await theme.click();
    expect(await theme.innerText()).toMatch(/dark/);
    expect(await ground()).toBe(dark);
    await page.reload();
    await page.locator('.live.live').waitFor();
    expect(await ground()).toBe(dark);
    await theme.click();
    expect(await ground()).toBe(light);
    expect(complaints).toEqual([]);
  });

  it('starts a procedure that is led to its end, and sees each stage, its end and how it ended', async () => {
    const { page, controller, complaints } = await open(enforcing(SCENARIOS.healthy(Date.now())));
    const stages = ['patroni2', 'patroni3'].map((name) => ({
      key: `restart-member ${name}`,
      text: `restart ${name}`,
      requests: [`POST /restart on ${name}`],
      held: [],
    }));
    const begun: ProcedureRun = {
      id: 'r-9',
      name: 'rolling-restart',
      goal: { order: ['patroni2', 'patroni3'], leader: 'patroni1', was: {}, back: false },
      by: 'dba',
      reason: 'openssl',
      phase: 'running',
      agreed: stages.map(({ key }) => key),
      startedAtMs: Date.now(),
      endedAtMs: null,
      detail: '',
      continuedAtMs: Date.now(),
    };
    const show = (run: ProcedureRun): void => {
      const now = SCENARIOS.healthy(Date.now());
      controller.show({ ...now, ledger: { ...now.ledger, procedures: [run] } });
    };
    await page.getByRole('button', { name: 'Start…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('openssl');
    controller.runAnswer = { kind: 'planned', stages };
    await dialog.getByRole('button', { name: 'Show the plan' }).click();
    await dialog.getByText('2. restart patroni3').waitFor();
    controller.runAnswer = { kind: 'refused', status: 409, text: 'another procedure is under way' };
    await dialog.getByRole('button', { name: /^Start it$/ }).click();
    await dialog.getByText('another procedure is under way').waitFor();
    controller.runAnswer = { kind: 'started', id: 'r-9', stages };
    await dialog.getByRole('button', { name: /^Start it$/ }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await opened.text('#said')).toBe('rolling-restart is started (r-9). Follow it under Procedure.');
    await page.locator('#runs:focus').waitFor();
    show(begun);
    const runs = page.locator('#runs');
    await runs.getByText('stage 1 of 2').waitFor();
    expect(await runs.getByRole('list', { name: 'Stages that are left' }).innerText()).toContain('patroni2');
    show({ ...begun, phase: 'held', detail: 'restart-member patroni2 ineffective' });
    await runs.getByRole('button', { name: 'Continue…' }).waitFor();
    show({ ...begun, phase: 'succeeded', endedAtMs: Date.now(), detail: 'all 2 stages are done' });
    await runs.getByText('None is under way.').waitFor();
    const ended = runs.getByRole('list', { name: 'Procedures that ended' });
    expect(await ended.innerText()).toMatch(/succeeded\s+rolling-restart\s.*by dba: openssl\s+all 2 stages are done/);
    expect(complaints.filter((one) => !one.includes('409'))).toEqual([]);
  });
});
