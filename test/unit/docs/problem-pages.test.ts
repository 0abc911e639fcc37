import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROBLEM_PAGES } from '../../../src/docs/problem-pages.js';
import { PROBLEM_CODES } from '../../../src/model/problem.js';

const folder = new URL('../../../docs/runbook/problems/', import.meta.url);
const LEAST_WORDS = 20;

/** Page and paragraph under each heading of the second level, as often as there is one. */
const paragraphs = readdirSync(folder).flatMap((file) =>
  readFileSync(new URL(file, folder), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [heading = '', ...lines] = part.split('\n');
      return { page: file.replace(/\.md$/, ''), heading, text: lines.join(' ').trim() };
    }),
);

describe('the pages of problems', () => {
  it.each(PROBLEM_CODES)('have one paragraph about %s, where its row leads', (code) => {
    const [found, ...more] = paragraphs.filter(({ heading }) => heading === code);
    expect(more).toEqual([]);
    expect(found?.page).toBe(PROBLEM_PAGES[code]);
    expect(found?.text.split(/\s+/).length).toBeGreaterThanOrEqual(LEAST_WORDS);
    expect(found?.text).toMatch(/\bOver\b/);
  });

  it('have none about what is no problem', () => {
    const codes: readonly string[] = PROBLEM_CODES;
    expect(paragraphs.map(({ heading }) => heading).filter((heading) => !codes.includes(heading))).toEqual([]);
  });

  it('are all in the list of the runbook', () => {
    const list = readFileSync(new URL('../README.md', folder), 'utf8');
    for (const page of new Set(Object.values(PROBLEM_PAGES))) expect(list).toContain(`(problems/${page}.md)`);
  });
});
