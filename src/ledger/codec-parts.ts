import type { ForeignRow } from '../model/foreign.js';
import { STAGED_NAMES } from '../model/staged.js';

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;
type Part = Exclude<ForeignRow['list'], 'remediations' | 'approvals'>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const flag: Check = (value) => typeof value === 'boolean';
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const rowOf =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isFields(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const claim = { member: text, sinceMs: number, remediationId: text, shadow: flag };

const places = listOf(rowOf({ proxy: text, backend: text, server: text }));

const OVER = ['aborted', 'succeeded'];
const RUN_PHASES = ['running', 'held', 'paused', 'aborting', ...OVER];

const PROCEDURE = rowOf({
  waiting: maybe(orNull(rowOf({ key: text, sinceMs: number, failingSinceMs: maybe(number) }))),
  stalledSinceMs: maybe(orNull(number)),
  asking: maybe(orNull(text)),
  confirmed: maybe(listOf(text)),
  displaced: maybe(flag),
  proposed: maybe(rowOf({ code: text, subject: text, word: text })),
  id: text,
  name: text,
  goal: isFields,
  by: text,
  reason: text,
  phase: (value) => RUN_PHASES.some((phase) => phase === value),
  agreed: listOf(text),
  startedAtMs: number,
  endedAtMs: orNull(number),
  detail: text,
  continuedAtMs: number,
});

/** Lists, row by row: what does not fit is set apart, and the others count. */
const ROWS: Partial<Record<Part, Check>> = {
  drains: rowOf({
    ...claim,
    actuators: listOf((value) => value === 'proxy' || value === 'tag'),
    by: maybe(text),
    at: maybe(places),
    processes: maybe((value) => isFields(value) && Object.values(value).every(isFields)),
  }),
  fences: rowOf({ ...claim, at: maybe(places) }),
  pauses: rowOf({
    pooler: text,
    leader: text,
    sinceMs: number,
    untilMs: number,
    remediationId: text,
    lasts: maybe(flag),
  }),
  evacuations: rowOf({ member: text, by: text, reason: text, sinceMs: number, run: text, removed: maybe(flag) }),
  switches: rowOf({
    id: maybe(text),
    subject: text,
    owner: text,
    reason: text,
    sinceMs: number,
    expiresAtMs: orNull(number),
  }),
  reports: rowOf({ schedule: text, dueMs: number }),
  leaderChanges: rowOf({ atMs: number, from: orNull(text), to: orNull(text) }),
  pages: rowOf({ code: text, subject: text, atMs: number }),
  incidents: rowOf({
    id: text,
    cause: text,
    subject: text,
    level: text,
    openedAtMs: number,
    problems: listOf(rowOf({ code: text, subject: text, firstSeenMs: number, endedAtMs: orNull(number) })),
    remediations: listOf(rowOf({ id: text, action: text, target: text, shadow: maybe(flag) })),
    pages: listOf(rowOf({ code: text, subject: text, atMs: number })),
    withoutWrites: rowOf({ ms: number, unsureMs: number, sinceMs: orNull(number), untoldSinceMs: orNull(number) }),
    quietSinceMs: orNull(number),
    endedAtMs: orNull(number),
    by: text,
  }),
  // One that is over holds nothing, whatever another version calls it.
  procedures: (value) =>
    PROCEDURE(value) &&
    isFields(value) &&
    (STAGED_NAMES.some((name) => name === value['name']) || OVER.some((phase) => phase === value['phase'])),
};

const TROUBLE = maybe(rowOf({ sinceMs: number, times: number, why: listOf(text) }));

const CHECK = rowOf({
  by: text,
  database: orNull(text),
  startedMs: number,
  endedMs: orNull(number),
  found: number,
  gaps: listOf(text),
  findings: listOf(rowOf({ relation: text, what: text, block: orNull(text), text })),
});

const CHECKS = rowOf({
  schedule: orNull(text),
  sinceMs: number,
  roundMs: orNull(number),
  alone: TROUBLE,
  rows: listOf(
    rowOf({
      member: text,
      startedMs: number,
      check: orNull(CHECK),
      failing: TROUBLE,
      lost: TROUBLE,
      refused: TROUBLE,
      begunMs: maybe(number),
    }),
  ),
});

const WHOLES: Partial<Record<Part, { readonly fits: Check; readonly none: unknown }>> = {
  flaps: { fits: (value) => isFields(value) && Object.values(value).every(listOf(number)), none: {} },
  breaker: { fits: orNull(rowOf({ openSinceMs: number, reason: text })), none: null },
  clusterPause: {
    fits: orNull(
      rowOf({
        by: text,
        reason: text,
        sinceMs: number,
        untilMs: orNull(number),
        remediationId: text,
        configRevision: maybe(text),
      }),
    ),
    none: null,
  },
  checks: { fits: CHECKS, none: undefined },
  stormUntilMs: { fits: orNull(number), none: null },
};

/** What may stand for work under way, or for somebody's word that nothing be done: as long as it cannot be read, whatever is risky waits. */
const HOLDS: readonly Part[] = ['drains', 'fences', 'pauses', 'switches', 'breaker', 'procedures', 'evacuations'];

function apart(list: Part, raw: unknown, whole: boolean): ForeignRow {
  const row = isFields(raw) ? raw : { row: raw };
  return {
    list,
    id: typeof row['id'] === 'string' ? row['id'] : 'unknown',
    action: `unreadable ${list}`,
    target: typeof row['member'] === 'string' ? row['member'] : 'unknown',
    inFlight: HOLDS.includes(list) && row['phase'] !== 'abandoned',
    createdAtMs: null,
    row,
    raw,
    ...(whole ? { whole } : {}),
  };
}

/** Each part of a document, held against what it must look like. `own`: what of it can be used; absent parts stay absent. */
export function partsOf(document: Fields): { readonly own: Fields; readonly foreign: readonly ForeignRow[] } {
  const own: Record<string, unknown> = { ...document };
  const foreign: ForeignRow[] = [];
  for (const [name, fits] of Object.entries(ROWS) as [Part, Check][]) {
    const value = document[name];
    if (value === undefined) continue;
    const rows: readonly unknown[] | null = Array.isArray(value) ? value : null;
    own[name] = rows?.filter(fits) ?? [];
    if (rows === null) foreign.push(apart(name, value, true));
    else foreign.push(...rows.filter((row) => !fits(row)).map((row) => apart(name, row, false)));
  }
  for (const [name, part] of Object.entries(WHOLES) as [Part, { fits: Check; none: unknown }][]) {
    if (document[name] === undefined || part.fits(document[name])) continue;
    own[name] = part.none;
    foreign.push(apart(name, document[name], true));
  }
  const kept = document['unreadable'];
  delete own['unreadable'];
  if (isFields(kept))
    for (const [name, raw] of Object.entries(kept)) if (isPart(name)) foreign.push(apart(name, raw, true));
  return { own, foreign };
}

const isPart = (name: string): name is Part => Object.hasOwn(ROWS, name) || Object.hasOwn(WHOLES, name);

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);

export const wordForWord = (one: ForeignRow): unknown =>
  one.row['phase'] === 'abandoned' ? one.row : 'raw' in one ? one.raw : one.row;

/** The parts of `own` with what was set apart: rows behind ours; a whole part in its place, or beside it once we have something to say. */
export function withForeignParts(own: Fields, foreign: readonly ForeignRow[]): Fields {
  const document: Record<string, unknown> = { ...own };
  const unreadable: Record<string, unknown> = {};
  for (const one of foreign.filter(({ list }) => isPart(list))) {
    const mine = document[one.list];
    if (one.whole !== true)
      document[one.list] = [...(Array.isArray(mine) ? (mine as unknown[]) : []), wordForWord(one)];
    else if (isEmpty(mine) && one.row['phase'] !== 'abandoned') document[one.list] = wordForWord(one);
    else unreadable[one.list] = wordForWord(one);
  }
  return Object.keys(unreadable).length === 0 ? document : { ...document, unreadable };
}
