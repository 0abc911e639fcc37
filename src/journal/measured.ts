import { isHolder, isList, type Plain, type PlainRecord } from './figures.js';

/** A value and how many nodes each of its nodes has, itself included, in the order of the walk: one whole situation is the base of many. */
export interface Measured {
  readonly value: Plain;
  readonly sizes: readonly number[];
}

export function measured(value: Plain): Measured {
  const sizes: number[] = [];
  measure(value, sizes);
  return { value, sizes };
}

function measure(value: Plain, sizes: number[]): number {
  const at = sizes.length;
  sizes.push(1);
  let size = 1;
  if (isHolder(value)) {
    if (isList(value)) for (const child of value) size += measure(child, sizes);
    else for (const key in value) size += measure(value[key] ?? null, sizes);
    sizes[at] = size;
  }
  return size;
}

/** The same with another value at the end of that path of keys, all of which are there. */
export function withValueAt({ value, sizes }: Measured, path: readonly string[], child: Plain): Measured {
  const above: number[] = [];
  let at = 0;
  let node = value;
  for (const step of path) {
    above.push(at);
    at += 1;
    for (const key in node as PlainRecord) {
      if (key === step) break;
      at += sizes[at] ?? 1;
    }
    node = (node as PlainRecord)[step] ?? null;
  }
  const inner = measured(child).sizes;
  const before = sizes[at] ?? 1;
  const changed = [...sizes.slice(0, at), ...inner, ...sizes.slice(at + before)];
  for (const holder of above) changed[holder] = (changed[holder] ?? 0) + inner.length - before;
  return { value: replacedAt(value, path, child), sizes: changed };
}

function replacedAt(value: Plain, [step, ...rest]: readonly string[], child: Plain): Plain {
  if (step === undefined) return child;
  const holder = value as PlainRecord;
  return { ...holder, [step]: replacedAt(holder[step] ?? null, rest, child) };
}
