import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { API_ERRORS } from '../../../src/api/errors.js';
import { GATE_NAMES } from '../../../src/model/decision.js';
import { PROBLEM_CODES } from '../../../src/model/problem.js';
import { pages } from '../../../src/docs/pages.js';

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
