import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { CASES } from '../../../src/docs/cases.js';
import { PROVEN } from '../../support/proofs/cases.js';
import { headOf, proofsPage, verdictOf, WHOLE_FILE, type Ran } from '../../support/proofs/page.js';
import { allOf, body, partName, row, text, without } from '../../support/proofs/part.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
const parts = Object.entries(PROVEN).flatMap(([id, own]) => own.map((part) => ({ id, part, what: partName(part) })));

const isWhole = (source: string): boolean =>
  ts.transpileModule(source, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2023 } })
    .diagnostics?.length === 0;

describe('what carries a case', () => {
  it('is named for every case', () => {
    expect(Object.keys(PROVEN).sort()).toEqual(Object.keys(CASES).sort());
    expect(Object.entries(PROVEN).filter(([, own]) => own.length === 0)).toEqual([]);
  });

  it.each(parts)('$id: $what is there, once', ({ part }) => {
    const all = allOf(part);
    for (const one of all) expect(without(read(one.file), one)).not.toBe(read(one.file));
    expect(new Set(all.map(({ file }) => file)).size).toBe(all.length);
  });

  it('has a row on the page of proofs, and every row there is still carried so: else run npm run prove-cases', () => {
    const rows = read('docs/generated/proofs.md')
      .split('\n## ')[0]!
      .split('\n')
      .filter((line) => /^\| [A-Z]\d+ \|/.test(line));
    const heads = parts.map(
      ({ id, part }) =>
        `| ${headOf(id, part)
          .map((cell) => cell.replaceAll('|', '\\|'))
          .join(' | ')} |`,
    );
    expect(rows.map((line) => heads.find((head) => line.startsWith(head)) ?? line)).toEqual(heads);
    expect(rows.filter((line) => line.includes('| none: '))).toEqual([]);
  });
});

const SOURCE = `
const TABLE = { one: 1, 'two-three': 2 };
const LIST = [{ name: 'first', x: 1 }, second, ['third', () => 1]];
export function doubled(x: number): number {
  return 2 * x;
}
const tripled = (x: number): number => 3 * x;
`;

describe('a part is taken out', () => {
  it.each([
    [body('f.ts', 'doubled', 'x'), '{ return (x); }', '2 * x'],
    [body('f.ts', 'tripled', 'x'), '=> (x);', '3 * x'],
    [row('f.ts', 'two-three'), '{ one: 1,  }', "'two-three'"],
    [row('f.ts', 'first'), '[ second', "'first'"],
    [row('f.ts', 'second'), "x: 1 },  ['third'", 'second'],
    [row('f.ts', 'third'), 'second, ]', "'third'"],
    [text('f.ts', '2 * x', 'x'), 'return x;', '2 * x'],
  ])('%j', (part, there, gone) => {
    const then = without(SOURCE, part);
    expect(then).toContain(there);
    expect(then).not.toContain(gone);
    expect(isWhole(then)).toBe(true);
  });

  it.each([body('f.ts', 'none', '1'), row('f.ts', 'none'), text('f.ts', 'none', ''), text('f.ts', 'x: number', '')])(
    'and one that is not there just once is told: %j',
    (part) => {
      expect(() => without(SOURCE, part)).toThrow('expected once');
    },
  );
});

describe('a test that fails without the part', () => {
  const ran = (name: string, message: string, file: string, test = 'a test'): Ran => ({
    file: 'test/unit/a.test.ts',
    name: test,
    state: 'failed',
    errors: [{ name, message, stacks: [{ file }] }],
  });
  const verdict = (one: Ran) => verdictOf([one], '/here/');

  it.each<[string, Ran]>([
    ['by an assertion', ran('AssertionError', 'expected 1 to be 2\nand more', '/here/test/unit/a.test.ts')],
    ['by what the product throws on purpose', ran('Error', 'no such member', '/here/src/kernel/a.ts')],
    ['since it finds nothing to look at', ran('TypeError', 'of undefined', '/here/test/unit/a.test.ts')],
  ])('proves it %s', (_how, one) => {
    expect(verdict(one).failed).toHaveLength(1);
  });

  it.each<[string, Ran]>([
    ['when the product breaks', ran('TypeError', 'x is not a function', '/here/src/kernel/a.ts')],
    ['when it does not end', ran('Error', 'Test timed out in 60000ms.', '/here/test/unit/a.test.ts')],
    ['when its file cannot be loaded', ran('Error', 'unexpected token', '/here/test/unit/a.test.ts', WHOLE_FILE)],
  ])('proves nothing %s', (_how, one) => {
    expect(verdict(one)).toMatchObject({ failed: [], broken: [{ file: 'test/unit/a.test.ts' }] });
  });

  it('and one that passes proves nothing', () => {
    expect(verdict({ file: 'a', name: 'b', state: 'passed', errors: [] })).toEqual({ failed: [], broken: [] });
  });
});

describe('the page of proofs', () => {
  const part = text('src/a.ts', 'a | b', '');
  const failed = [{ file: 'test/unit/a.test.ts', name: '[W1] a test', why: '' }];
  const of = (id: string, by: typeof failed) => ({ id, part, failed: by, broken: [] });
  const write = (before: string, ...outcomes: readonly ReturnType<typeof of>[]): string =>
    proofsPage({ ids: ['W1', 'W2'], outcomes, before, elsewhere: { x: 'y' }, at: new Date(0) });
  const rows = (page: string): readonly string[] => page.split('\n').filter((line) => /^\| W\d \|/.test(line));

  it('has a row for each part, and says which no test misses', () => {
    const page = write('', of('W1', failed), of('W2', []));
    expect(page).toContain('of 2 parts 1 were missed by a test');
    expect(rows(page)).toEqual([
      '| W1 | `a \\| b` of `src/a.ts` | not there | `test/unit/a.test.ts`: [W1] a test |',
      '| W2 | `a \\| b` of `src/a.ts` | not there | none: **cannot fail** |',
    ]);
  });

  it('keeps the rows of the cases that were not run', () => {
    const page = write('', of('W1', failed), of('W2', []));
    const again = write(page, of('W2', failed));
    expect(rows(again)[0]).toBe(rows(page)[0]);
    expect(again).toContain('of 2 parts 2 were missed by a test');
  });
});
