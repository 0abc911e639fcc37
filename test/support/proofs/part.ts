import ts from 'typescript';
import type { ProblemCode } from '../../../src/model/problem.js';

/** Where a part stands in its file, and what stands there when it is taken out. */
type Place =
  /** The body of the only function of this name gives this expression; its parameters stay in reach. */
  | { readonly function: string; readonly gives: string }
  /** The only row of a table with this key, or with this `name` or `code`, or this element of a list: it is left out. */
  | { readonly row: string }
  /** This text, which stands there once. */
  | { readonly text: string; readonly was: string };

/**
 * What carries the mending of a case: with this taken out the code does what 0.1.0 did, as far as the case is concerned. `old` says what that
 * was; `ABSENT`: 0.1.0 had nothing of the kind, so that to take it out is exactly 0.1.0.
 */
export type Part = {
  readonly file: string;
  readonly old: string;
  /** Taken out together with it: each of them alone holds the case too. In other files. */
  readonly also?: readonly Part[];
} & Place;

const ABSENT = 'not there';

/** No assessor says anything of this problem: nothing in 0.1.0 did. */
export const problem = (code: ProblemCode): Part => ({
  file: 'src/assess/assess.ts',
  text: 'return [...findings, ...assessAllReplicas(input, findings)];',
  was: `return [...findings, ...assessAllReplicas(input, findings)].filter(({ code }) => code !== '${code}');`,
  old: ABSENT,
});

export const row = (file: string, name: string, old: string = ABSENT): Part => ({ file, row: name, old });

export const body = (file: string, name: string, gives: string, old: string = ABSENT): Part => ({
  file,
  function: name,
  gives,
  old,
});

export const text = (file: string, now: string, was: string, old: string = ABSENT): Part => ({
  file,
  text: now,
  was,
  old,
});

/** Each of these holds the case by itself, so that only without all of them a test can fail. Of different files. */
export const together = (part: Part, ...also: readonly Part[]): Part => ({ ...part, also });

/** Itself and what is taken out with it. */
export const allOf = (part: Part): readonly Part[] => [part, ...(part.also ?? [])];

/** A few words for the page: what was taken out. */
export const partName = (part: Part): string => allOf(part).map(oneName).join(', and ');

function oneName(part: Part): string {
  const told = /code !== '([a-z-]+)'\);$/.exec('was' in part ? part.was : '')?.[1];
  if (told !== undefined) return `problem \`${told}\``;
  if ('function' in part) return `\`${part.function}\` of \`${part.file}\` gives \`${part.gives}\``;
  if ('row' in part) return `row \`${part.row}\` of \`${part.file}\``;
  return part.was === ''
    ? `\`${oneLine(part.text)}\` of \`${part.file}\``
    : `\`${oneLine(part.text)}\` of \`${part.file}\` is \`${oneLine(part.was)}\``;
}

const oneLine = (words: string): string => words.trim().replaceAll(/\s+/g, ' ');

/** The file without the part. Throws where the part is not there, or not just once: then nobody knows what carries the case. */
export function without(source: string, part: Part): string {
  const spans = spansOf(source, part);
  const [span] = spans;
  if (span === undefined || spans.length > 1)
    throw new Error(`${oneName(part)}: it is there ${spans.length} times, expected once`);
  return source.slice(0, span.from) + span.instead + source.slice(span.to);
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly instead: string;
}

function spansOf(source: string, part: Part): readonly Span[] {
  if ('text' in part) {
    const spans: Span[] = [];
    for (let from = source.indexOf(part.text); from !== -1; from = source.indexOf(part.text, from + 1))
      spans.push({ from, to: from + part.text.length, instead: part.was });
    return spans;
  }
  const tree = ts.createSourceFile(part.file, source, ts.ScriptTarget.Latest, true);
  return 'function' in part ? functions(tree, part.function, part.gives) : rows(tree, part.row);
}

/** A declaration, a constant or property that is an arrow function, or a method. */
function functions(tree: ts.SourceFile, name: string, gives: string): readonly Span[] {
  const spans: Span[] = [];
  visit(tree, (node) => {
    if (!ts.isFunctionDeclaration(node) && !ts.isMethodDeclaration(node) && !ts.isArrowFunction(node)) return;
    const named = ts.isArrowFunction(node) ? node.parent : node;
    const isIt =
      (ts.isVariableDeclaration(named) ||
        ts.isPropertyAssignment(named) ||
        ts.isPropertyDeclaration(named) ||
        ts.isFunctionDeclaration(named) ||
        ts.isMethodDeclaration(named)) &&
      named.name?.getText(tree) === name;
    if (!isIt || node.body === undefined) return;
    const instead = ts.isBlock(node.body) ? `{ return (${gives}); }` : `(${gives})`;
    spans.push({ from: node.body.getStart(tree), to: node.body.getEnd(), instead });
  });
  return spans;
}

function rows(tree: ts.SourceFile, name: string): readonly Span[] {
  const spans: Span[] = [];
  visit(tree, (node) => {
    const isList = ts.isArrayLiteralExpression(node.parent);
    if (!isRow(node, isList, name, tree)) return;
    const after = /^\s*,/.exec(tree.text.slice(node.getEnd()))?.[0].length ?? 0;
    spans.push({ from: node.getStart(tree), to: node.getEnd() + after, instead: '' });
  });
  return spans;
}

function isRow(node: ts.Node, isList: boolean, name: string, tree: ts.SourceFile): boolean {
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node))
    return unquoted(node.name, tree) === name;
  if (!isList) return false;
  if (ts.isArrayLiteralExpression(node))
    return node.elements[0] !== undefined && unquoted(node.elements[0], tree) === name;
  if (ts.isObjectLiteralExpression(node))
    return node.properties.some(
      (property) =>
        ts.isPropertyAssignment(property) &&
        ['name', 'code', 'part'].includes(property.name.getText(tree)) &&
        unquoted(property.initializer, tree) === name,
    );
  // The head of a row that is a list is the row's name.
  return !ts.isArrayLiteralExpression(node.parent.parent) && unquoted(node, tree) === name;
}

const unquoted = (node: ts.Node, tree: ts.SourceFile): string => node.getText(tree).replaceAll(/^['"]|['"]$/g, '');

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  ts.forEachChild(node, (child) => {
    see(child);
    visit(child, see);
  });
}
