import { counted } from '../../words/amounts.js';
import type { ConfigReport, DoctorRow } from '../backend.js';
import type { Level } from '../../api/overview.js';
import { bold, byLevel, clean, dim, type Style } from './paint.js';

const MARK: Readonly<Record<DoctorRow['verdict'], readonly [Level | 'info', string]>> = {
  ok: ['ok', 'ok  '],
  warn: ['warning', 'WARN'],
  fail: ['critical', 'FAIL'],
  off: ['info', 'off '],
};

/** `ekimi doctor`: a row a check, what it takes away, and a sum that says what to mend first. */
export function renderDoctor(rows: readonly DoctorRow[], style: Style): string {
  const width = Math.max(0, ...rows.map((row) => clean(row.check).length));
  const lines = rows.flatMap((row) => {
    const [level, mark] = MARK[row.verdict];
    return [
      `${byLevel(style, level, mark)}  ${clean(row.check).padEnd(width)}  ${clean(row.detail)}`,
      ...(row.disables.length === 0
        ? []
        : [dim(style, `${' '.repeat(width + 8)}disables: ${clean(row.disables.join(', '))}`)]),
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
      : `Cannot run: ${clean(disabled.join(', '))}.`,
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
