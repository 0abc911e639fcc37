import { isHolder, isList, type Plain, type PlainRecord } from './figures.js';

/** A value and how many nodes each of its nodes has, itself included, in the order of the walk: one whole situation is the base of many. */
export interface Measured {
  readonly value: Plain;
  readonly sizes: Int32Array;
}

/** Grows; what is measured is copied out of it. */
let scratch = new Int32Array(4096);

export function measured(value: Plain): Measured {
  const end = measure(value, 0);
  return { value, sizes: scratch.slice(0, end) };
}

/** Writes sizes from `at` on, and says where they end. */
function measure(value: Plain, at: number): number {
  if (at === scratch.length) {
    const longer = new Int32Array(at * 2);
    longer.set(scratch);
    scratch = longer;
  }
  let end = at + 1;
  if (isHolder(value)) {
    if (isList(value)) for (const child of value) end = measure(child, end);
    else for (const key in value) end = measure(value[key] ?? null, end);
  }
  scratch[at] = end - at;
  return end;
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
  const changed = new Int32Array(sizes.length + inner.length - before);
  changed.set(sizes.subarray(0, at));
  changed.set(inner, at);
  changed.set(sizes.subarray(at + before), at + inner.length);
  for (const holder of above) changed[holder] = (changed[holder] ?? 0) + inner.length - before;
  return { value: replacedAt(value, path, child), sizes: changed };
}

function replacedAt(value: Plain, [step, ...rest]: readonly string[], child: Plain): Plain {
  if (step === undefined) return child;
  const holder = value as PlainRecord;
  return { ...holder, [step]: replacedAt(holder[step] ?? null, rest, child) };
}
