import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { createMetrics } from '../../src/api/metrics.js';
import { startServer, type Server } from '../../src/api/server.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import type { JournalEntry } from '../../src/model/entry.js';
import { FakeController } from './fake-controller.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** Whether there is a browser; said where there is none. */
export const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser)
  console.error(
    `\n*** SKIPPED: the dashboard's browser tests. No browser at ${CHROMIUM}: install Debian's chromium or set CHROMIUM. ***\n`,
  );

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: ARGS });

/** The real page in a real browser, of the real server on a controller without a cluster. */
export class DashboardPage {
  /** What the browser itself complains of. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    readonly server: Server,
    readonly controller: FakeController,
  ) {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  /** `entries`: what the journal has; then the page's clock stands behind the last of them. `hash`: where a link leads. */
  static async open(
    browser: Browser,
    snapshot: ClusterSnapshot,
    {
      hash = '#/',
      entries = [],
      width = 1280,
      token = true,
      nowMs = null,
      isClosed = false,
    }: {
      readonly hash?: string;
      readonly entries?: readonly JournalEntry[];
      readonly width?: number;
      readonly token?: boolean;
      readonly nowMs?: number | null;
      /** Reading needs a token too, as it does from elsewhere. */
      readonly isClosed?: boolean;
    } = {},
  ): Promise<DashboardPage> {
    const controller = new FakeController(snapshot);
    for (const { atMs, body } of entries) controller.write(atMs, body, snapshot.scope);
    const server = await startServer({
      config: {
        host: '127.0.0.1',
        port: 0,
        openOnLoopback: !isClosed,
        tokens: [
          { name: 'dba', role: 'operator', token: 'touch' },
          { name: 'guest', role: 'viewer', token: 'look' },
        ],
      },
      controller,
      log: QUIET,
      metrics: createMetrics(controller),
      redact: String,
      ...(nowMs === null ? {} : { clock: { now: () => nowMs } }),
    });
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    const opened = new DashboardPage(page, server, controller);
    if (token) await page.addInitScript("sessionStorage.setItem('ekimi-token', 'touch')");
    await page.goto(`${server.url}/${hash}`);
    await page.locator(isClosed && !token ? '.live.locked' : '.live.live').waitFor();
    return opened;
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.server.close();
  }
}
