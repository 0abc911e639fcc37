import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { casesIn, type NamedTest } from './cases.js';

/** A text that begins with a case, as the first argument of a call: tests bear names by `it`, `test`, `describe` and their tables, whose rows may name themselves. */
const NAMED = /(?:[([,]|\bname:)\s*(['"`])(\[[A-Z]\d+[^\]]*\](?:\\.|(?!\1).)*)\1/gs;

/** Tests below `folder` whose name begins with a case, in the order of their files; paths are relative to `root`. */
export function namedTests(root: string, folder = 'test'): readonly NamedTest[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      return [...text.matchAll(NAMED)].map((match) => ({
        file: relative(root, path),
        name: (match[2] ?? '').replaceAll(/\\(.)/g, '$1').replaceAll(/\s+/g, ' '),
      }));
    })
    .filter(({ name }) => casesIn(name).length > 0);
}
