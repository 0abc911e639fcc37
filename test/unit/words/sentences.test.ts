import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { API_ERRORS } from '../../../src/api/errors.js';
import { GAUGES } from '../../../src/api/gauges.js';
import { COUNTERS } from '../../../src/api/metrics/counters.js';
import { ROUTES } from '../../../src/api/routes.js';
import { CATALOGUE } from '../../../src/assess/catalogue.js';
import { GATES } from '../../../src/decide/gates.js';
import { PAGE_GATES } from '../../../src/decide/page-gates.js';

const SRC = join(import.meta.dirname, '../../../src');

/** What has been read as something else, or as nothing. */
const RIDDLES = [
  /grace runs/,
  /look(ing)? again before/,
  /one step, then/,
  /told, not moved/,
  /already so/,
  /going away/,
  /cool-down runs/,
  /conditions must hold/,
  /tenure is ours/,
  /(?:^|\. )The message /,
  /nothing is due/,
];

/** One thought a sentence. A bracket and what stands behind a colon are read apart. */
const MOST_WORDS = 20;

/** How a way out begins: something to do, to type, or to wait for. */
const BEGINNINGS = [
  ...[
    'act',
    'add',
    'approve',
    'ask',
    'bring',
    'call',
    'cancel',
    'check',
    'close',
    'compact',
    'compare',
    'configure',
    'correct',
  ],
  ...[
    'do',
    'drain',
    'enlarge',
    'find',
    'finish',
    'let',
    'look',
    'make',
    'open',
    'rebuild',
    'reinitialize',
    'renew',
    'repair',
  ],
  ...[
    'read',
    'restart',
    'run',
    'see',
    'select',
    'send',
    'set',
    'start',
    'stop',
    'switch',
    'take',
    'try',
    'un-pause',
    'upgrade',
  ],
  ...['wait', 'watch', 'write', 'ekimi'],
];

interface Told {
  readonly where: string;
  readonly text: string;
}

const TABLES: readonly Told[] = [
  ...CATALOGUE.flatMap(({ code, meaning, advice, seenBy }) => [
    { where: `${code}: meaning`, text: meaning },
    { where: `${code}: advice`, text: advice },
    { where: `${code}: seen by`, text: seenBy },
  ]),
  ...GATES.map(({ name, doc }) => ({ where: `gate ${name}`, text: doc })),
  ...Object.entries(PAGE_GATES).map(([name, { because }]) => ({ where: `page gate ${name}`, text: because })),
  ...API_ERRORS.flatMap(({ code, meaning, remedy }) => [
    { where: `${code}: meaning`, text: meaning },
    { where: `${code}: remedy`, text: remedy },
  ]),
  ...ROUTES.map(({ method, path, summary }) => ({ where: `${method} ${path}`, text: summary })),
  ...[...GAUGES, ...Object.values(COUNTERS)].map(({ name, help }) => ({ where: name, text: help })),
];

const sentencesOf = (text: string): readonly string[] =>
  text
    .replace(/\([^)]*\)/g, '')
    .split(/(?<=[.;:?,]) /)
    .flatMap((part) => part.split(/, (?:and|but|or|since|so that|which|whose|who|where|while|until|as) /));

describe('every sentence of the tables', () => {
  it.each(TABLES.map(({ where, text }) => [where, text]))('%s is short and no riddle', (_where, text) => {
    for (const sentence of sentencesOf(text))
      expect(sentence.split(/\s+/).length, sentence).toBeLessThanOrEqual(MOST_WORDS);
    for (const riddle of RIDDLES) expect(text).not.toMatch(riddle);
  });
});

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(SRC, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js)$/.test(file))
    .map((file) => join(folder, file));

/** The beginnings of all texts that an expression can be: of both branches of a choice, of each row of a list. */
function textsOf(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return node.head.text === '' ? [] : [node.head.text];
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(textsOf);
  return [];
}

/** The second argument of each `no(...)`, and each `unblock: ...`. */
function waysOut(file: string): readonly Told[] {
  const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Told[] = [];
  const visit = (node: ts.Node): void => {
    const way =
      ts.isCallExpression(node) && node.expression.getText(source) === 'no'
        ? node.arguments[1]
        : ts.isPropertyAssignment(node) && node.name.getText(source) === 'unblock'
          ? node.initializer
          : undefined;
    if (way !== undefined) {
      const line = source.getLineAndCharacterOfPosition(way.getStart(source)).line + 1;
      found.push(...textsOf(way).map((text) => ({ where: `${file}:${line}`, text })));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const WAYS_OUT = ['decide', 'actions', 'kernel', 'fleet'].flatMap(filesIn).flatMap(waysOut);
const firstWord = (text: string): string => (text.split(/[\s:,;]/)[0] ?? '').toLowerCase();

describe('every way out', () => {
  it('is found where gates say no', () => {
    expect(WAYS_OUT.length).toBeGreaterThan(40);
  });

  it.each(WAYS_OUT.map(({ where, text }) => [where, text]))('%s begins with something to do: %s', (_where, text) => {
    expect(BEGINNINGS).toContain(firstWord(text));
    for (const riddle of RIDDLES) expect(text).not.toMatch(riddle);
  });

  it.each(CATALOGUE.map(({ code, advice }) => [code, advice]))('of %s, which a page repeats: %s', (_code, advice) => {
    expect(BEGINNINGS).toContain(firstWord(advice));
  });
});

/** Texts that are put together, wherever that is. */
const SENTENCES = [
  'api',
  'assess',
  'actions',
  'cli',
  'decide',
  'fleet',
  'kernel',
  'ledger',
  'machines',
  'words',
].flatMap(filesIn);

describe('no riddle stands', () => {
  it.each(SENTENCES)('in %s', (file) => {
    const source = readFileSync(join(SRC, file), 'utf8').replace(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, '');
    for (const riddle of RIDDLES) expect(source).not.toMatch(riddle);
  });
});
