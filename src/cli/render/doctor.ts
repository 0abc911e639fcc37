import { counted } from '../../words/amounts.js';
import type { ConfigReport, DoctorRow } from '../backend.js';
import type { Level } from '../../api/overview.js';
import { bold, byLevel, clean, dim, type Style } from './paint.js';
import { wrap } from './wrap.js';

const MARK: Readonly<Record<DoctorRow['verdict'], readonly [Level | 'info', string]>> = {
  ok: ['ok', 'ok  '],
  warn: ['warning', 'WARN'],
  fail: ['critical', 'FAIL'],
  off: ['info', 'off '],
};

const EVERY = 'every action';

/** Of several clusters each row says whose it is. */
const nameOf = ({ scope, check }: DoctorRow): string => clean(scope === undefined ? check : `${scope}: ${check}`);

/** `ekimi doctor`: a row a check, what it takes away, what mends it, and a sum. Rows in a line that are mended alike say so once, at the last. */
export function renderDoctor(rows: readonly DoctorRow[], style: Style): string {
  const width = Math.max(0, ...rows.map((row) => nameOf(row).length));
  const indent = ' '.repeat(width + 8);
  // A command is copied from here: it stays on one line where the terminal is too narrow for a column of text.
  const columns = Math.max(style.columns, indent.length + 50);
  const below = (label: string, text: string): readonly string[] =>
    wrap(`${label}: ${clean(text)}`, columns - indent.length);
  const lines = rows.flatMap((row, index) => {
    const [level, mark] = MARK[row.verdict];
    const head = `${byLevel(style, level, mark)}  ${nameOf(row).padEnd(width)}  ${clean(row.detail)}`;
    const next = rows[index + 1];
    const isSaidBelow = next?.remedy === row.remedy && next?.scope === row.scope;
    return [
      ...wrap(head, columns, indent),
      ...(row.disables.length === 0 ? [] : below('disables', row.disables.join(', '))).map((line) =>
        dim(style, `${indent}${line}`),
      ),
      ...(row.remedy === undefined || isSaidBelow ? [] : below('to mend', row.remedy)).map(
        (line) => `${indent}${line}`,
      ),
    ];
  });
  const count = (verdict: DoctorRow['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
  const disabled = [...new Set(rows.flatMap((row) => row.disables))].sort();
  return [
    ...lines,
    '',
    bold(
      style,
      `${count('ok')} ok, ${counted(count('warn'), 'warning')}, ${counted(count('fail'), 'failure')}, ${count('off')} off`,
    ),
    disabled.length === 0
      ? 'Every action can run, as far as the policy lets it.'
      : `Cannot run: ${disabled.includes(EVERY) ? EVERY : clean(disabled.join(', '))}.`,
  ].join('\n');
}

export const doctorFails = (rows: readonly DoctorRow[]): boolean => rows.some((row) => row.verdict === 'fail');

/** `ekimi config check`. */
export function renderConfigReport(report: ConfigReport, style: Style): string {
  return report.files
    .flatMap(({ file, faults, warnings }) => [
      `${faults.length === 0 ? byLevel(style, 'ok', 'valid  ') : byLevel(style, 'critical', 'INVALID')}  ${bold(style, clean(file))}`,
      ...faults.map((fault) => `  ${byLevel(style, 'critical', 'fault')}: ${clean(fault)}`),
      ...warnings.map((warning) => `  ${byLevel(style, 'warning', 'warning')}: ${clean(warning)}`),
    ])
    .join('\n');
}

export const configFails = (report: ConfigReport): boolean => report.files.some((file) => file.faults.length > 0);
