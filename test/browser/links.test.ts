import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { linksOf } from '../../src/notify/links.js';
import { DashboardPage, hasBrowser, launch } from '../support/dashboard-page.js';
import { incident, SCENARIOS } from '../support/scenarios.js';

let browser: Browser;
let opened: DashboardPage;

/** Of what a message about it carries. */
const hashOf = (
  does: 'see' | 'approve' | 'reject' | 'acknowledge',
  about: { readonly incident: string | null; readonly approvals?: readonly string[] },
): string => {
  const { link, answers = [] } = linksOf('http://x', {
    scope: 'email-cluster',
    change: 'opened',
    approvals: [],
    ...about,
  });
  const href = does === 'see' ? link : answers.find((one) => one.does === does)?.href;
  if (href == null) throw new Error(`no link to ${does}`);
  return href.slice('http://x/'.length);
};

const open = async (snapshot: ClusterSnapshot, hash: string): Promise<DashboardPage> =>
  (opened = await DashboardPage.open(browser, snapshot, { hash }));

describe.skipIf(!hasBrowser)('a link of a notification', () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(() => opened.close());

  it.each([
    ['approve', 'Approve', 'approved'],
    ['reject', 'Reject', 'rejected'],
  ] as const)('to %s opens the dialog of that approval, and only its button does it', async (does, title, word) => {
    const { page, controller, complaints } = await open(
      SCENARIOS.waitingApproval(Date.now()),
      hashOf(does, { incident: '4c09be71', approvals: ['a-7f31c2'] }),
    );
    const dialog = page.getByRole('dialog', { name: title });
    await dialog.getByText('reinitialize-replica patroni3').waitFor();
    controller.show({ ...SCENARIOS.waitingApproval(Date.now()), tick: 901 });
    await page.getByText('pass 901').first().waitFor();
    expect(controller.changes).toEqual([]);
    await dialog.getByLabel('Reason').fill('looked');
    await dialog.getByRole('button', { name: title }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toEqual([`${word} a-7f31c2 dba looked`]);
    await page.locator('.arrival').getByText(`is ${word} already by dba`).waitFor();
    expect(await page.locator('#said').innerText()).toBe(`a-7f31c2 ${word}`);
    expect(complaints).toEqual([]);
  });

  it('to an approval that is decided says so, and asks nothing', async () => {
    const snapshot = SCENARIOS.waitingApproval(Date.now());
    const approvals = snapshot.ledger.approvals.map((row) => ({ ...row, state: 'expired' as const }));
    const { page, controller } = await open(
      { ...snapshot, ledger: { ...snapshot.ledger, approvals } },
      hashOf('approve', { incident: null, approvals: ['a-7f31c2'] }),
    );
    await page.locator('.arrival').getByText('is expired already').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(controller.changes).toEqual([]);
  });

  it('to acknowledge opens the dialog of that incident, once', async () => {
    const { page, controller, complaints } = await open(
      SCENARIOS.leaderless(Date.now()),
      hashOf('acknowledge', { incident: '7f3a19c2' }),
    );
    const dialog = page.getByRole('dialog', { name: 'Acknowledge' });
    await dialog.getByText('leader-down patroni1').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    controller.show({ ...SCENARIOS.leaderless(Date.now()), tick: 902 });
    await page.getByText('pass 902').first().waitFor();
    expect(await dialog.count()).toBe(0);
    expect(controller.changes).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('to an incident opens at its card', async () => {
    const { page } = await open(SCENARIOS.leaderless(Date.now()), hashOf('see', { incident: '7f3a19c2' }));
    await page.locator('#incident-7f3a19c2:focus').waitFor();
  });

  it('to an incident that is over finds it among the earlier ones', async () => {
    const snapshot = SCENARIOS.healthy(Date.now());
    const over = { ...incident(Date.now() - 86_400_000), endedAtMs: Date.now() - 86_000_000 };
    const { page } = await open(
      { ...snapshot, ledger: { ...snapshot.ledger, incidents: [over] } },
      hashOf('acknowledge', { incident: over.id }),
    );
    await page.locator('#incident-7f3a19c2').getByText('leader-down').waitFor();
    await page.locator('.arrival').getByText('is over after').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('to what is not kept any more says where it is', async () => {
    const { page } = await open(SCENARIOS.healthy(Date.now()), hashOf('see', { incident: 'gone1' }));
    await page.locator('.arrival').getByText('ekimi incident gone1').waitFor();
  });
});
