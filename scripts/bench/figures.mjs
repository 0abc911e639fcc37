// Numbers for people.
import { cpus, totalmem } from 'node:os';

/** The value below which `part` of the values lie; of an even number the lower one. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
}

export const median = (values) => quantile(values, 0.5);

export const round = (value, digits = 1) => Number(value.toFixed(digits)).toString();

export function machine() {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${process.platform}`;
}

/** A Markdown table: what is printed can be pasted into docs/benchmarks.md. */
export function markdown(head, rows) {
  const cells = [head, head.map(() => '---'), ...rows];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => String(row[column]).length)));
  const line = (row) => `| ${row.map((cell, column) => String(cell).padEnd(widths[column])).join(' | ')} |`;
  return cells
    .map((row, index) => (index === 1 ? `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |` : line(row)))
    .join('\n');
}

export const verdict = (isMet) => (isMet ? 'met' : 'MISSED');
