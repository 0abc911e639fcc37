import { table } from '../../../src/docs/page.js';
import { partName, type Part } from './part.js';

/** A test that ran without the part. */
export interface Ran {
  readonly file: string;
  readonly name: string;
  readonly state: 'passed' | 'failed';
  readonly errors: readonly {
    readonly name?: string;
    readonly message: string;
    readonly stacks?: readonly { readonly file: string }[];
  }[];
}

export interface Failure {
  readonly file: string;
  readonly name: string;
  /** The first line of what it said. */
  readonly why: string;
}

export interface Verdict {
  /** Failed by the word of the test. */
  readonly failed: readonly Failure[];
  /** Failed because the code without the part breaks, or does not end: that proves nothing. */
  readonly broken: readonly Failure[];
}

export interface Outcome extends Verdict {
  readonly id: string;
  readonly part: Part;
}

/** A file that could not be loaded stands for its tests under this name. */
export const WHOLE_FILE = '(the whole file)';

const ERRORS_OF_THE_LANGUAGE = ['TypeError', 'ReferenceError', 'SyntaxError', 'RangeError'];

/** A test fails by its own word, unless it ran out of time or an error of the language was thrown in the product. */
export function verdictOf(ran: readonly Ran[], root: string): Verdict {
  const failed: Failure[] = [];
  const broken: Failure[] = [];
  for (const { file, name, state, errors } of ran) {
    if (state !== 'failed') continue;
    const [error] = errors;
    const why = (error?.message ?? '').split('\n')[0] ?? '';
    const isThrownInProduct = error?.stacks?.[0]?.file.startsWith(`${root}src/`) ?? true;
    const isBroken =
      name === WHOLE_FILE ||
      why.startsWith('Test timed out') ||
      (ERRORS_OF_THE_LANGUAGE.includes(error?.name ?? '') && isThrownInProduct);
    (isBroken ? broken : failed).push({ file, name, why });
  }
  return { failed, broken };
}

/** The two cells by which a row of the page is known. */
export const headOf = (id: string, part: Part): readonly string[] => [id, partName(part)];

const shown = ({ failed, broken }: Verdict): string => {
  const [first] = failed;
  if (first === undefined) return broken.length > 0 ? `${NONE}the code breaks without it` : `${NONE}**cannot fail**`;
  const more = failed.length === 1 ? '' : ` (and ${failed.length - 1} more)`;
  return `\`${first.file}\`: ${first.name}${more}`;
};

export interface PageParts {
  /** All cases, in the order of the page. */
  readonly ids: readonly string[];
  /** Of the cases that were run; of all others the rows of the page as it is are kept. */
  readonly outcomes: readonly Outcome[];
  /** The page as it is; empty: there is none. */
  readonly before: string;
  readonly elsewhere: Readonly<Record<string, string>>;
  readonly at: Date;
}

const HEAD = ['case', 'taken out', 'in 0.1.0', 'then fails'];
const NONE = 'none: ';

/** What was taken out, what 0.1.0 did in its place, and which test fails then. */
export function proofsPage({ ids, outcomes, before, elsewhere, at }: PageParts): string {
  const [head = '', line = ''] = table(HEAD, []).split('\n');
  const rows = ids.flatMap((id) => {
    const own = outcomes.filter((one) => one.id === id);
    const cells = own.map((one) => [...headOf(id, one.part), one.part.old, shown(one)]);
    return own.length > 0 ? table(HEAD, cells).split('\n').slice(2) : rowsOf(id, before);
  });
  const proven = rows.filter((row) => !row.includes(`| ${NONE}`)).length;
  return [
    '# Proofs',
    '',
    'Whether the tests of each [case](cases.md) can fail. `npm run prove-cases` takes out, one after the other, what carries a case, and runs the tests that bear its name: one of them must then fail by its own word.',
    '',
    `Last run on ${at.toISOString().slice(0, 10)}: of ${rows.length} parts ${proven} were missed by a test. Of several tests that fail the first is named; dearer ones were not run once a cheap one had failed.`,
    '',
    head,
    line,
    ...rows,
    '',
    '## What no part is taken out for',
    '',
    table(['situation', 'why, and what shows it instead'], Object.entries(elsewhere)),
    '',
    'Written by `npm run prove-cases`; a unit test holds that its rows are those of `test/support/proofs`.',
    '',
  ].join('\n');
}

/** The rows that a page has of a case. */
const rowsOf = (id: string, page: string): readonly string[] =>
  page.split('\n').filter((line) => line.startsWith(`| ${id} |`));
