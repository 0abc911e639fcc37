// Figures from what was recorded. Pure: no clock, no I/O.

/**
 * The client's outage: the longest time between two consecutive acknowledgements that ends after the fault began.
 * @param {readonly { atMs: number }[]} acks in order
 * @param {number} sinceMs the fault
 * @returns {{ longestMs: number, overOneSecondMs: number, endedMs: number | null }} also the sum of all gaps of more than a second, and when
 *   the longest one ended
 */
export function outage(acks, sinceMs) {
  let longestMs = 0;
  let overOneSecondMs = 0;
  let endedMs = null;
  for (let i = 1; i < acks.length; i += 1) {
    if (acks[i].atMs < sinceMs) continue;
    const gapMs = acks[i].atMs - acks[i - 1].atMs;
    if (gapMs > 1_000) overOneSecondMs += gapMs;
    if (gapMs > longestMs) {
      longestMs = gapMs;
      endedMs = acks[i].atMs;
    }
  }
  return { longestMs: Math.round(longestMs), overOneSecondMs: Math.round(overOneSecondMs), endedMs };
}

/** Acknowledged rows that are not there in the end, with who had taken them and when. */
export function lost(acks, present) {
  const missing = acks.filter((ack) => !present.has(ack.id));
  const by = {};
  for (const ack of missing) by[ack.member] = (by[ack.member] ?? 0) + 1;
  return { rows: missing.length, by, firstMs: missing[0]?.atMs ?? null, lastMs: missing.at(-1)?.atMs ?? null };
}

/** Who took the writes, in order: one element for each time the member changed. */
export function takers(acks) {
  const spans = [];
  for (const ack of acks) {
    if (spans.at(-1)?.member === ack.member) spans.at(-1).rows += 1;
    else spans.push({ member: ack.member, rows: 1, fromMs: ack.atMs });
  }
  return spans;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return null;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Rows of results grouped by a key, in the order in which the keys first come. */
export function groupedBy(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}
