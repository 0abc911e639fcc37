// What earlier runs showed whose rows are no longer there: sections of the page that are kept as they were written. Pure.

const HEADING = /^### (.*)$/;

/** Sections by their headings, without them. @param {string} text @returns {Record<string, string[]>} */
export function keptIn(text) {
  const sections = {};
  let lines = null;
  for (const line of text.split('\n')) {
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) lines = sections[heading] = [];
    else lines?.push(line);
  }
  return Object.fromEntries(Object.entries(sections).map(([heading, of]) => [heading, trimmed(of)]));
}

/**
 * Each section that was made anew with what is kept of its name below it, in this order of scenarios; then what has no scenario.
 * @param {readonly (readonly string[])[]} fresh with their headings; empty ones are none
 * @param {Record<string, readonly string[]>} kept
 * @param {readonly string[]} order scenarios
 */
export function joined(fresh, kept, order) {
  const made = new Map(
    fresh.flatMap((lines) =>
      lines.length === 0 ? [] : [[HEADING.exec(lines[0])?.[1] ?? '', trimmed(lines.slice(1))]],
    ),
  );
  const headings = [...new Set([...Object.keys(kept), ...made.keys()])];
  const place = (heading) => (order.indexOf(heading.split(',')[0]) + 1 || order.length + 1) * 2 + heading.includes(',');
  return headings
    .sort((a, b) => place(a) - place(b))
    .flatMap((heading) => {
      const [now, before] = [made.get(heading), kept[heading]];
      const earlier = now === undefined || before === undefined ? [] : ['', 'Earlier:', ''];
      return [`### ${heading}`, '', ...(now ?? []), ...earlier, ...(before ?? []), ''];
    });
}

function trimmed(lines) {
  const isText = (line) => line.trim() !== '';
  return lines.slice(Math.max(0, lines.findIndex(isText)), lines.findLastIndex(isText) + 1);
}
