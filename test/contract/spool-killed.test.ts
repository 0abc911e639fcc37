import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSpool } from '../../src/notify/spool.js';
import { ended, endWithUs, transpiled, until } from './etcd-support.js';

const SCRIPT = `
import { openSpool } from './src/notify/spool.js';
const spool = openSpool(process.env.SPOOL);
const notice = { key: 'c/i', text: 'x'.repeat(3_000), change: 'opened' };
for (let at = 0; ; at += 1) {
  spool.append([{ t: 'put', id: String(at), channel: 'pager', atMs: at, notice }]);
  // A pipe is written at once: what stands there was kept before.
  process.stdout.write(at + '\\n');
  await new Promise((resolve) => setImmediate(resolve));
}
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ekimi-spool-killed-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('what was kept is there after kill -9, in its order, whatever the process was about to write', async () => {
  const built = transpiled(['model', 'notify']);
  writeFileSync(join(built, 'keeper.js'), SCRIPT);
  const child = spawn(process.execPath, [join(built, 'keeper.js')], {
    env: { ...process.env, SPOOL: join(folder, 'spool') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child, 'SIGKILL');
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until('some are kept', () => said.split('\n').length > 100);
  child.kill('SIGKILL');
  await ended(child);
  const told = said.split('\n').filter((line) => line !== '').length;
  const spool = openSpool(join(folder, 'spool'));
  const kept = spool.outbox.items.map(({ id }) => Number(id));
  spool.close();
  expect(kept.length).toBeGreaterThanOrEqual(told);
  expect(kept).toEqual(kept.map((_id, at) => at));
  expect(spool.unread).toBeLessThanOrEqual(1);
  rmSync(built, { recursive: true });
});
