/** Colours take no column. */
const COLOUR = /\u001b\[\d+m/g;

/** How many columns a text takes, without its colours. */
export const widthOf = (text: string): number => text.replace(COLOUR, '').length;

/** Lines of `columns` at most, broken at blanks; further lines begin with `indent`. A word that is longer than a line stays whole on one. */
export function wrap(text: string, columns: number, indent = ''): readonly string[] {
  const lead = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = lead;
  let isEmpty = true;
  for (const word of text.slice(lead.length).split(' ')) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line.trimEnd());
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
}
