import type { ReportDocument, ReportSection } from '../model/report-document.js';
import { clean } from './clean.js';

const widthsOf = ({ head, rows }: ReportSection): readonly number[] =>
  head.map((title, column) => Math.max(title.length, ...rows.map((row) => clean(row[column] ?? '').length)));

/** For a terminal or a plain mail. What a cluster or a person wrote cannot command the terminal. */
export function reportText({ title, summary, sections }: ReportDocument): string {
  const table = (section: ReportSection): readonly string[] => {
    const widths = widthsOf(section);
    const line = (cells: readonly string[]): string =>
      `  ${cells.map((cell, column) => clean(cell).padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
    return ['', section.title.toUpperCase(), `  ${section.note}`, line(section.head), ...section.rows.map(line)];
  };
  return [clean(title), '', ...summary.map(clean), ...sections.flatMap(table)].join('\n');
}

/** A cell ends at a bar, and a browser that shows Markdown takes tags. */
const inMarkdown = (text: string): string =>
  clean(text)
    .replace(/[\\`*_[\]|#~!]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');

export function reportMarkdown({ title, summary, sections }: ReportDocument): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(inMarkdown).join(' | ')} |`;
  const table = ({ title: name, note, head, rows }: ReportSection): readonly string[] => [
    '',
    `## ${inMarkdown(name)}`,
    '',
    inMarkdown(note),
    '',
    row(head),
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map(row),
  ];
  return [`# ${inMarkdown(title)}`, '', ...summary.map(inMarkdown), ...sections.flatMap(table)].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const inHtml = (text: string): string => clean(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');

const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
  'table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8886;vertical-align:top}';

/** One static file: no script, nothing loaded from elsewhere. */
export function reportHtml({ title, summary, sections }: ReportDocument): string {
  const row = (cells: readonly string[], cell: 'td' | 'th'): string =>
    `<tr>${cells.map((text) => `<${cell}>${inHtml(text)}</${cell}>`).join('')}</tr>`;
  const table = ({ title: name, note, head, rows }: ReportSection): string =>
    [
      `<h2>${inHtml(name)}</h2>`,
      `<p>${inHtml(note)}</p>`,
      `<table><thead>${row(head, 'th')}</thead><tbody>`,
      ...rows.map((cells) => row(cells, 'td')),
      '</tbody></table>',
    ].join('\n');
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${inHtml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${inHtml(title)}</h1>`,
    ...summary.map((sentence) => `<p>${inHtml(sentence)}</p>`),
    ...sections.map(table),
    '</body></html>',
  ].join('\n');
}
