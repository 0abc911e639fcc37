import { foundText } from './shown.js';
import { durationMs, durationText, sizeBytes, sizeText } from './units.js';

/** A value that is not accepted. `at` leads to the element of a list or map. Neither text may repeat the value: it may be a secret. */
export class Refusal {
  readonly expected: string;
  readonly remedy: string;
  readonly at: readonly (string | number)[];
  readonly found: string | null;

  constructor(expected: string, remedy: string, found: string | null = null, at: readonly (string | number)[] = []) {
    this.expected = expected;
    this.remedy = remedy;
    this.found = found;
    this.at = at;
  }

  within(step: string | number): Refusal {
    return new Refusal(this.expected, this.remedy, this.found, [step, ...this.at]);
  }
}

/** How one key's YAML value becomes ours. `read` is total: a value or what is wrong with it. */
export interface Format<T> {
  readonly type: string;
  readonly read: (raw: unknown) => T | Refusal | readonly Refusal[];
}

const refusalsIn = (answer: unknown): readonly Refusal[] => {
  if (answer instanceof Refusal) return [answer];
  return Array.isArray(answer) && answer[0] instanceof Refusal ? (answer as readonly Refusal[]) : [];
};

/** The value, or every refusal. */
export function readAs<T>(
  format: Format<T>,
  raw: unknown,
): { readonly value: T } | { readonly refusals: readonly Refusal[] } {
  const answer = format.read(raw);
  const refusals = refusalsIn(answer);
  return refusals.length > 0 ? { refusals } : { value: answer as T };
}

export function duration(limits: { readonly minMs?: number; readonly maxMs?: number } = {}): Format<number> {
  const minMs = limits.minMs ?? 0;
  const maxMs = limits.maxMs ?? 366 * 86_400_000;
  const expected = `a duration with its unit, such as 500ms, 2s, 5m or 1h, from ${durationText(minMs)} to ${durationText(maxMs)}`;
  return {
    type: 'duration',
    read: (raw) => {
      if (typeof raw === 'number' || (typeof raw === 'string' && /^[\d.]+$/.test(raw))) {
        return new Refusal(expected, `say which unit is meant: ${raw}s is seconds, ${raw}ms milliseconds`);
      }
      const ms = typeof raw === 'string' ? durationMs(raw) : null;
      if (ms === null) return new Refusal(expected, 'write a number and its unit (ms, s, m, h or d) without a space');
      return ms < minMs || ms > maxMs ? new Refusal(expected, 'choose a value in that range') : ms;
    },
  };
}

export function size(limits: { readonly minBytes?: number } = {}): Format<number> {
  const minBytes = limits.minBytes ?? 0;
  const least = minBytes === 0 ? '' : `, at least ${sizeText(minBytes)}`;
  const expected = `a size with its unit, such as 512KB, 1MB or 2GB (binary: 1MB is 1048576 bytes)${least}`;
  return {
    type: 'size',
    read: (raw) => {
      if (typeof raw === 'number' || (typeof raw === 'string' && /^[\d.]+$/.test(raw))) {
        return new Refusal(expected, `say which unit is meant: ${raw}MB is megabytes, ${raw}B bytes`);
      }
      const bytes = typeof raw === 'string' ? sizeBytes(raw) : null;
      if (bytes === null)
        return new Refusal(expected, 'write a number and its unit (B, KB, MB, GB or TB) without a space');
      return bytes < minBytes ? new Refusal(expected, `raise it to ${sizeText(minBytes)} or more`) : bytes;
    },
  };
}

export function whole(min: number, max: number): Format<number> {
  const expected = `a whole number from ${min} to ${max}`;
  return {
    type: 'whole number',
    read: (raw) =>
      typeof raw === 'number' && Number.isInteger(raw) && raw >= min && raw <= max
        ? raw
        : new Refusal(expected, 'write such a number without quotes and without a unit'),
  };
}

export const amount = (above: number): Format<number> => ({
  type: 'number',
  read: (raw) =>
    typeof raw === 'number' && Number.isFinite(raw) && raw > above
      ? raw
      : new Refusal(`a number above ${above}`, 'write such a number without quotes and without a unit'),
});

export const percent: Format<number> = {
  type: 'percentage',
  read: (raw) => {
    const match = typeof raw === 'string' ? /^(\d{1,3})%$/.exec(raw) : null;
    const value = Number(match?.[1] ?? Number.NaN);
    return value >= 1 && value <= 100
      ? value
      : new Refusal('a percentage from 1% to 100%', 'write it with the sign: 85%');
  },
};

export const flag: Format<boolean> = {
  type: 'true or false',
  read: (raw) =>
    typeof raw === 'boolean' ? raw : new Refusal('true or false', 'write exactly one of these, unquoted'),
};

/** Text that matches; numbers are not turned into text, since `1.10` would become `1.1`. */
export function text(pattern = /^[^\r\n]+$/u, expected = 'one line of text'): Format<string> {
  return {
    type: 'text',
    read: (raw) => {
      if (typeof raw === 'number' || typeof raw === 'boolean') return new Refusal(expected, 'put it in quotes');
      return typeof raw === 'string' && pattern.test(raw) ? raw : new Refusal(expected, 'write a value of that form');
    },
  };
}

export function oneOf<const W extends string>(words: readonly W[]): Format<W> {
  return {
    type: words.join(' \\| '),
    read: (raw) =>
      words.find((word) => word === raw) ??
      new Refusal(`one of ${words.join(', ')}`, 'write exactly one of these words'),
  };
}

export function nullable<T>(format: Format<T>): Format<T | null> {
  return { type: format.type, read: (raw) => (raw === null ? null : format.read(raw)) };
}

/** A duration that may be switched off: `off`, 0 and null are null. */
export function orOff(format: Format<number>): Format<number | null> {
  const isOff = (raw: unknown): boolean =>
    raw === null || raw === false || raw === 0 || raw === 'off' || (typeof raw === 'string' && durationMs(raw) === 0);
  return { type: `${format.type} or off`, read: (raw) => (isOff(raw) ? null : format.read(raw)) };
}

export function listOf<T>(format: Format<T>): Format<readonly T[]> {
  return {
    type: `list of ${format.type}`,
    read: (raw) => {
      if (!Array.isArray(raw))
        return new Refusal(`a list: [ ... ] of ${format.type}`, 'put the values in square brackets');
      const answers = raw.map((item: unknown) => readAs(format, item));
      const refusals = answers.flatMap((answer, index) =>
        'refusals' in answer ? answer.refusals.map((refusal) => located(refusal, raw[index], index)) : [],
      );
      return refusals.length > 0 ? refusals : answers.flatMap((answer) => ('value' in answer ? [answer.value] : []));
    },
  };
}

/** A map with names that we do not know beforehand, such as members. The order of the file is kept. */
export function mapOf<T>(names: Format<string>, format: Format<T>): Format<Readonly<Record<string, T>>> {
  return {
    type: `map of name to ${format.type}`,
    read: (raw) => {
      if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
        return new Refusal(`a map: { NAME: ${format.type}, ... }`, 'write one "name: value" pair for each');
      }
      const refusals: Refusal[] = [];
      const values: Record<string, T> = {};
      for (const [name, item] of Object.entries(raw as Record<string, unknown>)) {
        const named = readAs(names, name);
        const answer = readAs(format, item);
        if ('refusals' in named) refusals.push(...named.refusals.map((refusal) => located(refusal, name, name)));
        if ('refusals' in answer) refusals.push(...answer.refusals.map((refusal) => located(refusal, item, name)));
        else values[name] = answer.value;
      }
      return refusals.length > 0 ? refusals : values;
    },
  };
}

function located(refusal: Refusal, item: unknown, step: string | number): Refusal {
  return new Refusal(
    refusal.expected,
    refusal.remedy,
    refusal.found ?? foundText(item, String(step)),
    refusal.at,
  ).within(step);
}
