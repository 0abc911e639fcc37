/** Colours take no column. */
const COLOUR = /\u001b\[\d+m/g;

/** How many columns a text takes, without its colours. */
const widthOf = (text: string): number => text.replace(COLOUR, '').length;

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

/** One line of `columns` at most; what is cut is shown as cut. */
function fit(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 0;
  let cut = '';
  for (const part of text.split(/(\u001b\[\d+m)/)) {
    if (part.startsWith('\u001b')) {
      cut += part;
      continue;
    }
    const room = Math.max(0, columns - 1 - width);
    cut += part.length > room && room > 0 ? `${part.slice(0, room)}…` : part.slice(0, room);
    width += part.length;
  }
  return cut;
}
