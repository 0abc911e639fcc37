import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { httpChannel } from '../../src/adapters/notify/http.js';
import type { Notice, NotifyChannel } from '../../src/model/notify.js';
import { written } from '../../src/notify/formats.js';
import { notice } from '../unit/notify/notices.js';

/** Where Debian has it, or where it lies unpacked. */
const ALERTMANAGER = process.env['ALERTMANAGER'] ?? '/usr/bin/prometheus-alertmanager';
const folder = mkdtempSync(join(tmpdir(), 'ekimi-alertmanager-'));

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(!existsSync(ALERTMANAGER))('a real Alertmanager', () => {
  let process: ChildProcess;
  let channel: Extract<NotifyChannel, { kind: 'alertmanager' }>;

  beforeAll(async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    channel = { kind: 'alertmanager', name: 'am', url, auth: null, tls: null };
    writeFileSync(join(folder, 'am.yml'), 'route: { receiver: none }\nreceivers: [{ name: none }]\n');
    process = spawn(
      ALERTMANAGER,
      [
        `--config.file=${join(folder, 'am.yml')}`,
        `--storage.path=${folder}`,
        `--web.listen-address=${new URL(url).host}`,
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    );
    await vi.waitFor(
      async () => {
        expect((await fetch(`${url}/-/ready`)).status).toBe(200);
      },
      { timeout: 20_000 },
    );
  }, 30_000);
  afterAll(async () => {
    // It writes into its folder until it has ended.
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const send = (change: Partial<Notice>) => {
    const nowMs = Date.now();
    return httpChannel(channel, 5_000).send(
      written(channel, [notice({ sinceMs: nowMs - 60_000, atMs: nowMs, ...change })], nowMs),
      nowMs,
    );
  };
  const firing = async (): Promise<readonly string[]> => {
    const alerts = (await (await fetch(`${channel.url}/api/v2/alerts?active=true`)).json()) as readonly Alert[];
    return alerts.map(
      ({ labels }) => `${labels['alertname'] ?? ''} ${labels['incident'] ?? ''} ${labels['severity'] ?? ''}`,
    );
  };
  const KEY = 'EkimiIncident email-cluster/7f3a19c2';

  it('shows one alert for an incident, of its present level, until its end', async () => {
    expect(await send({ level: 'warning' })).toEqual({ kind: 'sent' });
    await expect.poll(firing).toEqual([`${KEY} warning`]);
    expect(await send({ change: 'changed', level: 'critical', code: 'leaderless' })).toEqual({ kind: 'sent' });
    await expect.poll(firing).toEqual([`${KEY} critical`]);
    expect(await send({ change: 'reminder', level: 'critical' })).toEqual({ kind: 'sent' });
    await expect.poll(firing).toEqual([`${KEY} critical`]);
    expect(await send({ change: 'ended', isLast: true, level: 'critical' })).toEqual({ kind: 'sent' });
    await expect.poll(firing).toEqual([]);
  });

  it('takes hostile names as text', async () => {
    const subject = '"}<script>\r\n';
    expect(await send({ key: 'email-cluster/x', subject, text: subject })).toEqual({ kind: 'sent' });
    await expect.poll(firing).toEqual(['EkimiIncident email-cluster/x critical']);
  });
});
