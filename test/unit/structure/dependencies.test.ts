import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
};
const rows = read('docs/dependencies.md')
  .split('\n')
  .filter((line) => line.startsWith('| '));

it.each(Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))(
  'docs/dependencies.md says why %s is there, with its version',
  (name, version) => {
    const row = rows.find((line) => (line.split('|')[1] ?? '').split(',').some((cell) => cell.trim() === name));
    expect(row).toContain(version);
  },
);

it('every version is exact', () => {
  const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});
