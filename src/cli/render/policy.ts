import { minuteText } from '../../words/moments.js';
import type { Brake, Doing, PolicyMatrix, PolicyRow } from '../../words/policy-matrix.js';
import { bold, byLevel, clean, dim, type Style } from './paint.js';
import { wrap } from './wrap.js';

const MOST_COLUMNS = 80;

const DOING: Readonly<Record<Doing, readonly [string, 'ok' | 'warning' | 'info']>> = {
  alone: ['alone', 'ok'],
  asks: ['asks', 'warning'],
  never: ['never', 'info'],
};

/** `ekimi policy`: a row an action and a procedure, in 80 columns; below a row what brakes it now. */
export function renderPolicy(scope: string, matrix: PolicyMatrix, style: Style): string {
  const columns = Math.min(style.columns, MOST_COLUMNS);
  const brake = (one: Brake, indent: string): readonly string[] =>
    wrap(`${indent}held: ${clean(one.text)}${untilOf(one)}`, columns, `${indent}      `).map((line) =>
      byLevel(style, 'warning', line),
    );
  const lines = (kind: PolicyRow['kind']): readonly string[] =>
    matrix.rows
      .filter((row) => row.kind === kind)
      .flatMap((row) => [rowLine(row, style), ...row.brakes.flatMap((one) => brake(one, '    '))]);
  return [
    `${bold(style, clean(scope))}  mode: ${matrix.mode}`,
    ...matrix.brakes.flatMap((one) => brake(one, '')),
    '',
    dim(style, `${'ACTION'.padEnd(28)}BY ITSELF  POLICY   RISK      WHEN`),
    ...lines('action'),
    '',
    dim(style, `${'PROCEDURE'.padEnd(28)}BY ITSELF  POLICY   RISK      WHEN`),
    ...lines('procedure'),
    '',
    ...wrap(
      'alone: Ekimi does it. asks: a person approves each. never: Ekimi neither does it nor asks. A person starts what no problem calls for: ekimi run-procedure. A procedure that is begun alone does its stages alone.',
      columns,
    ).map((line) => dim(style, line)),
  ].join('\n');
}

const untilOf = ({ untilMs }: Brake): string => (untilMs === null ? '' : `, until ${minuteText(untilMs)}`);

function rowLine({ kind, name, doing, says, risk, window, byItself }: PolicyRow, style: Style): string {
  const [word, level] = DOING[doing];
  const when = [
    ...(byItself ? [] : [kind === 'action' && says === 'off' ? 'refused when started' : 'when started']),
    ...(window === 'maintenance' ? ['in maintenance'] : []),
  ].join(', ');
  return `${name.padEnd(28)}${byLevel(style, level, word)}${' '.repeat(11 - word.length)}${says.padEnd(9)}${(risk ?? 'by stage').padEnd(10)}${when}`.trimEnd();
}
