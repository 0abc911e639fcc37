import type { StoryLine, StoryWord } from '../../words/story.js';
import { bold, byTone, clean, dim, type Style } from './paint.js';
import { wrap } from './wrap.js';

const MOST_COLUMNS = 80;
const INDENT = ' '.repeat(10);
const columnsOf = (style: Style): number => Math.min(style.columns, MOST_COLUMNS);

/** What `ekimi demo` says before the story begins. */
export const demoHead = (url: string, style: Style, called = 'ekimi'): string =>
  [
    `${bold(style, 'ekimi demo')}: a simulated cluster, the real controller; nothing else is touched.`,
    `Page: ${bold(style, url)}  token: ${bold(style, 'demo')}  ${dim(style, 'end with Ctrl-C')}`,
    dim(style, `Evidence and gates: ${called} why --url ${url}`),
  ].join('\n');

const since = (atMs: number, startedAtMs: number): string =>
  `${((atMs - startedAtMs) / 1000).toFixed(1).padStart(6)} s  `;

/** What the script itself says, set apart from what the controller does. */
export const demoSay = (text: string, atMs: number, startedAtMs: number, style: Style): string => {
  const [first = '', ...rest] = wrap(`${since(atMs, startedAtMs)}${clean(text)}`, columnsOf(style), INDENT);
  return [
    '',
    dim(style, first.slice(0, INDENT.length)) + bold(style, first.slice(INDENT.length)),
    ...rest.map((one) => bold(style, one)),
  ].join('\n');
};

const QUIET: readonly StoryWord[] = ['STEP', 'NOTE'];

/** One line of the story and, where it is longer than 80 columns, what is left of it, indented. A step stands below its action. */
export function demoLine(line: StoryLine, startedAtMs: number, url: string, style: Style, called = 'ekimi'): string {
  const word = QUIET.includes(line.word) ? '' : `${line.word.padEnd(5)} `;
  const head = line.word === 'STEP' ? `${INDENT}  ` : since(line.atMs, startedAtMs);
  const further = `${INDENT}      `;
  const lines = wrap(
    `${head}${word}${clean(line.text)}`,
    columnsOf(style),
    line.word === 'STEP' ? `${further}  ` : further,
  );
  const painted = lines.map((text) => byTone(style, line.tone, text));
  return [...painted, ...(line.approval === undefined ? [] : approving(line.approval, url, called))].join('\n');
}

/** As it is typed: the token of the demo is no secret. */
const approving = (id: string, url: string, called: string): readonly string[] => [
  `${INDENT}      Approve it on the page with the token "demo", or type:`,
  `${INDENT}      EKIMI_TOKEN=demo ${called} approve ${clean(id)} \\`,
  `${INDENT}        --reason "I have looked" --url ${url}`,
];

/** What the story ends with. */
export const demoEnd = (summary: readonly string[], style: Style): string =>
  [
    '',
    bold(style, 'What came of it'),
    ...summary.flatMap((text) => wrap(`  ${text}`, columnsOf(style), ' '.repeat(21))),
    '',
    dim(style, 'The cluster goes on; look at the page, or end with Ctrl-C.'),
  ].join('\n');
