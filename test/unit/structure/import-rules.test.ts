import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ekimi-rules-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** One planted violation a rule: a rule that nothing can break guards nothing. */
const PLANTED = [
  [
    'pure-no-builtins',
    'src/decide/planted.ts',
    "import { readFileSync } from 'node:fs';\nexport const planted = readFileSync;\n",
  ],
  [
    'pure-stays-pure',
    'src/assess/planted.ts',
    "import { systemClock } from '../adapters/clock.js';\nexport const planted = systemClock;\n",
  ],
  ['pure-no-npm', 'src/actions/planted.ts', "import { parse } from 'yaml';\nexport const planted = parse;\n"],
  ['shapes-in-actions', 'src/replay/planted.ts', "import { z } from 'zod';\nexport const planted = z;\n"],
  ['machines-only-xstate', 'src/machines/planted.ts', "import { parse } from 'yaml';\nexport const planted = parse;\n"],
  [
    'rows-take-units-from-words',
    'src/verify/planted.ts',
    "import { narrate } from '../words/narrate.js';\nexport const planted = narrate;\n",
  ],
  [
    'history-only-tells',
    'src/replay/planted-history.ts',
    "import { markOf } from '../history/marks.js';\nexport const planted = markOf;\n",
  ],
  [
    'words-for-who-tells',
    'src/observe/planted.ts',
    "import { openDaemon } from '../app/daemon.js';\nimport { spanText } from '../words/amounts.js';\nexport const planted = [openDaemon, spanText];\n",
  ],
  [
    'clients-in-adapters',
    'src/kernel/planted.ts',
    "import { Agent } from 'undici';\nimport { loop } from '../fleet/loop.js';\nexport const planted = [Agent, loop];\n",
  ],
  [
    'adapters-know-ports',
    'src/adapters/planted.ts',
    "import { GATES } from '../decide/gates.js';\nexport const planted = GATES;\n",
  ],
  [
    'adapters-named-in-wiring',
    'src/api/planted.ts',
    "import { systemClock } from '../adapters/clock.js';\nexport const planted = systemClock;\n",
  ],
  [
    'kernel-knows-no-caller',
    'src/kernel/planted.ts',
    "import { Agent } from 'undici';\nimport { loop } from '../fleet/loop.js';\nexport const planted = [Agent, loop];\n",
  ],
  [
    'fleet-knows-no-caller',
    'src/fleet/planted.ts',
    "import { openDaemon } from '../app/daemon.js';\nexport const planted = openDaemon;\n",
  ],
  [
    'app-is-the-top',
    'src/observe/planted.ts',
    "import { openDaemon } from '../app/daemon.js';\nimport { spanText } from '../words/amounts.js';\nexport const planted = [openDaemon, spanText];\n",
  ],
] as const;

describe('the import rules', () => {
  for (const path of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs'])
    cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [, file, text] of PLANTED) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const run = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'json',
      'src',
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  const { summary } = JSON.parse(run.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };

  it.each(PLANTED.map(([rule, file]) => [rule, file]))('%s catches what was planted in %s', (rule, file) => {
    expect(summary.violations.some((violation) => violation.rule.name === rule && violation.from === file)).toBe(true);
  });
});
