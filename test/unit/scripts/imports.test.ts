import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url).pathname;
const IMPORT = /import \{ ([^}]+) \} from '\.\.\/\.\.\/dist\/([^']+)\.js';/g;

/** What the scripts take from the build: they are plain JavaScript, so that no compiler sees a name that has moved. */
const taken = ['scripts/bench', 'lab/measure'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.mjs'))
    .flatMap((name) =>
      [...readFileSync(join(ROOT, folder, name), 'utf8').matchAll(IMPORT)].map(([, names = '', module = '']) => ({
        script: `${folder}/${name}`,
        module,
        names: names.split(',').map((one) => one.trim()),
      })),
    ),
);

describe('what a script takes from the build', () => {
  it('is found by this test', () => {
    expect(taken.length).toBeGreaterThan(5);
  });

  // The first one compiles everything that the daemon is made of.
  it.each(taken)('$script: dist/$module has $names', { timeout: 60_000 }, async ({ module, names }) => {
    const found = (await import(`${ROOT}src/${module}.ts`)) as Record<string, unknown>;
    for (const name of names) expect(Object.keys(found)).toContain(name);
  });
});
