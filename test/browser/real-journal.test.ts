import { existsSync, mkdirSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/api/metrics.js';
import { startServer, type Server } from '../../src/api/server.js';
import { aroundOf, BEGINNINGS, isWholePass, pastSnapshot } from '../../src/history/past.js';
import { isOpen } from '../../src/model/incident.js';
import type { JournalEntry } from '../../src/model/entry.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { FakeController } from '../support/fake-controller.js';
import { testPolicy } from '../support/policy.js';
import { recorded } from '../support/recorded.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** To look at them: `JOURNAL_PICTURES=folder`. */
const PICTURES = process.env['JOURNAL_PICTURES'];
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

let browser: Browser;
let page: Page;
let server: Server;
let complaints: string[] = [];

/** The cluster as the journal had it in the middle of its incident: the last whole pass in which one is open and something was decided. */
function middleOf(entries: readonly JournalEntry[]): ClusterSnapshot {
  const snapshots = entries.filter(isWholePass).map((pass) => {
    const before = entries.filter(({ seq, body }) => seq < pass.seq && BEGINNINGS.includes(body.kind));
    const { policy, ...around } = aroundOf(before, pass.body.circumstances.policyHash);
    if (policy === null) throw new Error('the journal has the policy of its passes');
    return pastSnapshot(pass, { ...around, policy });
  });
  const open = snapshots.filter(({ ledger }) => ledger.incidents?.some(isOpen) ?? false);
  const shown = open.filter(({ decisions }) => decisions.length > 0).at(-1) ?? open.at(-1) ?? snapshots.at(-1);
  if (shown === undefined) throw new Error('the journal has no whole pass');
  return shown;
}

async function visit(incident: string, width: number, colorScheme: 'light' | 'dark'): Promise<void> {
  const entries = await recorded(incident);
  const recordedThen = middleOf(entries);
  // A running daemon has a policy of its own version.
  const snapshot = { ...recordedThen, policy: { ...testPolicy(), mode: recordedThen.policy.mode } };
  const controller = new FakeController(snapshot);
  for (const { atMs, body } of entries) controller.write(atMs, body, snapshot.scope);
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [] },
    controller,
    log: QUIET,
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => snapshot.atMs + 700 },
  });
  complaints = [];
  page = await browser.newPage({ viewport: { width, height: 900 } });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.emulateMedia({ colorScheme });
  await page.goto(server.url);
  await page.locator('.live.live').waitFor();
  await page.locator('#timeline canvas').waitFor();
}

describe.skipIf(!existsSync(CHROMIUM))('the dashboard on a real journal', () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
    if (PICTURES !== undefined) mkdirSync(PICTURES, { recursive: true });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await page.close();
    await server.close();
  });

  it.each([
    ['leader-killed-4.1', 320, 'dark'],
    ['leader-frozen-4.1', 768, 'light'],
    ['leader-killed-3.0', 1440, 'dark'],
    ['leader-frozen-4.1', 2560, 'light'],
  ] as const)(
    '%s fits %i pixels (%s), and nothing is cut off or unknown to the page',
    async (incident, width, scheme) => {
      await visit(incident, width, scheme);
      if (PICTURES !== undefined)
        await page.screenshot({ path: `${PICTURES}/${incident}-${width}-${scheme}.png`, fullPage: true });
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
      const body = await page.locator('body').innerText();
      expect(body).not.toMatch(/\bundefined\b|\bNaN\b|\[object Object\]|Invalid Date/);
      const leftOf = async (selector: string): Promise<number> =>
        (await page.locator(selector).first().boundingBox())?.x ?? NaN;
      expect(Math.abs((await leftOf('.band strong')) - (await leftOf('.top .mark')))).toBeLessThan(2);
    },
  );
});
