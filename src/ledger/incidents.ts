import { isOpen, type Incident, type IncidentProblem, type IncidentRemediation } from '../model/incident.js';
import { isInFlight, type Ledger, type Remediation } from '../model/ledger.js';
import { problemKey, type Problem, type ProblemLevel } from '../model/problem.js';
import type { States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { holds, isLeaderTrouble, isLinked, joinsSeveral, opens } from './incident-links.js';
import { countedOn, takesWrites } from './without-writes.js';

/** What comes back within this time is the same incident. */
const QUIET_MS = 30_000;
/** Ended ones that the ledger keeps, and for how long: the journal has them all. */
const KEEP_ENDED = 10;
const KEEP_MS = 24 * 60 * 60_000;
/** More of one incident are not kept apart: a ledger has to stay small. */
const MOST_ROWS = 40;

export interface IncidentInput {
  readonly view: ClusterView;
  readonly states: States;
  readonly ledger: Pick<Ledger, 'remediations' | 'drains' | 'fences' | 'pauses' | 'pages'>;
  /** Enough clean passes: what is not seen is not there. */
  readonly canTell: boolean;
  /** When the pass before was; null: whoever made it was another holder of the ledger, or an earlier run. */
  readonly lastPassMs: number | null;
  /** How far apart passes are while nothing is suspected. */
  readonly calmMs: number;
  readonly instance: string;
  readonly newId: () => string;
}

/**
 * The incidents after one more pass: opened, joined, gone on, ended. The very same list while nothing of it changed, so that the ledger is
 * not written for nothing. Pure but for `newId`, which is asked once for each that opens.
 */
export function incidentsAfter(incidents: readonly Incident[], input: IncidentInput): readonly Incident[] {
  const nowMs = input.view.atMs;
  const { open, joined } = placed(incidents.filter(isOpen), input);
  const takes = takesWrites(input.view, input.states.problems);
  const known = new Set(incidents.map(({ id }) => id));
  // One that opens now counts from what our own passes saw, whoever kept the ledger before.
  const here = { ...input, lastPassMs: input.lastPassMs ?? nowMs };
  const next = open.map((one) => settled(one, known.has(one.id) ? input : here, takes));
  const ended = [...incidents.filter((one) => !isOpen(one)), ...joined, ...next.filter((one) => !isOpen(one))]
    .filter((one) => nowMs - (one.endedAtMs ?? nowMs) < KEEP_MS)
    .slice(-KEEP_ENDED);
  const after = [...ended, ...next.filter(isOpen)];
  const same = after.length === incidents.length && after.every((one, index) => isSame(one, incidents[index]));
  return same ? incidents : after;
}

const isSame = (one: Incident, other: Incident | undefined): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other);

/** Each problem in its incident. Openers go first, trouble with the leader before all, so that what follows from it finds it there. */
function placed(
  before: readonly Incident[],
  input: IncidentInput,
): { readonly open: readonly Incident[]; readonly joined: readonly Incident[] } {
  const nowMs = input.view.atMs;
  const all = input.states.problems;
  let open = [...before];
  const joined: Incident[] = [];
  for (const problem of [...all].sort(byWeight(all))) {
    const linked = open.filter((one) => isLinked(problem, one, all, nowMs));
    const home = linked.find((one) => !joinsSeveral(problem) && holds(one, problem)) ?? preferred(linked, nowMs);
    if (home === null) {
      if (opens(problem, all)) open.push(opened(problem, input));
      continue;
    }
    const parts = joinsSeveral(problem) ? linked.filter((one) => one !== home) : [];
    const known = before.filter(({ id }) => parts.some((part) => part.id === id));
    joined.push(...known.map((one) => ({ ...one, endedAtMs: nowMs, joinedTo: home.id })));
    open = open
      .filter((one) => !parts.includes(one))
      .map((one) => (one === home ? withProblem(parts.reduce(united, one), problem) : one));
  }
  return { open, joined };
}

const byWeight =
  (all: readonly Problem[]) =>
  (a: Problem, b: Problem): number =>
    Number(opens(b, all)) - Number(opens(a, all)) ||
    Number(joinsSeveral(b)) - Number(joinsSeveral(a)) ||
    a.firstSeenMs - b.firstSeenMs;

/** Trouble with the leader explains the others; else the oldest goes on. */
const preferred = (linked: readonly Incident[], nowMs: number): Incident | null =>
  [...linked].sort(
    (a, b) => Number(isLeaderTrouble(b, nowMs)) - Number(isLeaderTrouble(a, nowMs)) || a.openedAtMs - b.openedAtMs,
  )[0] ?? null;

/** Its clock began with the first sight, and so did the time without a writer, as far as the passes before it saw. */
function opened(problem: Problem, { view, states, instance, newId, calmMs }: IncidentInput): Incident {
  const idleSinceMs = states.memory.leadership?.idleSinceMs ?? null;
  const isIdle = takesWrites(view, states.problems) === false;
  const sinceMs = isIdle ? Math.min(idleSinceMs ?? view.atMs, view.atMs) : null;
  return withProblem(
    {
      id: newId(),
      cause: problem.code,
      subject: problem.subject,
      level: problem.level,
      openedAtMs: problem.firstSeenMs,
      problems: [],
      remediations: [],
      pages: [],
      withoutWrites: { ms: 0, unsureMs: isIdle ? calmMs : 0, sinceMs, untoldSinceMs: null },
      quietSinceMs: null,
      endedAtMs: null,
      by: instance,
    },
    problem,
  );
}

const LEVELS: readonly ProblemLevel[] = ['info', 'warning', 'critical'];
const worse = (a: ProblemLevel, b: ProblemLevel): ProblemLevel => (LEVELS.indexOf(b) > LEVELS.indexOf(a) ? b : a);

function withProblem(incident: Incident, problem: Problem): Incident {
  const { code, subject, level, firstSeenMs, activeSinceMs } = problem;
  const old = incident.problems.find((row) => problemKey(row) === problemKey(problem));
  if (old === undefined && incident.problems.length >= MOST_ROWS) return incident;
  const row: IncidentProblem = {
    code,
    subject,
    level: worse(old?.level ?? level, level),
    firstSeenMs: old?.firstSeenMs ?? firstSeenMs,
    activeSinceMs: old?.activeSinceMs ?? activeSinceMs,
    endedAtMs: null,
  };
  const problems =
    old === undefined ? [...incident.problems, row] : incident.problems.map((one) => (one === old ? row : one));
  return { ...incident, level: activeSinceMs === null ? incident.level : worse(incident.level, level), problems };
}

/** What was taken for another incident is part of this one. Spans without writes may be the same ones: the longer counts. */
function united(home: Incident, part: Incident): Incident {
  const [a, b] = [home.withoutWrites, part.withoutWrites];
  const since = [a.sinceMs, b.sinceMs].filter((ms) => ms !== null);
  return {
    ...home,
    level: worse(home.level, part.level),
    openedAtMs: Math.min(home.openedAtMs, part.openedAtMs),
    problems: [...home.problems, ...part.problems.filter((row) => !holds(home, row))].slice(0, MOST_ROWS),
    remediations: [...home.remediations, ...part.remediations],
    pages: [...home.pages, ...part.pages],
    withoutWrites: {
      ms: Math.max(a.ms, b.ms),
      unsureMs: Math.max(a.unsureMs, b.unsureMs),
      sinceMs: since.length === 0 ? null : Math.min(...since),
      untoldSinceMs: a.untoldSinceMs ?? b.untoldSinceMs,
    },
  };
}

/** What stands of it, what was done and told, whether it is over. */
function settled(incident: Incident, input: IncidentInput, takes: boolean | null): Incident {
  const { view, states, canTell, lastPassMs } = input;
  const nowMs = view.atMs;
  const isThere = new Set(states.problems.map(problemKey));
  const problems = incident.problems
    .map((row) =>
      row.endedAtMs === null && canTell && !isThere.has(problemKey(row)) ? { ...row, endedAtMs: nowMs } : row,
    )
    // A suspicion that came to nothing is no part of the story.
    .filter((row) => row.endedAtMs === null || row.activeSinceMs !== null);
  const held = workOf({ ...incident, problems }, input.ledger);
  const stands = held.isUnderWay || problems.some((row) => row.endedAtMs === null);
  const quietSinceMs = stands ? null : (incident.quietSinceMs ?? (canTell ? nowMs : null));
  const isOver = quietSinceMs !== null && canTell && nowMs - quietSinceMs >= QUIET_MS;
  const watchedMs = lastPassMs ?? keptUntilMs(incident, input);
  const gapMs = Math.max(0, nowMs - watchedMs);
  const { sinceMs, untoldSinceMs } = incident.withoutWrites;
  const counts = sinceMs !== null || untoldSinceMs !== null || isLeaderTrouble(incident, nowMs);
  const next: Incident = {
    ...incident,
    problems,
    remediations: held.remediations,
    pages: pagesOf({ ...incident, problems }, input.ledger.pages),
    withoutWrites: counts
      ? countedOn(lastPassMs === null ? asLeft(incident, watchedMs) : incident.withoutWrites, takes, { nowMs, gapMs })
      : incident.withoutWrites,
    quietSinceMs,
    endedAtMs: isOver ? quietSinceMs : null,
  };
  return isSame(next, incident) ? incident : next;
}

/** A first pass finds what others counted: of the time since they are known to have watched nobody here can tell. */
function asLeft({ withoutWrites }: Incident, watchedMs: number): Incident['withoutWrites'] {
  const { sinceMs, untoldSinceMs } = withoutWrites;
  return sinceMs === null
    ? withoutWrites
    : { ...withoutWrites, untoldSinceMs: untoldSinceMs ?? Math.max(sinceMs, watchedMs) };
}

/** The last that whoever kept it before is known to have seen: the newest moment that it noted of it. Its clock may be ahead of ours. */
function keptUntilMs(incident: Incident, { ledger, view }: IncidentInput): number {
  const runs = ledger.remediations.filter(({ id }) => incident.remediations.some((row) => row.id === id));
  const noted = [
    incident.openedAtMs,
    incident.quietSinceMs,
    ...incident.problems.flatMap((row) => [row.firstSeenMs, row.activeSinceMs, row.endedAtMs]),
    ...incident.pages.map(({ atMs }) => atMs),
    ...runs.flatMap((row) => [row.createdAtMs, row.sentAtMs, row.endedAtMs]),
  ].filter((atMs) => atMs !== null);
  return Math.min(view.atMs, Math.max(...noted));
}

/** What was done for its sake, and whether any of it is under way or holds a member back still. */
function workOf(incident: Incident, { remediations, drains, fences, pauses = [] }: IncidentInput['ledger']) {
  const own = remediations.filter(
    (row) =>
      incident.remediations.some(({ id }) => id === row.id) ||
      (row.createdAtMs >= incident.openedAtMs && holds(incident, row.plan.because)),
  );
  const known = incident.remediations;
  const news = own.filter((row) => !known.some(({ id }) => id === row.id));
  const ids = new Set([...known.map(({ id }) => id), ...news.map(({ id }) => id)]);
  return {
    remediations: [...known, ...news.map(rowOf)].slice(-MOST_ROWS),
    isUnderWay: own.some(isInFlight) || [...drains, ...fences, ...pauses].some((claim) => ids.has(claim.remediationId)),
  };
}

const rowOf = ({ id, plan: { action, target }, shadow }: Remediation): IncidentRemediation => ({
  id,
  action,
  target,
  ...(shadow ? { shadow } : {}),
});

function pagesOf(incident: Incident, rows: Ledger['pages']): Incident['pages'] {
  const told = rows.filter((row) => row.atMs >= incident.openedAtMs && holds(incident, row));
  const news = told.filter((row) => !incident.pages.some((page) => problemKey(page) === problemKey(row)));
  return [...incident.pages, ...news.map(({ code, subject, atMs }) => ({ code, subject, atMs }))].slice(-MOST_ROWS);
}

export interface IncidentNews {
  readonly change: 'opened' | 'joined' | 'ended';
  readonly incident: Incident;
}

/** What of it is worth an entry of its own. */
export function incidentNews(before: readonly Incident[], after: readonly Incident[]): readonly IncidentNews[] {
  const wasOpen = new Set(before.filter(isOpen).map(({ id }) => id));
  const known = new Set(before.map(({ id }) => id));
  return after.flatMap((incident): IncidentNews[] => {
    if (!known.has(incident.id)) return [{ change: 'opened', incident }];
    if (!wasOpen.has(incident.id) || isOpen(incident)) return [];
    return [{ change: incident.joinedTo === undefined ? 'ended' : 'joined', incident }];
  });
}

/**
 * What of `own` still counts beside a ledger that another instance may have kept meanwhile: not what has ended there, and not what it found
 * the trouble of by itself.
 */
export const stillOwn = (own: readonly Incident[], shared: readonly Incident[]): readonly Incident[] =>
  own.filter((one) => {
    const kept = shared.find(({ id }) => id === one.id);
    return kept === undefined ? holderOf(one, shared) === undefined : isOpen(kept);
  });

/** Those of `own` that `shared` never had, whose trouble it tells as another one: they are part of that one. */
export const takenOver = (own: readonly Incident[], shared: readonly Incident[], nowMs: number): readonly Incident[] =>
  own.flatMap((one) => {
    const holder = shared.some(({ id }) => id === one.id) ? undefined : holderOf(one, shared);
    return holder === undefined ? [] : [{ ...one, endedAtMs: nowMs, joinedTo: holder.id }];
  });

/** The open incident in which some of this one's trouble stands. */
const holderOf = (one: Incident, shared: readonly Incident[]): Incident | undefined =>
  shared.filter(isOpen).find(({ problems }) => {
    const standing = problems.filter((row) => row.endedAtMs === null).map(problemKey);
    return one.problems.some((row) => row.endedAtMs === null && standing.includes(problemKey(row)));
  });

/** `shared` as the ledger has it, with what this instance opened and could not write there; of two forms the one that goes on is newer. */
export const incidentsKnown = (shared: readonly Incident[], own: readonly Incident[]): readonly Incident[] =>
  own.length === 0 ? shared : [...shared.filter(({ id }) => !own.some((one) => one.id === id)), ...own];
