/** Values of several sources as one, each source in its own order: the one that is due first by `isBefore` goes first, the earlier source of two equal. */
export async function* merged<T>(
  sources: readonly AsyncIterable<T>[],
  isBefore: (left: T, right: T) => boolean,
): AsyncGenerator<T> {
  const [only] = sources;
  if (sources.length === 1 && only !== undefined) {
    yield* only;
    return;
  }
  const heads: { readonly from: AsyncIterator<T>; value: T }[] = [];
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    for (const from of iterators) {
      const next = await from.next();
      if (next.done !== true) heads.push({ from, value: next.value });
    }
    for (;;) {
      let first = heads[0];
      if (first === undefined) return;
      for (const head of heads) if (isBefore(head.value, first.value)) first = head;
      yield first.value;
      const next = await first.from.next();
      if (next.done === true) heads.splice(heads.indexOf(first), 1);
      else first.value = next.value;
    }
  } finally {
    for (const from of iterators) await from.return?.();
  }
}
