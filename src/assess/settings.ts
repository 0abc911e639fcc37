import type { Json } from '../model/plan.js';
import type { SettingRow } from '../model/sql.js';

const BYTES: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
const MICROSECONDS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1000,
  s: 1_000_000,
  min: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** What one of this unit is in the smallest of its kind (`8kB` is 8192 bytes); null: it is none. */
function factorOf(unit: string): { readonly of: typeof BYTES; readonly factor: number } | null {
  const [, count = '', name = ''] = /^(\d*)([A-Za-z]+)$/.exec(unit) ?? [];
  for (const of of [BYTES, MICROSECONDS]) {
    const each = Object.hasOwn(of, name) ? of[name] : undefined;
    if (each !== undefined) return { of, factor: each * (count === '' ? 1 : Number(count)) };
  }
  return null;
}

type Measure = Pick<SettingRow, 'unit' | 'type'>;

/** A number as PostgreSQL reads it, in the unit of the parameter; null: it is none. */
function numberIn(text: string, { unit, type }: Measure): number | null {
  const [, figure, given = ''] = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([A-Za-z]*)\s*$/i.exec(text) ?? [];
  if (figure === undefined) return null;
  const rounded = (value: number): number => (type === 'integer' ? Math.round(value) : value);
  if (given === '') return rounded(Number(figure));
  const own = unit === null ? null : factorOf(unit);
  const each = own !== null && Object.hasOwn(own.of, given) ? own.of[given] : undefined;
  return own === null || each === undefined ? null : rounded((Number(figure) * each) / own.factor);
}

const ON = ['on', 'true', 'yes', '1', 't', 'y'];
const OFF = ['off', 'false', 'no', '0', 'f', 'n'];

const booleanIn = (text: string): boolean | null => {
  const word = text.trim().toLowerCase();
  return ON.includes(word) ? true : OFF.includes(word) ? false : null;
};

const textOf = (value: Json): string | null =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;

/** The value of a numeric parameter in its own unit; null: it is no number. */
export const figureOf = (row: Measure, value: Json): number | null => numberIn(textOf(value) ?? '', row);

/** Why PostgreSQL would not take this value of it; null: it would, as far as `pg_settings` says. */
export function whyNotValue(name: string, row: SettingRow, value: Json): string | null {
  const text = textOf(value);
  if (text === null) return `${name} takes one value, not ${JSON.stringify(value)}`;
  if (/[\r\n\0]/.test(text)) return `${name} takes one line`;
  switch (row.type) {
    case 'bool':
      return booleanIn(text) === null ? `${name} takes on or off, not ${text}` : null;
    case 'enum':
      return row.values?.some((one) => one.toLowerCase() === text.toLowerCase()) === false && !isHidden(row, text)
        ? `${name} takes ${row.values.join(', ')}, not ${text}`
        : null;
    case 'integer':
    case 'real':
      return outOfRange(name, row, text);
    case 'string':
      return null;
  }
}

/** Words that PostgreSQL takes and does not list: on and off of what once was a boolean. */
const isHidden = ({ values }: SettingRow, text: string): boolean => {
  const word = booleanIn(text);
  return word !== null && values?.includes(word ? 'on' : 'off') === true;
};

function outOfRange(name: string, row: SettingRow, text: string): string | null {
  const figure = numberIn(text, row);
  if (figure === null)
    return `${name} takes a number${row.unit === null ? '' : ` with a unit such as ${row.unit}`}, not ${text}`;
  const unit = row.unit ?? '';
  if (row.min !== null && figure < Number(row.min)) return `${name} is at least ${row.min}${unit}, not ${text}`;
  if (row.max !== null && figure > Number(row.max)) return `${name} is at most ${row.max}${unit}, not ${text}`;
  return null;
}

/** It is in force with this value. */
export function isInForce(row: SettingRow, value: Json): boolean {
  const text = textOf(value) ?? '';
  switch (row.type) {
    case 'bool':
      return booleanIn(row.setting) === booleanIn(text);
    case 'integer':
    case 'real': {
      const figure = numberIn(text, row);
      return figure !== null && Math.abs(figure - Number(row.setting)) < 1e-9 * Math.max(1, Math.abs(figure));
    }
    case 'enum':
      return row.setting.toLowerCase() === text.toLowerCase() || isHidden(row, text);
    case 'string':
      return row.setting === text;
  }
}
