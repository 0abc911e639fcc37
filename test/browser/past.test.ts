import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EntryBody, JournalEntry } from '../../src/model/entry.js';
import { DashboardPage, hasBrowser, launch } from '../support/dashboard-page.js';
import { incident, SCENARIOS } from '../support/scenarios.js';
import { rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

let browser: Browser;
let opened: DashboardPage;

/** A leader that was killed, looked at an hour and a half later: by then another incident came and went, and the policy is another. */
async function later(): Promise<{ readonly entries: readonly JournalEntry[]; readonly nowMs: number }> {
  const one = rig({ policy: leading({}, { 'start-member': { mode: 'auto' } }) });
  await one.run(15);
  one.cluster.killContainer('patroni1');
  await one.run(120);
  const { inForce, policy } = one.session;
  const started = {
    kind: 'start',
    version: '0.1.0',
    instance: 'one',
    configHash: '',
    policyHash: inForce.hash,
    policy,
  };
  const [first] = one.journal.entries;
  if (first === undefined) throw new Error('nothing was recorded');
  const entries = [{ ...first, body: started as EntryBody }, ...one.journal.entries];
  const nowMs = (entries.at(-1)?.atMs ?? 0) + 90 * 60_000;
  const base = SCENARIOS.healthy(nowMs);
  const since = { ...incident(nowMs - 60_000), id: 'later01', endedAtMs: nowMs - 30_000 };
  opened = await DashboardPage.open(
    browser,
    {
      ...base,
      policy: { ...base.policy, mode: 'observe' },
      ledger: { ...base.ledger, incidents: [since] },
    },
    { entries, nowMs },
  );
  opened.controller.write(nowMs - 20_000, { kind: 'stop', reason: 'long after' });
  return { entries, nowMs };
}

const openedIn = (entries: readonly JournalEntry[]): string => {
  for (const { body } of entries) if (body.kind === 'incident' && body.change === 'opened') return body.of.id;
  throw new Error('a killed leader is an incident');
};

/** To the last moment at which the incident is open, of those that are marked. */
async function intoIt(): Promise<void> {
  const { page } = opened;
  await page.getByRole('button', { name: '6 h' }).click();
  await page.locator('#timeline canvas').waitFor();
  await page.locator('#timeline .events summary').click();
  await page.locator('#timeline .events').getByRole('button', { name: 'verdict' }).first().click();
  await page.locator('#past').waitFor();
}

describe.skipIf(!hasBrowser)('a past moment', () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(() => opened.close());

  it('shows journal, incidents and policy as they were then, and nothing of what came after', async () => {
    const { entries } = await later();
    const { page, complaints } = opened;
    const id = openedIn(entries);
    await page.locator('#journal').getByText('long after').waitFor();
    await page.locator('#policy').getByText('mode observe').waitFor();
    await page.locator('#incidents').getByText('Earlier incidents (1)').waitFor();
    await intoIt();
    await page.locator('#policy').getByText('mode enforce').waitFor();
    await page.getByRole('heading', { name: 'Policy in force then' }).waitFor();
    await page.locator('#incidents').getByText('Earlier incidents (0)').waitFor();
    const lines = await page.locator('#journal .lines li').count();
    expect(lines).toBeGreaterThan(3);
    expect(await opened.text('#journal')).not.toContain('long after');
    expect(await opened.text('#timeline .events summary')).toMatch(/\d+ more after the moment shown/);
    const card = page.locator(`#incident-${id}`);
    await card.getByText('Journal of it').click();
    await card.locator('ol.lines li').first().waitFor();
    expect(await card.locator('ol.lines').innerText()).not.toMatch(/ is over after/);
    await page.keyboard.press('n');
    await page.locator('#policy').getByText('mode observe').waitFor();
    await page.locator('#journal').getByText('long after').waitFor();
    expect(complaints).toEqual([]);
  });

  it('that lies before the time on the axis moves the axis there, and back', async () => {
    await later();
    const { page } = opened;
    const ranges = page.getByRole('group', { name: 'Which time' });
    await ranges.getByRole('button', { name: 'earlier' }).click();
    await page
      .locator('#timeline')
      .getByText(/^From .* to /)
      .waitFor();
    expect(await ranges.getByRole('button', { name: 'later' }).isDisabled()).toBe(false);
    await page.getByRole('slider').focus();
    await page.keyboard.press('PageDown');
    await page.locator('#past').waitFor();
    await page.keyboard.press('n');
    await page
      .locator('#timeline')
      .getByText(/^From .* to /)
      .waitFor({ state: 'detached' });
  });
});

describe.skipIf(!hasBrowser)('more events than the page draws and lists', () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(() => opened.close());

  it('are counted, and each can be reached', async () => {
    const nowMs = Date.now();
    const entries = Array.from({ length: 1_060 }, (_, index): JournalEntry => ({
      atMs: nowMs - 3_000_000 + index * 2_000,
      scope: 'email-cluster',
      seq: index + 1,
      prev: '',
      hash: '',
      body: { kind: 'page', code: 'leaderless', subject: `s${index}`, text: `event ${index}.`, change: 'opened' },
    }));
    opened = await DashboardPage.open(browser, SCENARIOS.healthy(nowMs), { entries });
    const timeline = opened.page.locator('#timeline');
    await timeline.getByText('60 older events of this time are not drawn.').waitFor();
    await timeline.locator('.events summary').click();
    expect(await timeline.locator('.events li').count()).toBe(40);
    await timeline.getByRole('button', { name: '960 older events not listed: show more' }).click();
    expect(await timeline.locator('.events li').count()).toBe(440);
    await timeline.getByRole('button', { name: /Show the time before/ }).click();
    await timeline.locator('.events summary').getByText('61 events').waitFor();
    await timeline.locator('.events summary').click();
    await timeline.getByRole('button', { name: '21 older events not listed' }).click();
    await timeline.locator('.events li').getByText('event 0.').waitFor();
  });
});
