/** Edit distance with swaps of neighbours (`intreval`), the usual typing mistake. */
function distance(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      let best = Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        best = Math.min(best, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[left.length]?.[right.length] ?? Number.POSITIVE_INFINITY;
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_\s]/g, '');

/** The known word that was probably meant, or null when none is near. Case, dashes and underscores do not count. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: { readonly name: string; readonly cost: number } | null = null;
  for (const name of known) {
    const cost = distance(plain(word), plain(name));
    if (best === null || cost < best.cost) best = { name, cost };
  }
  return best !== null && best.cost <= Math.max(1, Math.floor(word.length / 3)) ? best.name : null;
}

/** What a person does about a word that is not known: `did you mean "interval"? otherwise remove it`, or the last part alone where none is near. */
export function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const name = nearest(word, known);
  return name === null ? otherwise : `did you mean "${name}"? otherwise ${otherwise}`;
}
