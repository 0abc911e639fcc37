import { narrate, type Line } from '../../words/narrate.js';
import type { Decision } from '../../model/decision.js';
import type { EntryBody, JournalEntry } from '../../model/entry.js';
import { FOREIGN_WORK, foreignInFlight } from '../../model/foreign.js';
import { foreignText } from '../../words/foreign.js';
import { ACTION_NAMES, membersTouched, type Plan } from '../../model/plan.js';
import { PROBLEM_CODES, type Problem } from '../../model/problem.js';
import { PROCEDURE_NAMES } from '../../model/procedure.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { bold, byTone, clean, section, typed, type Style } from './paint.js';
import { isUnreached } from '../../assess/unreachable.js';
import { NO_ANSWER } from '../../words/no-answer.js';
import { dayText } from '../../words/moments.js';
import { decisionLines } from './plan.js';
import { wrap } from './wrap.js';
import { problemLines } from './status.js';

export interface Question {
  /** A member, an action, a problem code or an etcd endpoint; null: everything. */
  readonly subject: string | null;
  /** null: now, from the snapshot. */
  readonly atMs: number | null;
  readonly snapshot: ClusterSnapshot | null;
  /** Oldest first. */
  readonly entries: readonly JournalEntry[];
}

export interface Answer {
  readonly scope: string | null;
  readonly atMs: number | null;
  readonly subject: string | null;
  readonly problems: readonly Problem[];
  /** What was decided and sent nothing: held, waiting, paged. */
  readonly notDone: readonly Decision[];
  readonly due: readonly Decision[];
  /** What was sent and what came of it, within the hour before. */
  readonly done: readonly Line[];
  /** Policy, tenure, kill switches and approvals that changed within that hour. */
  readonly around: readonly Line[];
  /** Said when nothing else answers the question. */
  readonly note: string | null;
  /** It is a name that something here has. */
  readonly known: boolean;
}

const HOUR_MS = 3_600_000;
const DONE: readonly EntryBody['kind'][] = ['procedure', 'procedure-run', 'evidence', 'intent', 'outcome', 'verdict'];
const AROUND: readonly EntryBody['kind'][] = [
  'start',
  'stop',
  'approval',
  'veto',
  'switch',
  'tenure',
  'policy',
  'config',
  'page',
];

/** Answers from what was written at the time, never from what we would decide today. */
export function answer(question: Question): Answer {
  const { subject, snapshot } = question;
  const atMs = question.atMs ?? snapshot?.atMs ?? question.entries.at(-1)?.atMs ?? null;
  const entries = question.entries.filter((entry) => atMs !== null && entry.atMs <= atMs);
  const now =
    question.atMs === null && snapshot !== null
      ? { problems: snapshot.states?.problems ?? [], decisions: snapshot.decisions }
      : passIn(entries);
  const decisions = (now?.decisions ?? []).filter((decision) => concerns(decision, subject));
  const recent = entries.filter((entry) => atMs !== null && entry.atMs > atMs - HOUR_MS);
  const ids = idsOf(recent, subject);
  const lines = (kinds: readonly EntryBody['kind'][], only: (body: EntryBody) => boolean): Line[] =>
    recent.filter((entry) => kinds.includes(entry.body.kind) && only(entry.body)).map(narrate);
  const found = {
    problems: (now?.problems ?? []).filter(
      (problem) => subject === null || [problem.code, problem.subject].includes(subject),
    ),
    due: decisions.filter((decision) => decision.kind === 'act'),
    notDone: decisions.filter((decision) => decision.kind !== 'act'),
    done: lines(DONE, (body) => subject === null || tellsOf(body, subject, ids)),
    around: lines(AROUND, (body) => subject === null || isAround(body, subject, ids)),
  };
  const silent = found.problems.length + decisions.length + found.done.length === 0;
  return {
    scope: snapshot?.scope ?? entries.at(-1)?.scope ?? null,
    atMs,
    subject,
    ...found,
    note: noteOf(question, silent, now === null),
    known: subject === null || !silent || isName(question, subject),
  };
}

/** Of what is asked of a person or told to one, what names it; all of what holds for everything: mode, tenure, switches, start and end. */
const OF_ONE: readonly EntryBody['kind'][] = ['approval', 'veto', 'page'];

const isAround = (body: EntryBody, subject: string, ids: ReadonlySet<string>): boolean =>
  !OF_ONE.includes(body.kind) || ('id' in body && ids.has(body.id ?? '')) || names(body, subject);

/** One of its values is exactly that. */
const names = (value: object, subject: string): boolean =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)).includes(
    JSON.stringify(subject),
  );

/** A name of ours, of the cluster, or of anything that was written in that time. */
const isName = ({ snapshot, entries }: Question, subject: string): boolean =>
  OURS.has(subject) ||
  names([snapshot?.scope, snapshot?.view], subject) ||
  entries.some(({ scope, body }) => names([scope, body], subject));

const OURS: ReadonlySet<string> = new Set([...ACTION_NAMES, ...PROBLEM_CODES, ...PROCEDURE_NAMES, 'operator']);

/** A pass that only repeats the one before is not written: the last one written is the one in force. */
function passIn(entries: readonly JournalEntry[]): Extract<EntryBody, { kind: 'pass' }> | null {
  for (const entry of [...entries].reverse()) if (entry.body.kind === 'pass') return entry.body;
  return null;
}

function concerns(decision: Decision, subject: string | null): boolean {
  if (subject === null) return true;
  return decision.kind === 'act' || decision.kind === 'held'
    ? [decision.plan.action, decision.plan.target, decision.plan.because.code].some((word) => word === subject)
    : [decision.code, decision.subject].some((word) => word === subject);
}

/** A request that a person was refused has no id: it is found by its own words. */
function tellsOf(body: EntryBody, subject: string, ids: ReadonlySet<string>): boolean {
  if (body.kind === 'procedure')
    return [body.name, ...(body.plan === null ? [] : membersTouched(body.plan)), 'operator'].includes(subject);
  if (body.kind === 'procedure-run') return [body.run.name, body.run.id, 'operator'].includes(subject);
  return 'id' in body && ids.has(body.id);
}

/** What an entry is about, in whatever form another version wrote it. */
interface Planned {
  readonly id?: string;
  readonly plan?: Plan;
  readonly remediation?: { readonly plan?: Plan };
}

/** An outcome names no member, only the id of its intent. */
function idsOf(entries: readonly JournalEntry[], subject: string | null): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { body } of entries) {
    if (!['intent', 'evidence', 'verdict'].includes(body.kind)) continue;
    const { id, ...about } = body as Planned;
    const plan = about.plan ?? about.remediation?.plan;
    if (id === undefined || plan === undefined) continue;
    if ([plan.action, plan.because.code, ...membersTouched(plan)].some((word) => word === subject)) ids.add(id);
  }
  return ids;
}

function noteOf(question: Question, silent: boolean, noPass: boolean): string | null {
  const foreign = question.atMs === null && question.snapshot !== null ? foreignInFlight(question.snapshot.ledger) : [];
  if (foreign.length > 0)
    return `${foreign.map(foreignText).join('; ')}: whatever is risky waits until it has ended, or until "ekimi resume --subject ${FOREIGN_WORK}".`;
  if (question.atMs === null && question.snapshot?.view != null && isUnreached(question.snapshot.view))
    return NO_ANSWER.join(' ');
  return silent ? silenceNote(question, noPass) : null;
}

function silenceNote({ subject, atMs, snapshot }: Question, noPass: boolean): string {
  if (atMs !== null && noPass) return 'The journal has no pass at or before that time.';
  const modes = Object.entries(snapshot?.policy.actions ?? {});
  const policy = modes.find(([action]) => action === subject);
  if (policy !== undefined && policy[1].mode === 'off') return `The policy has ${policy[0]} off: it is never planned.`;
  if (subject === null) return 'No problem was in sight, so nothing was decided.';
  return `Nothing was decided about ${subject}: no problem names it.`;
}

/** As a story: what came of a request stands behind it, and of evidence where it is; its words where one subject is asked about. */
function joined(lines: readonly Line[], isBrief: boolean): readonly Line[] {
  const found: Line[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (line.kind === 'outcome' && last?.kind === 'intent')
      found[found.length - 1] = { ...last, kind: 'outcome', tone: line.tone, text: `${last.text}: ${line.text}` };
    else if (line.kind === 'evidence' && isBrief)
      found.push({ ...line, text: `${line.text.split(': ', 1)[0] ?? ''}: ekimi journal show ${line.seq}` });
    else found.push(line);
  }
  return found;
}

/** `ekimi why`: did, did not, and what would unblock it. */
export function renderWhy(found: Answer, style: Style): string {
  const about = found.subject === null ? '' : ` about ${bold(style, clean(found.subject))}`;
  const when = found.atMs === null ? '' : ` at ${dayText(found.atMs)}`;
  const command = (text: string): string => typed(style, text, found.scope);
  // Two columns stand before each line of a section; what goes on stands under the sentence, not under the time.
  const told = (lines: readonly Line[]): string[] =>
    lines
      .map((line) => `${dayText(line.atMs).slice(11)}  ${byTone(style, line.tone, command(clean(line.text)))}`)
      .flatMap((text) => wrap(text, style.columns - 2, ' '.repeat(11)));
  const within = (lines: readonly string[]): readonly string[] =>
    lines.flatMap((text) => wrap(command(text), style.columns - 2, ' '.repeat(8)));
  return [
    `${bold(style, clean(found.scope ?? 'no cluster'))}${about}${when}`,
    ...(found.note === null ? [] : wrap(command(clean(found.note)), style.columns, '  ')),
    ...section(style, 'WHAT IT SAW', within(found.problems.flatMap((problem) => problemLines(problem, style)))),
    ...section(style, 'WHAT IT DID (hour before)', told(joined(found.done, found.subject === null))),
    ...section(
      style,
      'WHAT IT DOES NOW',
      within(found.due.flatMap((decision) => decisionLines(decision, style, 'full'))),
    ),
    ...section(
      style,
      'WHAT IT DID NOT DO, AND WHY',
      within(found.notDone.flatMap((decision) => decisionLines(decision, style, 'full'))),
    ),
    ...section(style, 'WHAT CHANGED AROUND IT (hour before)', told(found.around)),
  ].join('\n');
}
