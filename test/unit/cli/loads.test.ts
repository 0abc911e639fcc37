import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { scratch } from '../../support/scratch.js';
import { CONTRACT_CONFIG } from '../config/files.js';

const run = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { dependencies } = JSON.parse(readFileSync(here('../../../package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const TOKEN = 'a-token-of-enough-length';
const folder = scratch('loads');
const config = join(folder, 'ekimi.yaml');
let server: Server;

beforeAll(async () => {
  const controller = new FakeController(SCENARIOS.healthy());
  const tokens = [{ name: 'dba', role: 'operator', token: TOKEN }] as const;
  const api = { host: '127.0.0.1', port: 0, tokens };
  server = await startServer({
    config: api,
    controller,
    log: SILENT,
    metrics: createMetrics(controller),
    redact: String,
  });
  writeFileSync(config, CONTRACT_CONFIG.replace('127.0.0.1:8470', new URL(server.url).host));
});

afterAll(() => server.close());

interface Loaded {
  readonly out: string;
  /** Of the packages that package.json names. */
  readonly packages: readonly string[];
  /** Of src. */
  readonly folders: readonly string[];
  /** Parts of Node. */
  readonly builtin: readonly string[];
}

const found = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name]) => name ?? '')),
];

/** What the real process loads for this command line. */
async function loadedBy(name: string, ...argv: readonly string[]): Promise<Loaded> {
  const file = join(folder, `${name}.loaded`);
  const { stdout } = await run(
    process.execPath,
    ['--import', here('../../support/list-loaded.mjs'), here('../../../src/cli/main.ts'), ...argv],
    { env: { ...process.env, LOADED_FILE: file, EKIMI_TOKEN: TOKEN, NO_COLOR: '1' } },
  );
  const text = readFileSync(file, 'utf8');
  return {
    out: stdout,
    packages: found(text, /node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//g)
      .filter((row) => Object.hasOwn(dependencies, row))
      .sort(),
    folders: found(text, /\/src\/(\w+)\/[^\n]*\.ts$/gm).sort(),
    builtin: found(text, /^NativeModule (.*)$/gm),
  };
}

const LINE = ['commander', 'picocolors'];
const WITH_CONFIG = [...LINE, 'convict', 'yaml'].sort();
const WITH_TABLE = [...WITH_CONFIG, 'cli-table3'].sort();
/** What only a daemon and a look of one's own need. */
const HEAVY = ['adapters', 'app', 'kernel', 'observe', 'simulator'];

describe('a command loads what it needs, and none of the clients of a cluster', { timeout: 60_000 }, () => {
  it('--version: the command line alone', async () => {
    const { out, packages, folders } = await loadedBy('version', '--version');
    expect(out).toMatch(/^\d+\.\d+\.\d+$/m);
    expect(packages).toEqual(LINE);
    expect(folders).toEqual(['actions', 'cli', 'decide', 'model', 'words']);
  });

  it.each([
    ['status', ['status'], /HEALTHY/, WITH_TABLE],
    ['why', ['why'], /email-cluster at/, WITH_TABLE],
    ['pause', ['pause', '--reason', 'a test'], /./, WITH_CONFIG],
  ] as const)('%s: the configuration and what shows the answer', async (name, argv, shown, needed) => {
    const { out, packages, folders, builtin } = await loadedBy(name, ...argv, '--config', config);
    expect(out).toMatch(shown);
    expect(packages).toEqual(needed);
    expect(folders.filter((row) => HEAVY.includes(row))).toEqual([]);
    // What the first fetch of a process loads: half the processor time of a status.
    expect(builtin).not.toContain('internal/deps/undici/undici');
  });

  it('journal verify: the files alone', async () => {
    const { out, packages, folders } = await loadedBy('verify', 'journal', 'verify', '--journal', folder);
    expect(out).toContain('0 entries');
    expect(packages).toEqual(LINE);
    expect(folders.filter((row) => HEAVY.includes(row))).toEqual([]);
  });
});
