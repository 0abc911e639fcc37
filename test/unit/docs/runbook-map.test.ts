import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS, HEADINGS } from '../../../src/docs/runbook-map.js';

const SOURCE = readFileSync(new URL('../../../docs/runbook/source.md', import.meta.url), 'utf8').split('\n');

/** Lines outside and inside of code, with the heading above each. */
const lines = (() => {
  let isCode = false;
  let heading = '';
  return SOURCE.map((text) => {
    if (text.startsWith('```')) isCode = !isCode;
    if (!isCode && text.startsWith('#')) heading = text.replace(/^#+ /u, '');
    return { text, isCode, heading, isHeading: !isCode && text.startsWith('#') };
  });
})();

const commandsUnder = (of: string): readonly string[] =>
  lines
    .filter(({ isCode, heading, text }) => isCode && heading === of && !text.trim().startsWith('#'))
    .flatMap(({ text }) => /(?:curl|docker exec|\.\/manage-cluster\.sh) .*/u.exec(text)?.[0] ?? []);

const rowsOf = (of: (typeof COMMANDS)[number]['where']): readonly string[] =>
  COMMANDS.filter(({ where }) => where === of).map(({ command }) => command);

describe('the map of the source manual', () => {
  it('has every heading, in its order, and none that is not there', () => {
    expect(HEADINGS.map(({ heading }) => heading)).toEqual(
      lines.filter(({ isHeading }) => isHeading).map(({ heading }) => heading),
    );
  });

  it('has every verb of manage-cluster.sh', () => {
    const verbs = [...SOURCE.join('\n').matchAll(/manage-cluster\.sh (\w+)/gu)].map(([, verb]) => verb);
    expect([...new Set(verbs)].sort()).toEqual([...rowsOf('manage-cluster.sh')].sort());
  });

  it.each(['Health Check Script', 'Common Commands'] as const)('has every command of %s', (where) => {
    const found = commandsUnder(where);
    expect(found.length).toBeGreaterThan(3);
    const known = rowsOf(where);
    expect(found.filter((text) => !known.some((command) => text.startsWith(command)))).toEqual([]);
    expect(known.filter((command) => !found.some((text) => text.startsWith(command)))).toEqual([]);
  });
});
