// What Prometheus itself kept of an alert while a fault was played: when it was pending, firing and gone. Pure.

/** From one evaluation to the next so much may pass on a busy machine before it counts as a gap, seconds. */
const GAP_S = 5;

/** The alerts of a file of rules, and whether each has a `for`: without one it fires at once and is never pending. */
export function waitsIn(rulesText) {
  const blocks = rulesText.split(/^\s*- alert: /m).slice(1);
  return new Map(blocks.map((block) => [block.split(/\s/, 1)[0], /^\s+for: [1-9]/m.test(block)]));
}

/** Raw samples of `ALERTS`, as a range selector in an instant query gives them: by alert and state the times of the evaluations, in seconds. */
export function samplesIn(result) {
  const byAlert = new Map();
  for (const { metric, values } of result) {
    const row = byAlert.get(metric.alertname) ?? { pending: [], firing: [] };
    byAlert.set(metric.alertname, row);
    row[metric.alertstate].push(...values.map(([at]) => Number(at)));
  }
  for (const row of byAlert.values()) for (const times of Object.values(row)) times.sort((a, b) => a - b);
  return byAlert;
}

/**
 * When an alert was first firing, since when it was pending before that, and when it was seen last, in seconds since the fault; null: never.
 * `untilS`: the last moment at which Prometheus was asked. Firing is no proof of pending: only an evaluation that said `pending`, and ran on into
 * the firing, is.
 */
export function lifeOf({ pending, firing }, { faultS, healedS, untilS, waits }) {
  const fired = firing.find((at) => at >= faultS) ?? null;
  const waited = fired === null ? [] : lastRun(pending.filter((at) => at >= faultS && at < fired));
  const runsOn = waited.length > 0 && fired - waited.at(-1) <= GAP_S;
  const last = Math.max(...pending, ...firing);
  const isGone = fired !== null && last >= fired && untilS - last > GAP_S;
  const relative = (at) => (at === null ? null : Number((at - faultS).toFixed(1)));
  return {
    pending: runsOn ? relative(waited[0]) : null,
    firing: relative(fired),
    resolved: isGone ? Number(Math.max(0, last - healedS).toFixed(1)) : null,
    missing: [
      ...(waits && !runsOn ? ['pending'] : []),
      ...(fired === null ? ['firing'] : []),
      ...(isGone ? [] : ['resolved']),
    ],
  };
}

/** The evaluations that follow each other without a gap, up to the last one. */
function lastRun(times) {
  let from = 0;
  times.forEach((at, index) => {
    if (index > 0 && at - times[index - 1] > GAP_S) from = index;
  });
  return times.slice(from);
}
