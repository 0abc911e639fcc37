import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

const below = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:md|ya?ml|json|service|sh)$/.test(name))
    .map((name) => `${folder}/${name}`);

describe('the version', () => {
  it('is one in the package, its lock and the first heading of the changelog', () => {
    const lock = JSON.parse(read('package-lock.json')) as {
      version: string;
      packages: Readonly<Record<string, { version?: string }>>;
    };
    const [, heading] = /^## (\d+\.\d+\.\d+)/m.exec(read('CHANGELOG.md')) ?? [];
    expect([lock.version, lock.packages['']?.version, heading]).toEqual([version, version, version]);
  });

  it('is that of every image and package that a manifest or a page names', () => {
    const named = ['README.md', ...below('docs'), ...below('config')].flatMap((file) =>
      [...read(file).matchAll(/\bekimi[:-](\d+\.\d+\.\d+)\b/g)].map(([, found]) => `${file} ${found ?? ''}`),
    );
    expect(named.filter((one) => !one.endsWith(` ${version}`))).toEqual([]);
    expect(named.length).toBeGreaterThanOrEqual(5);
  });
});
