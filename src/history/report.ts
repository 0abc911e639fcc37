import { isNothingRead } from '../assess/unreachable.js';
import { takesWrites } from '../ledger/without-writes.js';
import type { EntryBody, EntryKind, JournalEntry } from '../model/entry.js';
import { isOpen, unsureMs, withoutWritesMs, type Incident } from '../model/incident.js';
import type { ActionName } from '../model/plan.js';
import type { ProblemCode } from '../model/problem.js';
import { changeOf, type OperatorChange } from './operators.js';
import { HOLDS_MS } from './plots.js';
import { afterPass, afterwards, type Afterwards, type Deed } from './rehearsed.js';
import { STOCK_COSTS, type StockCost } from './stock.js';
import { writesCount, type Gap } from './writes.js';

/** What a report is made of; entries of other kinds need not be read. */
export const REPORTED_KINDS: readonly EntryKind[] = [
  'pass',
  'stop',
  'incident',
  'intent',
  'verdict',
  'approval',
  'procedure',
  'procedure-run',
  'switch',
  'page',
];

/** Milliseconds, by nearest rank; null: nothing was timed. */
export interface Spread {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface CauseRow {
  readonly cause: ProblemCode;
  readonly count: number;
  readonly open: number;
  /** Of all of them together, and what may be wrong with it. */
  readonly withoutWritesMs: number;
  readonly unsureMs: number;
  /** Of one such fault without Ekimi; null: there is no figure. */
  readonly stock: StockCost | null;
}

export interface ActionRow {
  readonly action: ActionName;
  /** Really sent, by the phase in which it ended; `in-flight`: it has not. */
  readonly did: Readonly<Record<string, number>>;
  /** In dry-run, by what became of it afterwards. */
  readonly would: Readonly<Partial<Record<Afterwards, number>>>;
  /** Of those after which the cluster went on without writes: for how long in all, in milliseconds. */
  readonly lostMs: number;
}

export interface Report {
  readonly scope: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** How much of that time a recorded pass stands for that saw anything at all. */
  readonly watchedMs: number;
  /** Of the whole span, by its passes, whether or not an incident was kept of it; `unsureMs` of it nobody could tell. */
  readonly withoutWrites: { readonly ms: number; readonly unsureMs: number };
  readonly incidents: readonly Incident[];
  /**
   * Problems stood while a version wrote that knew no incidents: `untilMs` is when the first one that does was at work, null: none was. Absent:
   * all of it was written by versions that do.
   */
  readonly withoutIncidents?: { readonly untilMs: number | null };
  readonly causes: readonly CauseRow[];
  readonly actions: readonly ActionRow[];
  /** First sight to counting as a problem; first sight to the first request; first request to the verdict "succeeded". */
  readonly times: { readonly detect: Spread; readonly act: Spread; readonly verify: Spread };
  readonly pages: number;
  readonly operators: readonly OperatorChange[];
}

export interface Reporter {
  readonly take: (entry: JournalEntry) => void;
  readonly value: () => Report;
}

/** Takes the entries of one cluster in that span, oldest first. Holds incidents, requests and counts, no passes. */
export function reporter(scope: string, sinceMs: number, untilMs: number): Reporter {
  const incidents = new Map<string, Incident>();
  const deeds = new Map<string, Deed>();
  const operators = new Map<string, OperatorChange>();
  let standing: readonly Incident[] = [];
  let watchedMs = 0;
  let watchedSinceMs: number | null = null;
  let pages = 0;
  const writes = writesCount();
  let lastMs: number | null = null;
  /** Since when incidents are kept, and whether there would have been one before. */
  let keptSinceMs: number | null = null;
  let isWithout = false;
  /** Nobody looked for longer than what was seen holds: what came in between is not known. */
  const passOver = (atMs: number): void => {
    if (lastMs !== null && atMs - lastMs > HOLDS_MS) writes.lookAway(lastMs + HOLDS_MS);
    lastMs = null;
  };
  const watch = (atMs: number): void => {
    if (watchedSinceMs !== null) watchedMs += Math.max(0, Math.min(atMs - watchedSinceMs, HOLDS_MS));
    watchedSinceMs = null;
  };
  const take = ({ atMs, body }: JournalEntry): void => {
    if (body.kind === 'pass' || body.kind === 'stop') {
      watch(atMs);
      // A pass that changes it is always recorded: what lies between two recorded ones is as the first of them saw it.
      passOver(atMs);
      if (body.kind === 'stop') writes.lookAway(atMs);
      else writes.see(takesIn(body), atMs);
      lastMs = body.kind === 'stop' ? null : atMs;
    }
    if (keptSinceMs === null && keepsIncidents(body)) keptSinceMs = atMs;
    if (body.kind === 'pass') {
      isWithout ||= keptSinceMs === null && body.problems.some(({ phase }) => phase === 'active');
      if (sees(body)) {
        watchedSinceMs = atMs;
        for (const [id, deed] of deeds) if (deed.shadow) deeds.set(id, afterPass(deed, body.problems, atMs));
      }
      standing = body.circumstances?.ledger.incidents ?? standing;
    } else if (body.kind === 'incident') incidents.set(body.of.id, body.of);
    else if (body.kind === 'intent') {
      if (!deeds.has(body.id)) deeds.set(body.id, begun(body, atMs));
    } else if (body.kind === 'verdict') {
      const deed = deeds.get(body.id);
      if (deed !== undefined) deeds.set(body.id, { ...deed, phase: body.remediation.phase, endedAtMs: atMs });
    } else if (body.kind === 'page' && (body.change === undefined || body.change === 'opened')) pages += 1;
    const change = changeOf(body);
    if (change === null) return;
    const key = JSON.stringify(change);
    operators.set(key, { ...change, count: (operators.get(key)?.count ?? 0) + 1 });
  };
  return {
    take,
    value: () => {
      watch(untilMs);
      passOver(untilMs);
      const found = together(incidents, standing).filter(
        ({ joinedTo, openedAtMs, endedAtMs }) =>
          joinedTo === undefined && openedAtMs <= untilMs && (endedAtMs ?? Infinity) >= sinceMs,
      );
      const done = [...deeds.values()];
      return {
        scope,
        sinceMs,
        untilMs,
        watchedMs,
        withoutWrites: writes.total(untilMs),
        incidents: found,
        ...(isWithout ? { withoutIncidents: { untilMs: keptSinceMs } } : {}),
        causes: causesOf(found, untilMs),
        actions: actionsOf(done, { incidents: found, gaps: writes.gaps(), nowMs: untilMs }),
        times: timesOf(found, done, sinceMs),
        pages,
        operators: [...operators.values()].sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : b.count - a.count)),
      };
    },
  };
}

/** Of the first of its requests that is known. */
const begun = ({ id, plan, shadow, step }: Extract<EntryBody, { kind: 'intent' }>, atMs: number): Deed => {
  const { action, target, because } = plan;
  return {
    id,
    action,
    target,
    because,
    shadow,
    atMs,
    isCut: step > 0,
    phase: null,
    endedAtMs: null,
    goneSinceMs: null,
  };
};

/** Whoever read nothing at all has not watched; an entry of an old version, or the last one of a run, tells too little to say so. */
const sees = ({ view }: Extract<EntryBody, { kind: 'pass' }>): boolean => view == null || !isNothingRead(view);

/** 0.1.0 wrote none, and had none in its ledger. */
const keepsIncidents = (body: EntryBody): boolean =>
  body.kind === 'incident' ||
  body.incident !== undefined ||
  (body.kind === 'pass' && body.circumstances?.ledger.incidents !== undefined);

const takesIn = (body: EntryBody): boolean | null =>
  body.kind === 'pass' && body.view != null ? takesWrites(body.view, body.problems) : null;

/** What the ledger of the last pass has of an open one is newer than its beginning in the journal. */
function together(written: ReadonlyMap<string, Incident>, standing: readonly Incident[]): readonly Incident[] {
  const all = new Map(written);
  for (const one of standing) {
    const known = all.get(one.id);
    if (known === undefined || isOpen(known)) all.set(one.id, one);
  }
  return [...all.values()].sort((a, b) => a.openedAtMs - b.openedAtMs);
}

function causesOf(incidents: readonly Incident[], nowMs: number): readonly CauseRow[] {
  const causes = [...new Set(incidents.map(({ cause }) => cause))];
  return causes
    .map((cause) => {
      const all = incidents.filter((one) => one.cause === cause);
      return {
        cause,
        count: all.length,
        open: all.filter(isOpen).length,
        withoutWritesMs: sum(all.map((one) => withoutWritesMs(one, one.endedAtMs ?? nowMs))),
        unsureMs: sum(all.map((one) => unsureMs(one, one.endedAtMs ?? nowMs))),
        stock: STOCK_COSTS[cause] ?? null,
      };
    })
    .sort((a, b) => b.withoutWritesMs - a.withoutWritesMs || b.count - a.count);
}

interface Then {
  readonly incidents: readonly Incident[];
  readonly gaps: readonly Gap[];
  readonly nowMs: number;
}

function actionsOf(deeds: readonly Deed[], then: Then): readonly ActionRow[] {
  return [...new Set(deeds.map(({ action }) => action))].sort().map((action) => {
    const did: Record<string, number> = {};
    const would: Partial<Record<Afterwards, number>> = {};
    let lostMs = 0;
    for (const deed of deeds.filter((one) => one.action === action))
      if (deed.shadow) {
        const became = afterwards(deed, deeds, then);
        would[became.after] = (would[became.after] ?? 0) + 1;
        lostMs += became.lostMs;
      } else {
        const phase = deed.phase ?? 'in-flight';
        did[phase] = (did[phase] ?? 0) + 1;
      }
    return { action, did, would, lostMs };
  });
}

/** Of what lies in the span from its beginning: where an incident, or a deed, is cut off, its first request may be gone. */
function timesOf(incidents: readonly Incident[], deeds: readonly Deed[], sinceMs: number): Report['times'] {
  const byId = new Map(deeds.map((deed) => [deed.id, deed]));
  const detect = incidents.flatMap(({ openedAtMs, problems }) => {
    const active = problems.flatMap(({ activeSinceMs }) => activeSinceMs ?? []);
    return active.length === 0 ? [] : [Math.min(...active) - openedAtMs];
  });
  const act = incidents
    .filter(({ openedAtMs }) => openedAtMs >= sinceMs)
    .flatMap(
      (incident) =>
        firstActMs(
          incident,
          incident.remediations.map(({ id }) => byId.get(id)),
        ) ?? [],
    );
  const verify = deeds.flatMap(({ shadow, isCut, phase, atMs, endedAtMs }) =>
    !shadow && !isCut && phase === 'succeeded' && endedAtMs !== null ? [endedAtMs - atMs] : [],
  );
  return { detect: spreadOf(detect), act: spreadOf(act), verify: spreadOf(verify) };
}

/**
 * From the first sight of what its first request was for: an incident that was joined to an older one began with something else. null: nothing was sent,
 * or nobody can tell what was the first.
 */
function firstActMs({ problems }: Incident, deeds: readonly (Deed | undefined)[]): number | null {
  const whole = deeds.filter((deed) => deed !== undefined);
  if (whole.length < deeds.length || whole.some(({ isCut }) => isCut)) return null;
  const first = whole
    .filter(({ shadow }) => !shadow)
    .reduce<Deed | null>((a, b) => (a === null || b.atMs < a.atMs ? b : a), null);
  const row = problems.find(({ code, subject }) => code === first?.because.code && subject === first.because.subject);
  return first === null || row === undefined || row.firstSeenMs > first.atMs ? null : first.atMs - row.firstSeenMs;
}

/** Nearest rank: each is a time that was really measured. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const rank = (part: number): number | null => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null;
  return { count: sorted.length, p50Ms: rank(0.5), p99Ms: rank(0.99) };
}

const sum = (figures: readonly number[]): number => figures.reduce((total, one) => total + one, 0);
