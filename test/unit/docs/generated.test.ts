import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { API_ERRORS } from '../../../src/api/errors.js';
import { GATE_NAMES } from '../../../src/model/decision.js';
import { PROBLEM_CODES } from '../../../src/model/problem.js';
import { COMMAND_CODES, FILE_CODES, JOURNAL_CODES, LOG_CODES } from '../../../src/docs/codes.js';
import { pages } from '../../../src/docs/pages.js';
import { JOURNAL_ERROR_CODES } from '../../../src/journal/journal-error.js';

const textOf = (file: string): string => pages().find((page) => page.file === file)?.text ?? '';
const codesIn = (text: string): readonly string[] =>
  [...text.matchAll(/^\|[^|]*?`([a-z0-9-]+)` \|/gm)].map((match) => match[1] ?? '');

describe('the generated pages', () => {
  it.each(pages().map((page) => page.file))('%s is in the repository as the tables would write it', (file) => {
    expect(readFileSync(new URL(`../../../docs/generated/${file}`, import.meta.url), 'utf8')).toBe(textOf(file));
  });

  it('name every problem once, and none that does not exist', () => {
    expect([...codesIn(textOf('problems.md'))].sort()).toEqual([...PROBLEM_CODES].sort());
  });

  it('name every gate in its order', () => {
    expect([...textOf('gates.md').matchAll(/^\| \d+ \| `([a-z-]+)`/gm)].map((match) => match[1])).toEqual([
      ...GATE_NAMES,
    ]);
  });

  it('name every action and every error of the API', () => {
    for (const name of Object.keys(ACTIONS)) expect(textOf('actions.md')).toContain(`\`${name}\``);
    for (const { code } of API_ERRORS) expect(textOf('error-codes.md')).toContain(`\`${code}\``);
  });
});

describe('the page of codes', () => {
  const root = new URL('../../../src/', import.meta.url);
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('docs'))
    .map((file) => [file, readFileSync(new URL(file, root), 'utf8')] as const);
  const used = (folder: string, pattern: RegExp): ReadonlySet<string> =>
    new Set(
      sources
        .filter(([file]) => file.startsWith(folder))
        .flatMap(([, text]) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')),
    );
  const sorted = (codes: Iterable<string>): readonly string[] => [...codes].sort();
  const shown = (rows: readonly (readonly [code: string, ...rest: string[]])[]) => sorted(rows.map(([code]) => code));

  it('has each code that a file of configuration can be refused with, and no other', () => {
    const inFiles = used('config', /code: (?:duplicate \? '[a-z-]+' : )?'([a-z-]+)'/g);
    expect(shown(FILE_CODES)).toEqual(sorted([...inFiles, 'duplicate-key']));
  });

  it('has each code that a command can end with, and no other', () => {
    expect(shown(COMMAND_CODES)).toEqual(sorted(used('cli', /new CliError\(\s*'[a-z-]+',\s*'([a-z-]+)'/g)));
  });

  it('has each code of the journal, and no other', () => {
    expect(shown(JOURNAL_CODES)).toEqual(sorted(JOURNAL_ERROR_CODES));
  });

  it('has each code of the log, and no other', () => {
    const logged = used('', /code(?::| =) '([A-Z][A-Z_]+)'/g);
    expect(shown(LOG_CODES)).toEqual(sorted([...logged].filter((code) => code !== 'ECONNRESET')));
  });
});

describe('the runbook that the actions follow', () => {
  const headings = [
    ...readFileSync(new URL('../../../docs/runbook/source.md', import.meta.url), 'utf8').matchAll(/^#+ (.+)$/gm),
  ].map((match) => match[1]?.trim());

  it.each(Object.values(ACTIONS).map((action) => [action.name, action.runbook]))(
    'has the section that %s names',
    (_name, section) => {
      for (const heading of section.split(' > ')) expect(headings).toContain(heading);
    },
  );
});
