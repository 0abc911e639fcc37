import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SHORTCUTS } from '../../src/api/dashboard/shortcuts.js';
import { TERMS } from '../../src/api/dashboard/terms.js';
import type { ProcedureRun } from '../../src/model/procedure-run.js';
import type { PageRow } from '../../src/model/page.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { linksOf } from '../../src/notify/links.js';
import { DashboardPage, hasBrowser, launch } from '../support/dashboard-page.js';
import { HOSTILE_NAME, SCENARIOS, type ScenarioName } from '../support/scenarios.js';

let browser: Browser;
let opened: DashboardPage;

const open = async (
  snapshot: ClusterSnapshot,
  options: Parameters<typeof DashboardPage.open>[2] = {},
): Promise<DashboardPage> => (opened = await DashboardPage.open(browser, snapshot, options));

/** Where a key leads; those that are missing do something else, which other tests are about. */
const PARTS: Readonly<Partial<Record<keyof typeof SHORTCUTS, string>>> = {
  a: 'approvals',
  i: 'incidents',
  t: 'timeline',
  p: 'problems',
  d: 'decisions',
  j: 'journal',
  m: 'topology',
};

const focused = (page: DashboardPage['page']): Promise<unknown> => page.evaluate('document.activeElement.id');

describe.skipIf(!hasBrowser)('a person with a keyboard, or a screen reader', () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(() => opened.close());

  it('comes to each part by its key, and by none while they type or hold a modifier', async () => {
    const { page, complaints } = await open(SCENARIOS.waitingApproval(Date.now()));
    expect(Object.keys(SHORTCUTS).filter((key) => !Object.hasOwn(PARTS, key))).toEqual(['?', 'n', 'u', 'g']);
    for (const [key, part] of Object.entries(PARTS)) {
      await page.keyboard.press(key);
      expect(await focused(page)).toBe(part);
    }
    await page.keyboard.press('Control+j');
    expect(await focused(page)).toBe('topology');
    const filter = page.getByRole('searchbox', { name: 'Filter the journal' });
    await filter.fill('');
    await filter.press('a');
    expect(await filter.inputValue()).toBe('a');
    await page.keyboard.press('Tab');
    await page.keyboard.press('g');
    await page.waitForURL('**/#/');
    expect(complaints).toEqual([]);
  });

  it.each<ScenarioName>(['waitingApproval', 'leaderless', 'lagHeld', 'hostile'])(
    'hears a name for each control, and one heading of the first rank (%s)',
    async (scenario) => {
      const { page } = await open(SCENARIOS[scenario](Date.now()));
      await page.getByRole('button', { name: 'Pause…' }).click();
      await page.getByRole('dialog').waitFor();
      const tree = await page.context().newCDPSession(page);
      const { nodes } = (await tree.send('Accessibility.getFullAXTree')) as {
        nodes: { role?: { value?: string }; name?: { value?: string }; ignored: boolean }[];
      };
      const controls = nodes.filter(
        ({ role, ignored }) =>
          !ignored &&
          /^(button|link|textbox|searchbox|combobox|slider|checkbox|dialog|navigation)$/.test(role?.value ?? ''),
      );
      expect(controls.length).toBeGreaterThan(4);
      expect(controls.filter(({ name }) => (name?.value ?? '').trim() === '').map(({ role }) => role?.value)).toEqual(
        [],
      );
      await page.keyboard.press('Escape');
      expect(await page.locator('h1').count()).toBe(1);
    },
  );

  it('is told what a word of the trade means, on the word and in the help', async () => {
    const { page } = await open(SCENARIOS.lagHeld(Date.now()));
    const words = page.locator('abbr.term');
    expect(await words.count()).toBeGreaterThan(0);
    const meanings = Object.values<string>(TERMS);
    for (const word of await words.all()) expect(meanings).toContain(await word.getAttribute('title'));
    await page.getByRole('button', { name: 'Help' }).click();
    const help = page.getByRole('dialog', { name: 'Keys and words' });
    for (const text of [...meanings, ...Object.values<string>(SHORTCUTS)])
      expect(await help.getByText(text, { exact: true }).count()).toBeGreaterThan(0);
  });

  it('finds a line of the journal by a word of it', async () => {
    const { page, controller } = await open(SCENARIOS.healthy(Date.now()));
    controller.write(Date.now(), { kind: 'stop', reason: 'for the upgrade' });
    controller.write(Date.now(), { kind: 'stop', reason: `for ${HOSTILE_NAME}` });
    const journal = page.locator('#journal');
    await journal.getByText('onerror=').waitFor();
    const filter = journal.getByRole('searchbox', { name: 'Filter the journal' });
    await filter.fill('UPGRADE');
    await journal.getByText('onerror=').waitFor({ state: 'detached' });
    expect(await journal.locator('li').count()).toBe(1);
    await filter.fill('nothing has this');
    await journal.getByText('No line has that.').waitFor();
  });
});

describe.skipIf(!hasBrowser)('a person with a token, or without', () => {
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  afterEach(() => opened.close());

  it('is shown nothing where reading needs one, is told of a wrong one, and sees all with the right one', async () => {
    const { page } = await open(SCENARIOS.lagHeld(Date.now()), { token: false, isClosed: true });
    const banner = page.locator('#banner');
    await banner.getByText('Locked.').waitFor();
    expect(await page.locator('#hero').count()).toBe(0);
    const give = async (token: string): Promise<void> => {
      await banner.getByRole('button', { name: 'Give a token' }).click();
      await page.getByRole('dialog').getByLabel('Token').fill(token);
      await page.getByRole('dialog').getByRole('button', { name: 'Continue' }).click();
    };
    await give('a-wrong-token');
    await banner.getByText('The token is none of those configured.').waitFor();
    expect(await page.locator('#hero').count()).toBe(0);
    await give('look');
    await page.locator('.live.live').waitFor();
    await page.getByRole('heading', { name: 'lagging' }).first().waitFor();
  });

  it('who may only look is told so when they change something, and may give another one there', async () => {
    const { page, controller } = await open(SCENARIOS.healthy(Date.now()), { token: false });
    await page.getByRole('button', { name: 'Pause…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('work');
    await dialog.getByLabel('Token').fill('look');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.getByRole('alert').getByText('Use a token with the role that is named').waitFor();
    expect(controller.changes).toEqual([]);
    await dialog.getByLabel('Token').fill('touch');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toEqual(['pause cluster dba work']);
  });

  it('says no to a plan by the button of its card', async () => {
    const { page, controller } = await open(SCENARIOS.waitingApproval(Date.now()));
    await page.getByRole('button', { name: 'Reject…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Reject' });
    await dialog.getByLabel('Reason').fill('not tonight');
    await dialog.getByRole('button', { name: 'Reject' }).click();
    await page.locator('#approvals').getByText('No approval waits.').waitFor();
    expect(controller.changes).toEqual(['rejected a-7f31c2 dba not tonight']);
  });

  it('pauses the procedure that is under way', async () => {
    const base = SCENARIOS.healthy(Date.now());
    const run: ProcedureRun = {
      id: 'r-1',
      name: 'rolling-restart',
      goal: { order: ['patroni2'], leader: 'patroni1', was: {}, back: false },
      by: 'dba',
      reason: 'openssl',
      phase: 'running',
      agreed: ['restart-member patroni2'],
      startedAtMs: Date.now(),
      endedAtMs: null,
      detail: '',
      continuedAtMs: Date.now(),
    };
    const { page, controller } = await open({ ...base, ledger: { ...base.ledger, procedures: [run] } });
    await page.locator('#runs').getByRole('button', { name: 'Pause…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Pause' });
    await dialog.getByText('no further one is begun').waitFor();
    await dialog.getByLabel('Reason').fill('lunch');
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toEqual(['pause r-1 dba lunch']);
  });

  it('takes on what Ekimi told of itself outside of any incident, by the link or the card', async () => {
    const base = SCENARIOS.healthy(Date.now());
    const row: PageRow = {
      code: 'observer-impaired',
      subject: 'email-cluster',
      thing: 'ekimi/email-cluster',
      level: 'critical',
      atMs: Date.now() - 60_000,
    };
    const told = (pages: readonly PageRow[]): ClusterSnapshot => ({ ...base, ledger: { ...base.ledger, pages } });
    const about = { scope: 'email-cluster', change: 'opened', incident: null, page: 'ekimi/email-cluster' } as const;
    const [answer] = linksOf('http://x', { ...about, approvals: [] }).answers ?? [];
    const { page, controller, complaints } = await open(told([row]), {
      hash: answer?.href.slice('http://x/'.length) ?? '',
    });
    const dialog = page.getByRole('dialog', { name: 'Acknowledge' });
    await dialog.getByText('observer-impaired email-cluster').waitFor();
    expect(controller.changes).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    const card = page.locator('[id="page-ekimi/email-cluster"]');
    await card.getByText('It is part of no incident.').waitFor();
    await card.getByRole('button', { name: 'Acknowledge…' }).click();
    await dialog.getByLabel('Reason').fill('on it');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toEqual(['acknowledge ekimi/email-cluster dba on it']);
    controller.show(told([{ ...row, acknowledged: { by: 'dba', atMs: Date.now(), reason: 'on it' } }]));
    await card.getByText('dba looks after it: on it').waitFor();
    controller.show(told([]));
    await page.locator('.arrival').getByText('is over. Nothing waits for your word on it.').waitFor();
    expect(complaints).toEqual([]);
  });

  it.each([320, 390])(
    'answers each question on a screen of %i pixels: nothing of it is beside the screen',
    async (width) => {
      const { page } = await open(SCENARIOS.waitingApproval(Date.now()), { width });
      for (const name of ['Approve…', 'Reject…', 'Pause…', 'Start…']) {
        await page.getByRole('button', { name }).first().click();
        const dialog = page.getByRole('dialog');
        const box = await dialog.boundingBox();
        expect([box !== null && box.x >= 0, box !== null && box.x + box.width <= width]).toEqual([true, true]);
        expect(
          await page.evaluate(
            "(() => { const one = document.querySelector('dialog'); return one.scrollWidth - one.clientWidth; })()",
          ),
        ).toBeLessThanOrEqual(0);
        await dialog.locator('button[type=submit]').scrollIntoViewIfNeeded();
        expect(await dialog.locator('button[type=submit]').isVisible()).toBe(true);
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
      }
    },
  );
});
