// What is promised of each fault with Ekimi beside Patroni, and whether the recorded runs keep it. Pure: rows in, verdicts out.
import { groupedBy, median } from './figures.mjs';
import { BENIGN } from './benign.mjs';

/**
 * `figure` of the runs that ended, in the unit of `text`; `isMet` of that figure. A figure that is null (no run ended) meets nothing.
 * @typedef {{ text: string, figure: (rows: readonly object[]) => number | null, isMet: (figure: number) => boolean, unit?: 's' }} Bound
 */

const sum = (values) => values.reduce((total, value) => total + value, 0);
const worst = (values) => (values.length === 0 ? null : Math.max(...values));
const counted = (text, of) => ({
  text: `no ${text}`,
  figure: (rows) => (rows.length === 0 ? null : sum(rows.map(of))),
  isMet: (count) => count === 0,
});
const below = (text, limitMs, figure) => ({
  text: `${text} < ${limitMs / 1000} s`,
  figure: (rows) => figure(rows.map((row) => row.outageMs)),
  isMet: (ms) => ms < limitMs,
  unit: 's',
});

const medianBelow = (limitMs) => below('outage median', limitMs, median);
const worstBelow = (limitMs) => below('outage worst', limitMs, worst);
const NO_LOSS = counted('row lost', (row) => row.lost);
/** Beyond what asynchronous replication had not sent. */
const NO_OTHER_LOSS = counted('row lost otherwise', (row) => row.lost - row.lostUnsent);
const NEVER_DOUBLED = {
  text: 'never two primaries',
  figure: (rows) => worst(rows.map((row) => row.twoPrimariesMs)),
  isMet: (ms) => ms === 0,
  unit: 's',
};
const NO_REQUEST = counted('request', (row) => row.requests.length);
const WHO_LEADS = ['expedite-failover', 'fence-member', 'fence-leader', 'failover', 'switchover'];
/** What Patroni does by itself is left to it; to tell the proxy what has happened is not. */
const LEFT_TO_PATRONI = counted(
  'request about who leads',
  (row) => row.requests.filter(({ action }) => WHO_LEADS.includes(action)).length,
);

const KILLED = [medianBelow(3_000), worstBelow(5_000), NEVER_DOUBLED];
const BY_SCENARIO = {
  'kill-leader': [...KILLED, NO_OTHER_LOSS],
  'kill-leader-again': [...KILLED, NO_OTHER_LOSS],
  'freeze-leader': [worstBelow(12_000), NO_LOSS, NEVER_DOUBLED],
  'hang-leader': [medianBelow(12_000), worstBelow(15_000), NO_OTHER_LOSS, NEVER_DOUBLED],
  'freeze-postgres': [medianBelow(15_000), NO_OTHER_LOSS, NEVER_DOUBLED],
  'kill-postgres': [LEFT_TO_PATRONI, medianBelow(5_000), NO_LOSS, NEVER_DOUBLED],
  'stop-leader': [LEFT_TO_PATRONI, NO_LOSS],
  'leader-without-etcd': [LEFT_TO_PATRONI, NO_LOSS, NEVER_DOUBLED],
  'leader-without-replicas': [NO_REQUEST, NO_LOSS, NEVER_DOUBLED],
  'leader-without-proxy': [LEFT_TO_PATRONI, NO_LOSS, NEVER_DOUBLED],
  'leader-without-controller': [NO_REQUEST, NO_LOSS, NEVER_DOUBLED],
  'leader-cut-off': [medianBelow(15_000), NO_OTHER_LOSS],
  'kill-leader-ahead': [NO_OTHER_LOSS, NEVER_DOUBLED],
  'rewind-fails': [NO_OTHER_LOSS, NEVER_DOUBLED],
  'rewind-fails-empty': [
    counted('run repaired by hand', (row) => (row.repairedBy === 'ekimi' ? 0 : 1)),
    NO_OTHER_LOSS,
    NEVER_DOUBLED,
  ],
  'switchover-asked': [medianBelow(1_000), NO_LOSS, NEVER_DOUBLED],
  'switchover-ended-at-once': [medianBelow(1_000), NO_LOSS, NEVER_DOUBLED],
  leaderless: [NO_OTHER_LOSS, NEVER_DOUBLED],
  'rogue-frozen': [NO_LOSS],
  'rogue-promote': [NO_REQUEST, NO_LOSS],
  'rogue-promote-paused': [NO_REQUEST, NO_LOSS],
  ...Object.fromEntries(Object.keys(BENIGN).map((name) => [name, [NO_REQUEST]])),
};

/** @returns {readonly Bound[]} in synchronous mode no row at all may be lost with a killed leader */
export function boundsOf(scenario, sync) {
  const bounds = BY_SCENARIO[scenario] ?? [];
  return sync ? bounds.map((bound) => (bound === NO_OTHER_LOSS ? NO_LOSS : bound)) : bounds;
}

/** What a row of a table is made of: runs of one build of Ekimi are never mixed with those of another. @param {object} row */
export const rowKey = (row) =>
  [row.scenario, row.sync, row.versions?.Patroni ?? row.patroni, row.with, row.with === 'ekimi' ? row.commit : ''].join(
    ' ',
  );

/**
 * Each bound of a group of runs (one `rowKey`), and one more: that every run ended. Nothing is promised of stock Patroni.
 * @param {readonly object[]} rows @returns {{ text: string, found: string, isMet: boolean }[]}
 */
export function judged(rows) {
  const [{ scenario, sync, with: mode }] = rows;
  if (mode !== 'ekimi') return [];
  const ended = rows.filter((row) => row.error === undefined);
  const failed = rows.length - ended.length;
  return [
    ...boundsOf(scenario, sync).map(({ text, figure, isMet, unit }) => {
      const value = figure(ended);
      const found = value === null ? 'no run ended' : unit === 's' ? `${(value / 1000).toFixed(1)} s` : `${value}`;
      return { text, found, isMet: value !== null && isMet(value) };
    }),
    { text: 'every run ends', found: `${failed} of ${rows.length} did not`, isMet: failed === 0 },
  ];
}

/** A cell of a table: met, or each bound that is not, with what was found. @param {readonly object[]} rows */
export function verdictOf(rows) {
  const verdicts = judged(rows);
  if (verdicts.length === 0) return '-';
  const missed = verdicts.filter(({ isMet }) => !isMet);
  return missed.length === 0
    ? 'met'
    : `**missed**: ${missed.map(({ text, found }) => `${text} (${found})`).join(', ')}`;
}

/** One line for each group with Ekimi, for the terminal, and whether all are met. @param {readonly object[]} rows */
export function summary(rows) {
  const groups = [...groupedBy(rows, rowKey).values()].filter(([{ with: mode }]) => mode === 'ekimi');
  const lines = groups.map((group) => {
    const [{ scenario, sync, patroni, commit }] = group;
    const verdict = verdictOf(group).replaceAll('**', '');
    return `${scenario}${sync ? ', synchronous' : ''}, Patroni ${patroni}, build ${commit}, ${group.length === 1 ? '1 run' : `${group.length} runs`}: ${verdict}`;
  });
  return { lines, isMet: groups.every((group) => judged(group).every(({ isMet }) => isMet)) };
}
