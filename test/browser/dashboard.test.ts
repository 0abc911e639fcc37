import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { overview } from '../../src/api/overview.js';
import { createMetrics } from '../../src/api/metrics.js';
import type { Plots as History } from '../../src/history/plots.js';
import { startServer, type Server } from '../../src/api/server.js';
import { toJson } from '../../src/model/json.js';
import type { ProcedureRun } from '../../src/model/procedure-run.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { policyMatrix } from '../../src/words/policy-matrix.js';
import { FakeController } from '../support/fake-controller.js';
import { HOSTILE_NAME, losing, SCENARIOS, type ScenarioName } from '../support/scenarios.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const PICTURES = process.env['PICTURES'];
const present = existsSync(CHROMIUM);
if (!present)
  console.error(
    `\n*** SKIPPED: the dashboard's browser tests. No browser at ${CHROMIUM}: install Debian's chromium or set CHROMIUM. ***\n`,
  );

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

let browser: Browser;
let page: Page;
let server: Server;
let controller: FakeController;
/** What the browser itself complains of. A connection that is refused while the server is down is what we asked for. */
let complaints: string[] = [];

const serve = (port = 0): Promise<Server> =>
  startServer({
    config: { host: '127.0.0.1', port, tokens: [{ name: 'dba', role: 'operator', token: 'touch' }] },
    controller,
    log: QUIET,
    metrics: createMetrics(controller),
    redact: String,
  });

async function visit(scenario: ScenarioName | ClusterSnapshot): Promise<void> {
  controller = new FakeController(typeof scenario === 'string' ? SCENARIOS[scenario](Date.now()) : scenario);
  server = await serve();
  await page.goto(server.url);
  await page.locator('.live.live').waitFor();
}

/** Half an hour in which patroni2 fell behind and caught up, nobody knows of its first minutes, and no writes were taken for a while. */
function historyBetween(fromMs: number, toMs: number): History {
  const stepMs = (toMs - fromMs) / 60;
  const steps = Array.from({ length: 60 }, (_, index) => index);
  const known = (value: (step: number) => number): (number | null)[] => steps.map((at) => (at < 6 ? null : value(at)));
  return {
    fromMs,
    toMs,
    stepMs,
    members: {
      patroni2: known((at) => Math.max(0, 120 - Math.abs(at - 40) * 9) * 1_048_576),
      patroni3: known((at) => (1 + (at % 5)) * 400_000),
    },
    marksLeftOut: 0,
    writable: known((at) => (at === 41 ? 0.4 : at === 42 ? 0 : 1)),
    marks: [
      {
        atMs: fromMs + 38 * stepMs,
        kind: 'incident-begin',
        incident: '7f3a19c2',
        text: 'incident 7f3a19c2: leader-down patroni1',
        tone: 'warn',
      },
      { atMs: fromMs + 43 * stepMs, kind: 'verdict', text: `failover ${HOSTILE_NAME} succeeded`, tone: 'good' },
    ],
  };
}

/** What the page was shown when it asked for a past moment. */
let past: ClusterSnapshot;

/** The journal's answers: over time, at a moment, and by which policy then. */
async function withHistory(): Promise<void> {
  await page.route('**/v1/clusters/*/history?*', (route) => {
    const asked = new URL(route.request().url()).searchParams;
    return route.fulfill({ json: historyBetween(Number(asked.get('from')), Number(asked.get('to'))) });
  });
  await page.route('**/v1/clusters/*/policy?time=*', (route) => {
    const { policy, ledger, windows, atMs } = past;
    return route.fulfill({
      body: toJson(policyMatrix(policy, ledger, windows, atMs, null)),
      contentType: 'application/json',
    });
  });
  await page.route('**/v1/clusters/*/at?*', (route) => {
    const atMs = Number(new URL(route.request().url()).searchParams.get('time'));
    const snapshot = { ...past, atMs };
    const body = toJson({
      snapshot,
      overview: overview(snapshot),
      run: null,
      seq: 7,
      atMs,
      nextMs: atMs + 60_000,
      previousMs: atMs - 60_000,
    });
    return route.fulfill({ body, contentType: 'application/json' });
  });
}

const text = (selector: string): Promise<string> => page.locator(selector).innerText();

describe.skipIf(!present)('the dashboard', () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    complaints = [];
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    past = SCENARIOS.leaderless(Date.now());
    await withHistory();
  });
  afterEach(async () => {
    await page.close();
    await server.close();
  });

  it('shows a problem with its evidence, the requests that it would send and what holds them', async () => {
    await visit('lagHeld');
    expect(await text('#hero h1')).toMatch(/lagging/i);
    expect(await text('#mode')).toContain('sends nothing');
    const problems = await text('#problems');
    expect(problems).toContain('replica-lag-emergency');
    expect(problems).toContain('256 MiB behind on timeline 3');
    expect(problems).toMatch(/actionable (in \d|now)/);
    const decisions = await text('#decisions');
    expect(decisions).toContain('haproxy> set server postgres_replicas/patroni2 state drain');
    expect(decisions).toContain('set mode: enforce in policy.yaml');
    expect(complaints).toEqual([]);
  });

  it('follows the next pass by itself, and keeps the journal', async () => {
    await visit('healthy');
    controller.write(Date.now(), { kind: 'stop', reason: 'for a test' });
    controller.show(SCENARIOS.leaderless(Date.now()));
    await page.getByRole('heading', { name: 'leaderless' }).first().waitFor();
    await page.locator('#journal').getByText('ekimi stopped: for a test').waitFor();
    expect(await text('#announcer')).toContain('email-cluster is leaderless');
    expect(await page.title()).toContain('leaderless');
    expect(complaints).toEqual([]);
  });

  it('says of a source that it is unknown, and why', async () => {
    await visit('leaderless');
    const sources = await text('#sources');
    expect(sources).toContain('unknown');
    expect(sources).toContain('GET /patroni on patroni1: no answer within 2 s');
  });

  it('tells of an open incident, and since when nobody can write', async () => {
    await visit('leaderless');
    const incidents = await text('#incidents .incident');
    expect(incidents).toContain('7f3a19c2');
    expect(incidents).toContain('leader-down patroni1');
    expect(incidents).toMatch(/5\d s without writes until now \(±2 s\)/);
    controller.show(SCENARIOS.healthy(Date.now()));
    await page.locator('#incidents .incident').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('states what an approval loses, in its row and where a person agrees', async () => {
    await visit('waitingApproval');
    controller.show(losing(SCENARIOS.waitingApproval(Date.now()), { bytes: 1_460_000, seconds: 14 }));
    await page.locator('#approvals').getByText('Loses at least 1.3 MiB (about 14 s of writes).').waitFor();
    await page.getByRole('button', { name: 'Approve…' }).click();
    const text =
      'Loses at least 1.3 MiB (about 14 s of writes). If it has become more before it is sent, you are asked again.';
    await page.getByRole('dialog').getByText(text).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows the procedure under way, its stages, and passes on a word on the list that was on the screen', async () => {
    const snapshot = SCENARIOS.healthy(Date.now());
    const run: ProcedureRun = {
      id: 'r-1',
      name: 'rolling-restart',
      goal: { order: ['patroni2', 'patroni3'], leader: 'patroni1', was: {}, back: false },
      by: 'dba',
      reason: `openssl ${HOSTILE_NAME}`,
      phase: 'held',
      agreed: ['restart-member patroni2', 'restart-member patroni3'],
      startedAtMs: Date.now() - 90_000,
      endedAtMs: null,
      detail: 'restart-member patroni2 ineffective: it does not stream',
      continuedAtMs: Date.now() - 90_000,
    };
    await visit({ ...snapshot, ledger: { ...snapshot.ledger, procedures: [run] } });
    const shown = await text('#runs');
    expect(shown).toContain('rolling-restart');
    expect(shown).toContain('it does not stream');
    expect(shown).toContain(`openssl ${HOSTILE_NAME.slice(0, 8)}`);
    await page.getByRole('button', { name: 'Continue…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('looked');
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByRole('alert').getByText('needs one').waitFor();
    await dialog.getByLabel('Token').fill('touch');
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toEqual([expect.stringMatching(/^continue r-1 dba looked [0-9a-f]{8}$/)]);
    await page.getByRole('button', { name: 'Abort…' }).click();
    await dialog.getByLabel('Reason').fill('enough');
    await dialog.getByRole('button', { name: 'Abort' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.changes).toContain('abort r-1 dba enough');
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([]);
  });

  it('refuses an approval without a token and takes it with one', async () => {
    await visit('waitingApproval');
    await page.getByRole('button', { name: 'Approve…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('looked at it');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await dialog.getByRole('alert').getByText('needs one').waitFor();
    expect(controller.changes).toEqual([]);
    await dialog.getByLabel('Token').fill('touch');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await page.locator('#approvals').getByText('No approval waits.').waitFor();
    expect(controller.changes).toEqual(['approved a-7f31c2 dba looked at it']);
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([]);
  });

  it('asks for the token once a session, by keyboard alone', async () => {
    await visit('waitingApproval');
    await page.evaluate("sessionStorage.setItem('ekimi-token', 'touch')");
    await page.getByRole('button', { name: 'Pause…' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.getByLabel('Token').isVisible()).toBe(false);
    await dialog.getByLabel('What').selectOption('member:patroni2');
    await dialog.getByLabel('Reason').fill('disk swap');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#switches').getByText('member:patroni2').waitFor();
    expect(controller.changes).toEqual(['pause member:patroni2 dba disk swap']);
    expect(complaints).toEqual([]);
  });

  it('goes offline when the daemon stops, says from when the picture is, and recovers by itself', async () => {
    await visit('healthy');
    const port = Number(new URL(server.url).port);
    await server.close();
    await page.locator('#banner').getByText('Offline.').waitFor();
    expect(await text('#banner')).toMatch(/What you see is from \d\d:\d\d:\d\d/);
    controller.show(SCENARIOS.lagActed(Date.now()));
    server = await serve(port);
    await page.locator('.live.live').waitFor();
    await page.getByRole('heading', { name: 'lagging' }).first().waitFor();
    expect(await page.locator('#banner').innerText()).toBe('');
    expect(complaints.filter((one) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/.test(one))).toEqual([]);
  });

  it('says that it is stale when the daemon answers and its loop does not tick', async () => {
    await visit({ ...SCENARIOS.healthy(Date.now() - 90_000) });
    await page.locator('#banner').getByText('Stale.').waitFor();
    expect(await text('#banner')).toContain('its loop does not tick');
  });

  it('takes a hostile name as text', async () => {
    await visit('hostile');
    controller.write(Date.now(), { kind: 'stop', reason: HOSTILE_NAME });
    await page.locator('#journal').getByText('onerror=').waitFor();
    expect(await text('#problems')).toContain('<img src=x onerror="window.pwned=1">');
    expect(await page.evaluate('document.images.length')).toBe(0);
    expect(await page.evaluate('typeof window.pwned')).toBe('undefined');
    expect(complaints).toEqual([]);
  });

  it('draws lag and writes over time, and leads from an event to that moment and back to now', async () => {
    await visit('waitingApproval');
    const timeline = page.locator('#timeline');
    await timeline.locator('canvas').waitFor();
    expect(await timeline.innerText()).toContain('patroni2 0 B (most 120 MiB)');
    expect(await timeline.innerText()).toContain('s without writes');
    await timeline.getByText('2 events').click();
    await timeline.getByRole('button', { name: 'incident-begin' }).click();
    await page.locator('#past').getByText('Nothing can be changed here').waitFor();
    expect(await text('#hero h1')).toMatch(/leaderless/i);
    controller.show({ ...SCENARIOS.healthy(Date.now()), tick: 777 });
    await page.getByText('pass 777').first().waitFor();
    expect(await text('#hero h1')).toMatch(/leaderless/i);
    expect(await page.getByRole('button', { name: 'Pause…' }).isDisabled()).toBe(true);
    await page.keyboard.press('n');
    await page.locator('#past').waitFor({ state: 'detached' });
    expect(await text('#hero h1')).toMatch(/healthy/i);
    expect(complaints).toEqual([]);
  });

  it('goes to any moment with the slider, by keyboard alone', async () => {
    await visit('healthy');
    await page.getByRole('slider', { name: 'Moment that the page shows' }).focus();
    await page.keyboard.press('PageDown');
    await page.locator('#past').waitFor();
    expect(await page.title()).toContain('past: ');
    await page.locator('#past').getByRole('button', { name: 'Back to now' }).click();
    await page.locator('#past').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('opens at the card that a link names, and changes nothing by that', async () => {
    await visit('waitingApproval');
    await page.goto(`${server.url}/#approval/a-7f31c2`);
    await page.reload();
    const card = page.locator('#approval-a-7f31c2');
    await card.getByText('Destroys').waitFor();
    await page.locator('#approval-a-7f31c2:focus').waitFor();
    expect(await card.innerText()).toMatch(/Remains\s+Meanwhile patroni\d takes writes/);
    expect(controller.changes).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('tells the story of an incident, and takes an acknowledgement', async () => {
    await visit('leaderless');
    const story = await text('#incidents .story');
    expect(story).toMatch(/seen\s+.*leader-down patroni1/);
    await page.evaluate("sessionStorage.setItem('ekimi-token', 'touch')");
    await page.locator('#incidents').getByText('Journal of it').click();
    await page.getByRole('button', { name: 'Acknowledge…' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('on it');
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(controller.changes).toEqual(['acknowledge 7f3a19c2 dba on it']);
    expect(complaints).toEqual([]);
  });

  it('shows the plan of a procedure before it can be started', async () => {
    await visit('healthy');
    await page.evaluate("sessionStorage.setItem('ekimi-token', 'touch')");
    await page.getByRole('button', { name: 'Start…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Procedure').selectOption('evacuate-member');
    await dialog.getByLabel('Member').fill('patroni2');
    await dialog.getByLabel('Reason').fill('new disks');
    const stage = { key: 'drain-replica patroni2', text: 'drain patroni2', requests: ['haproxy> drain'], held: [] };
    controller.runAnswer = { kind: 'planned', stages: [stage] };
    await dialog.getByRole('button', { name: 'Show the plan' }).click();
    await dialog.getByText('1. drain patroni2').waitFor();
    expect(controller.runs.map(({ dryRun }) => dryRun)).toEqual([true]);
    controller.runAnswer = { kind: 'started', id: 'r-9', stages: [stage] };
    await dialog.getByRole('button', { name: 'Start it' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(controller.runs.at(-1)).toMatchObject({
      name: 'evacuate-member',
      member: 'patroni2',
      reason: 'new disks',
      dryRun: false,
      by: 'dba',
    });
    expect(complaints).toEqual([]);
  });

  it('has a page for each member, and says so where there is none', async () => {
    await visit('lagHeld');
    await page.getByRole('link', { name: 'patroni2' }).click();
    await page.getByRole('heading', { name: 'patroni2 is lagging' }).waitFor();
    expect(await text('#problems')).toContain('replica-lag-emergency');
    expect(await text('#decisions')).toContain('gates passed');
    expect(await text('#timeline')).toContain('Lag of patroni2');
    await page.goto(`${server.url}/#/email-cluster/member/nobody`);
    await page.getByRole('heading', { name: 'No member nobody' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('lists all clusters, the worst first', async () => {
    controller = new FakeController(
      SCENARIOS.healthy(Date.now()),
      { ...SCENARIOS.leaderless(Date.now()), scope: 'billing' },
      { ...SCENARIOS.lagHeld(Date.now()), scope: 'audit' },
    );
    server = await serve();
    await page.goto(server.url);
    await page.locator('#fleet li').nth(2).waitFor();
    expect(await page.locator('#fleet strong').allInnerTexts()).toEqual(['billing', 'audit', 'email-cluster']);
    await page.locator('#fleet a').first().click();
    await page.getByRole('heading', { name: 'leaderless' }).first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows the policy in force and lights the present state of the machine', async () => {
    await visit('lagHeld');
    await page.locator('#policy table').waitFor();
    expect(await text('#policy')).toContain('drain-replica');
    expect(await page.locator('#machine .lit').first().textContent()).toBe('lagging');
    expect(complaints).toEqual([]);
  });

  it('shows times in UTC on a key, and keeps that', async () => {
    await visit('healthy');
    controller.write(Date.now(), { kind: 'stop', reason: 'for a test' });
    await page.locator('#journal time').first().waitFor();
    await page.keyboard.press('u');
    // The page's policy lets nobody evaluate a text in it, so the elements are asked.
    const utc = page.locator('#journal time').filter({ hasText: /Z$/ }).first();
    await utc.waitFor();
    await page.reload();
    await utc.waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys and words' }).getByText('to the journal').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('keeps what a person is doing while passes arrive', async () => {
    await visit('waitingApproval');
    const reject = page.getByRole('button', { name: 'Reject…' });
    await reject.focus();
    const next = { ...SCENARIOS.waitingApproval(Date.now()), tick: 999 };
    controller.show(next);
    await page.getByText('pass 999').first().waitFor();
    expect(await page.evaluate('document.activeElement.dataset.do')).toBe('reject');
  });

  it.each([320, 360, 768, 1280, 2560])('needs no sideways scrolling at %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    await visit('hostile');
    await page.locator('#timeline canvas').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  });

  /** For docs/dashboard.md: `PICTURES=docs/pictures` names the folder. They are looked at before they are kept. */
  it.runIf(PICTURES !== undefined).each([
    ['lag', 'lagHeld', 1280, 'light', '#/'],
    ['approval', 'waitingApproval', 390, 'dark', '#/'],
    ['leaderless', 'leaderless', 1280, 'dark', '#/'],
    ['member', 'lagHeld', 900, 'light', '#/email-cluster/member/patroni2'],
  ] as const)('has its picture taken: %s', async (name, scenario, width, colorScheme, hash) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await visit(scenario);
    await page.goto(`${server.url}/${hash}`);
    await page.locator('#timeline canvas').waitFor();
    await page.screenshot({ path: `${PICTURES ?? ''}/${name}.png`, fullPage: true });
  });
});
