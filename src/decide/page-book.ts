import { formOrder, isSpokenFor, thingOf } from '../assess/things.js';
import { pageKey, type EscalationStep, type PageChange, type PageRow } from '../model/page.js';
import type { Problem, ProblemLevel } from '../model/problem.js';
import type { Wish } from './page-wish.js';

/** What one instance remembers of pages, whoever's ledger is loaded. */
export interface PageMemory {
  /** What it told itself and is not in the ledger of the one who holds tenure. */
  readonly own: readonly PageRow[];
  /** Since when each thing has been wished for without a break. */
  readonly wishedSinceMs: Readonly<Record<string, number>>;
  /** Whether it held tenure when that was last known. */
  readonly wasHolder: boolean;
}
export const NO_PAGES: PageMemory = { own: [], wishedSinceMs: {}, wasHolder: false };

/**
 * `holder`: tells at once (tenure, or the mode needs none). `stand-in`: nobody can confirm tenure, and it was ours. `watcher`: somebody else
 * tells, and we do only what that one does not.
 */
export type PageRole = 'holder' | 'stand-in' | 'watcher';

/**
 * How long a watcher gives the holder: a dead holder's lease (15 s) ends within it and a new one has taken over; a pass, a commit of the
 * ledger and our next look at it fit in.
 */
export const WATCHER_WAITS_MS = 30_000;
/** A thing that comes back within this time is the same thing. */
const ENDS_AFTER_MS = 10_000;
/** A member that is just coming back shows other obstacles for a moment: no news. */
const NEWS_AFTER_MS = 20_000;
const REMIND_AFTER_MS = 30 * 60_000;

export interface PageInput {
  readonly nowMs: number;
  readonly role: PageRole;
  readonly instance: string;
  readonly wishes: readonly Wish[];
  readonly problems: readonly Problem[];
  /** Enough clean passes: what is not seen is not there. */
  readonly canTell: boolean;
  readonly policy: { readonly remindAfterMs: number | null; readonly remindWarnings: boolean } | undefined;
  /** Whom nobody's reaction makes us tell too, in order. Absent: nobody. */
  readonly escalation?: readonly EscalationStep[];
  /** The rows of the ledger in force: ours as holder, the holder's as watcher. */
  readonly shared: readonly PageRow[];
  readonly memory: PageMemory;
  /** By how much our wall clock was set since the last pass; absent: it was not. */
  readonly setByMs?: number;
  /** The incident that a problem is part of, where one is known. */
  readonly incidentOf?: (about: Pick<Wish, 'code' | 'subject'>) => string | null;
}

/** Waiting, reminding and ending count time that was lived. */
export const livedPage = (row: PageRow, byMs: number): PageRow => ({
  ...row,
  ...(row.lastAtMs !== undefined && { lastAtMs: row.lastAtMs + byMs }),
  ...(row.waitsSinceMs !== undefined && { waitsSinceMs: row.waitsSinceMs + byMs }),
  ...(row.goneSinceMs != null && { goneSinceMs: row.goneSinceMs + byMs }),
});

const livedMemory = (memory: PageMemory, byMs: number): PageMemory =>
  byMs === 0
    ? memory
    : {
        ...memory,
        own: memory.own.map((row) => livedPage(row, byMs)),
        wishedSinceMs: Object.fromEntries(
          Object.entries(memory.wishedSinceMs).map(([key, sinceMs]) => [key, sinceMs + byMs]),
        ),
      };

export interface PageAct {
  readonly change: PageChange;
  readonly row: PageRow;
  /** Null: it is over. */
  readonly wish: Wish | null;
  /** Of all that stands under its key. */
  readonly worst: ProblemLevel;
  /** Nothing that was told under its key stands any more. */
  readonly isLast: boolean;
  /** The instance that told it before; null: nobody did. */
  readonly toldBy: string | null;
  /** It goes on, and somebody else tells it under another key: over only where incidents are counted by key. */
  readonly isHandedOver?: true;
}

type Spoken = Pick<PageAct, 'change' | 'row' | 'wish'>;

export interface PageOutcome {
  readonly acts: readonly PageAct[];
  readonly shared: readonly PageRow[];
  readonly memory: PageMemory;
}

/** One pass over the book of pages: whom to tell what, and what is remembered of it. Pure. */
export function turnPages(input: PageInput): PageOutcome {
  const { role, nowMs } = input;
  const memory = livedMemory(input.memory, input.setByMs ?? 0);
  const isWatcher = role === 'watcher';
  const since = (key: string): [string, number] => [key, memory.wishedSinceMs[key] ?? nowMs];
  const wishedSinceMs = Object.fromEntries(input.wishes.flatMap((wish) => [since(wish.thing), since(newsKey(wish))]));
  const told = new Set(input.shared.map(rowThing));
  const own = memory.own.filter((row) => !told.has(rowThing(row)));
  // What the holder told is the holder's to change, to repeat and to end.
  const book = isWatcher ? own : [...input.shared, ...own];
  const mine = isWatcher ? input.wishes.filter(({ thing }) => !told.has(thing)) : input.wishes;
  const spoken = mine.flatMap((wish) => speak(input, book, wish, wishedSinceMs));
  const wished = new Set(input.wishes.map(({ thing }) => thing));
  const closing = book
    .filter((row) => !spoken.some((act) => rowThing(act.row) === rowThing(row)))
    .map((row) => close(input, row, wished));
  const ended = closing.flatMap(({ row, isOver }): Spoken[] => (isOver ? [{ change: 'ended', row, wish: null }] : []));
  const rows = [...closing.flatMap(({ row, isOver }) => (isOver ? [] : [row])), ...spoken.map(({ row }) => row)];
  // What another instance told under the same key stands as well.
  const standing = [...rows, ...(isWatcher ? input.shared : [])];
  const under = (key: string): readonly PageRow[] => standing.filter((row) => pageKey(row) === key);
  const acts = [...spoken, ...ended].map((act) => ({
    ...act,
    worst: worstOf([act.row, ...under(pageKey(act.row))]),
    isLast: act.change === 'ended' && under(pageKey(act.row)).length === 0,
    toldBy: book.find((row) => rowThing(row) === rowThing(act.row))?.by ?? null,
  }));
  const keys = new Set([...standing, ...ended.map(({ row }) => row)].map(pageKey));
  const left = memory.own.filter((row) => told.has(rowThing(row)) && !keys.has(pageKey(row)));
  return {
    acts: [...acts, ...handedOver(left)],
    shared: isWatcher ? input.shared : inOrder(rows, input.shared),
    memory: {
      own: rows.filter((row) => isWatcher || row.by === input.instance),
      wishedSinceMs,
      wasHolder: role !== 'watcher',
    },
  };
}

/** What we told by a key of our own, and whoever holds tenure tells by another: nobody else would ever end ours. */
const handedOver = (rows: readonly PageRow[]): readonly PageAct[] =>
  [...new Map(rows.map((row) => [pageKey(row), row])).values()].map((row) => ({
    change: 'ended',
    row,
    wish: null,
    worst: worstOf([row]),
    isLast: true,
    toldBy: row.by ?? null,
    isHandedOver: true,
  }));

/** What is told of a thing: since when it is this and nothing else counts apart. */
const newsKey = ({ thing, about }: Wish): string => `${thing} ${about}`;

/** The very same list while nothing changed, so that the ledger is not written for nothing. */
function inOrder(rows: readonly PageRow[], before: readonly PageRow[]): readonly PageRow[] {
  const sorted = [...rows].sort((a, b) => a.atMs - b.atMs || (rowThing(a) < rowThing(b) ? -1 : 1));
  return sorted.length === before.length && sorted.every((row) => before.includes(row)) ? before : sorted;
}

const rowThing = (row: PageRow): string => row.thing ?? thingOf(row);

const LEVELS: readonly ProblemLevel[] = ['info', 'warning', 'critical'];
export const worstOf = (rows: readonly Pick<PageRow, 'level'>[]): ProblemLevel =>
  LEVELS.findLast((level) => rows.some((row) => (row.level ?? 'warning') === level)) ?? 'warning';

function speak(
  input: PageInput,
  book: readonly PageRow[],
  wish: Wish,
  wishedSinceMs: PageMemory['wishedSinceMs'],
): readonly Spoken[] {
  const sinceMs = wishedSinceMs[wish.thing] ?? input.nowMs;
  const row = book.find((one) => rowThing(one) === wish.thing);
  const waits = input.role === 'watcher' ? watcherWaits(wish) : 0;
  if (row === undefined) {
    if (input.nowMs - sinceMs < Math.max(wish.afterMs - graceUsed(wish, sinceMs), 0) + waits) return [];
    const told = toldRow(input, wish, null, 'opened');
    return [{ change: 'opened', row: { ...told, ...waitTakenOver(input, book, wish) }, wish }];
  }
  const change = changeOf(input, row, wish, wishedSinceMs[newsKey(wish)] ?? input.nowMs);
  return change === null ? [] : [{ change, row: toldRow(input, wish, row, change), wish }];
}

/**
 * We see no more what was told before, and nobody reacted to that: the wait goes on under the name of our blindness. What is worse than it was
 * begins a wait of its own.
 */
function waitTakenOver(
  { problems, nowMs }: PageInput,
  book: readonly PageRow[],
  { code, subject }: Wish,
): Pick<PageRow, 'waitsSinceMs'> {
  const speaker = problems.find((one) => one.code === code && one.subject === subject);
  if (code !== 'observer-impaired' || speaker === undefined) return {};
  const hidden = book.filter(
    (row) => row.level === 'critical' && row.acknowledged === undefined && isSpokenFor(row, [speaker]),
  );
  return { waitsSinceMs: Math.min(nowMs, ...hidden.map((row) => row.waitsSinceMs ?? row.atMs)) };
}

/** The patience left to Patroni counts from the first sight, not from the first wish. */
const graceUsed = (wish: Wish, sinceMs: number): number =>
  wish.code === 'leader-down' ? Math.max(0, sinceMs - wish.sinceMs) : 0;

/** An alarm of etcd is seen by whoever holds a lease in it, and its ledger may take no row that says so. */
const watcherWaits = ({ code }: Wish): number => (code === 'dcs-alarm' ? Infinity : WATCHER_WAITS_MS);

function changeOf(input: PageInput, row: PageRow, wish: Wish, sinceMs: number): PageChange | null {
  const isWorse =
    LEVELS.indexOf(wish.level) > LEVELS.indexOf(row.level ?? wish.level) || formOrder(wish.code) < formOrder(row.code);
  // A row of an older version does not say what it told: nothing is news to it but a worse level.
  const isNews = row.told !== undefined && !row.told.includes(wish.about);
  if (isWorse || (isNews && input.nowMs - sinceMs >= Math.max(wish.afterMs, NEWS_AFTER_MS))) return 'changed';
  if (row.acknowledged !== undefined) return null;
  if (stepDue(input, row, wish.level) !== null) return 'escalated';
  const policy = input.policy ?? { remindAfterMs: REMIND_AFTER_MS, remindWarnings: false };
  if (policy.remindAfterMs === null || (wish.level !== 'critical' && !policy.remindWarnings)) return null;
  return input.nowMs - (row.lastAtMs ?? row.atMs) >= policy.remindAfterMs ? 'reminder' : null;
}

/** The first step that is not told yet and whose time has come; null: none. */
function stepDue({ escalation = [], nowMs }: PageInput, row: PageRow, level: ProblemLevel): number | null {
  const waitedMs = nowMs - (row.waitsSinceMs ?? row.atMs);
  const index = escalation.findIndex(
    (step, at) => at >= (row.escalated ?? 0) && step.levels.includes(level) && waitedMs >= step.afterMs,
  );
  return index < 0 ? null : index;
}

/** Whoever took it on took on what it was; of another thing somebody has to hear anew. */
const waitOf = (
  input: PageInput,
  before: PageRow | null,
  wish: Wish,
  change: PageChange,
): Pick<PageRow, 'waitsSinceMs' | 'escalated' | 'acknowledged'> => {
  if (before === null || change === 'changed') return { waitsSinceMs: input.nowMs };
  const step = change === 'escalated' ? stepDue(input, before, wish.level) : null;
  return {
    waitsSinceMs: before.waitsSinceMs ?? before.atMs,
    ...(step === null ? before.escalated !== undefined && { escalated: before.escalated } : { escalated: step + 1 }),
    ...(before.acknowledged && { acknowledged: before.acknowledged }),
  };
};

const toldRow = (input: PageInput, wish: Wish, before: PageRow | null, change: PageChange): PageRow => ({
  ...waitOf(input, before, wish, change),
  key: before === null ? (input.incidentOf?.(wish) ?? wish.thing) : pageKey(before),
  ...incidentIn(input.incidentOf?.(wish) ?? before?.incident),
  code: wish.code,
  subject: wish.subject,
  thing: wish.thing,
  level: wish.level,
  atMs: before?.atMs ?? input.nowMs,
  lastAtMs: input.nowMs,
  sinceMs: before?.sinceMs ?? wish.sinceMs,
  told: [...new Set([...(before?.told ?? []), wish.about])],
  by: input.instance,
  goneSinceMs: null,
});

const incidentIn = (incident: string | undefined): Pick<PageRow, 'incident'> =>
  incident === undefined ? {} : { incident };

/** Gone for a while, by passes that can tell: after a start, and while we are blind, nothing is seen and nothing is over. */
function close(
  input: PageInput,
  row: PageRow,
  wished: ReadonlySet<string>,
): { readonly row: PageRow; readonly isOver: boolean } {
  const thing = rowThing(row);
  const isThere = wished.has(thing) || input.problems.some((problem) => thingOf(problem) === thing);
  const gone = row.goneSinceMs ?? null;
  if (isThere) return { row: gone === null ? row : { ...row, goneSinceMs: null }, isOver: false };
  if (!input.canTell) return { row, isOver: false };
  if (gone === null) return { row: { ...row, goneSinceMs: input.nowMs }, isOver: false };
  return { row, isOver: input.nowMs - gone >= ENDS_AFTER_MS };
}
