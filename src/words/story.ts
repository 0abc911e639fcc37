import type { Decision } from '../model/decision.js';
import type { EntryBody, JournalEntry } from '../model/entry.js';
import type { Plan } from '../model/plan.js';
import type { Mode } from '../model/policy.js';
import type { Channel } from '../model/channel.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { spanText } from './amounts.js';
import type { Tone } from './narrate.js';

/** What a line of the story is about, in five letters. */
export type StoryWord =
  'SEEN' | 'ACT' | 'WOULD' | 'STEP' | 'OK' | 'FAIL' | 'PAGE' | 'ASKS' | 'HELD' | 'WELL' | 'OVER' | 'NOTE';

export interface StoryLine {
  readonly atMs: number;
  readonly word: StoryWord;
  readonly tone: Tone;
  readonly text: string;
  /** Of `ASKS`: the approval that is asked for. */
  readonly approval?: string;
}

/** What has been told so far, so that nothing is told twice, and what the summary needs. */
export interface Story {
  /** dry-run: what is decided is told as what would be done. */
  readonly mode: Mode;
  /** Keys of problems that were told and still stand. */
  readonly standing: readonly string[];
  /** Subjects that were told to be in trouble. */
  readonly subjects: readonly string[];
  readonly held: readonly string[];
  /** Rehearsals that were told: each once. */
  readonly wished: readonly string[];
  /** What was about to be sent, by run and step. */
  readonly requests: Readonly<Record<string, string>>;
  readonly sent: number;
  /** Actions that ended, in order: what they were and whether the cluster shows their effect. */
  readonly ended: readonly { readonly what: string; readonly ok: boolean; readonly shadow: boolean }[];
}

export const NO_STORY: Story = {
  mode: 'enforce',
  standing: [],
  subjects: [],
  held: [],
  wished: [],
  requests: {},
  sent: 0,
  ended: [],
};

interface Told {
  readonly story: Story;
  readonly lines: readonly StoryLine[];
}

/** The next entry of a journal as events that matter: a line each, nothing repeated. Evidence is left to `ekimi why`. */
export function tellNext(story: Story, { atMs, body, scope }: JournalEntry): Told {
  const line = (word: StoryWord, tone: Tone, text: string): StoryLine => ({ atMs, word, tone, text });
  const say = (word: StoryWord, tone: Tone, text: string): Told => ({ story, lines: [line(word, tone, text)] });
  switch (body.kind) {
    case 'pass':
      return tellPass(story, body, line, scope);
    case 'intent':
      return { story: withStep(story, body), lines: [] };
    case 'outcome':
      return tellOutcome(story, body, line);
    case 'verdict':
      return tellVerdict(story, body, line);
    case 'approval':
      return tellApproval(story, body, line);
    case 'page':
      return tellPage(story, body, line);
    case 'tenure':
      return body.change === 'held'
        ? say('NOTE', 'quiet', 'Ekimi may act: no other instance holds tenure')
        : say('NOTE', 'warn', `tenure ${body.change}: Ekimi sends nothing until it holds it`);
    case 'switch':
      return say('NOTE', 'warn', `${body.by} ${body.change === 'on' ? 'paused' : 'resumed'} ${body.switch.subject}`);
    case 'procedure-run':
      return say(
        'NOTE',
        body.change === 'succeeded' ? 'good' : 'plain',
        `${body.run.name} ${body.change}: ${body.text}`,
      );
    case 'incident':
      return body.change === 'ended' ? say('OVER', 'good', endText(body.of)) : { story, lines: [] };
    default:
      return { story, lines: [] };
  }
}

type Line = (word: StoryWord, tone: Tone, text: string) => StoryLine;

const endText = ({ cause, subject, openedAtMs, endedAtMs }: Extract<EntryBody, { kind: 'incident' }>['of']): string =>
  `the incident that began with ${cause} ${subject} is over, after ${spanText((endedAtMs ?? openedAtMs) - openedAtMs)}`;

const TITLES: Readonly<Partial<Record<ProblemCode, (subject: string) => string>>> = {
  'leader-down': (subject) => `${subject} holds the leader key and is dead`,
  'member-down': (subject) => `${subject} is down`,
  leaderless: () => 'nobody leads',
  'too-few-replicas': () => 'too few replicas are healthy',
  'dcs-member-down': (subject) => `etcd member ${subject} does not serve`,
  'dcs-quorum-lost': () => 'etcd has no majority: nobody can be elected',
  'replica-recovered': (subject) => `${subject} has caught up and may serve reads again`,
  'replica-start-failed': (subject) => `PostgreSQL on ${subject} fails to start`,
  'proxy-behind': (subject) => `HAProxy does not send writes to ${subject} yet, though it leads`,
};

/** Without the channel that says it, which is a matter of evidence. */
const sentenceOf = (problem: Problem): string =>
  TITLES[problem.code]?.(problem.subject) ??
  problem.evidence[0]?.text.replace(/^[^:]{1,24}: (?=\S)/, '') ??
  `${problem.code} ${problem.subject}`;

/** Suspicions that come and go with every repair are told only where they open a trouble, and only soon before they count. */
const SOON_MS = 15_000;

function tellPass(story: Story, body: Extract<EntryBody, { kind: 'pass' }>, line: Line, scope: string): Told {
  const acts = body.decisions.filter((one) => one.kind === 'act');
  const answered = acts.map(({ plan }) => keyOf(plan.because));
  const news = newsIn(story, body.problems, answered);
  const subjects = [...new Set([...story.subjects, ...news.map(({ subject }) => subject)])];
  const gone = subjects.filter((subject) => !body.problems.some((problem) => problem.subject === subject));
  const toTell = acts.filter(({ plan }) => !story.wished.includes(named(plan)));
  const { held, lines: heldLines } = tellHeld(story, body, line);
  const told = [...story.standing, ...news.filter(({ phase }) => phase === 'active').map(keyOf), ...answered];
  return {
    story: {
      ...story,
      held,
      wished: story.mode === 'dry-run' ? [...story.wished, ...toTell.map(({ plan }) => named(plan))] : story.wished,
      subjects: subjects.filter((subject) => !gone.includes(subject)),
      standing: told.filter((key) => body.problems.some((problem) => keyOf(problem) === key)),
    },
    lines: [
      ...news.map((problem) => seenLine(problem, line)),
      ...heldLines,
      ...toTell.flatMap((one) => actLines(one, body.problems, story.mode, line)),
      ...gone
        .filter((subject) => subject !== scope)
        .map((one) => line('WELL', 'good', `${one}: no problem is seen any more`)),
    ],
  };
}

/** The levels of lag are one trouble. */
const keyOf = ({ code, subject }: { readonly code: string; readonly subject: string }): string =>
  `${code.startsWith('replica-lag') ? 'replica-lag' : code}/${subject}`;

/** What counts now and was not told; or, while nothing is, the first thing that is about to count. */
function newsIn(story: Story, problems: readonly Problem[], answered: readonly string[]): readonly Problem[] {
  const fresh = problems.filter(
    (problem) =>
      problem.phase !== 'recovering' &&
      problem.code !== 'replica-recovered' &&
      !answered.includes(keyOf(problem)) &&
      !story.standing.includes(keyOf(problem)),
  );
  const active = fresh.filter(({ phase }) => phase === 'active');
  const once = active.filter((one, at) => active.findIndex((other) => keyOf(other) === keyOf(one)) === at);
  if (once.length > 0 || story.subjects.length > 0) return once;
  return fresh.filter(({ actionableAtMs, firstSeenMs }) => actionableAtMs - firstSeenMs <= SOON_MS).slice(0, 1);
}

function seenLine(problem: Problem, line: Line): StoryLine {
  if (problem.phase === 'active')
    return line('SEEN', problem.level === 'critical' ? 'bad' : 'warn', sentenceOf(problem));
  const inMs = problem.actionableAtMs - problem.lastSeenMs;
  return line('SEEN', 'warn', `${sentenceOf(problem)}; counts in ${spanText(Math.max(1000, inMs))} if it stays`);
}

const CHANNEL: Readonly<Partial<Record<Channel, string>>> = {
  api: 'API',
  sql: 'SQL',
  dcs: 'etcd',
  peers: 'replicas',
  proxy: 'HAProxy',
};

function actLines(
  { plan, steps }: Extract<Decision, { kind: 'act' }>,
  problems: readonly Problem[],
  mode: Mode,
  line: Line,
): readonly StoryLine[] {
  const problem = problems.find(({ code, subject }) => code === plan.because.code && subject === plan.because.subject);
  const channels = (problem?.channels ?? []).map((one) => CHANNEL[one] ?? one);
  const agree = channels.length > 1 ? ` (${channels.join(', ')} agree)` : '';
  const why = problem === undefined ? (plan.because.reason ?? plan.because.code) : sentenceOf(problem);
  if (mode !== 'dry-run') return [line('ACT', 'plain', `${named(plan)}: ${why}${agree}`)];
  return [
    line('WOULD', 'warn', `${named(plan)}: ${why}${agree}; dry-run: nothing is sent, act yourself`),
    ...steps.map((request) => line('STEP', 'quiet', `would send  ${request}`)),
  ];
}

const named = ({ action, target }: Plan): string => `${action} ${target}`;

/** One held by consent alone has an approval of its own, which is told. */
function tellHeld(
  story: Story,
  { decisions }: Extract<EntryBody, { kind: 'pass' }>,
  line: Line,
): { readonly held: readonly string[]; readonly lines: readonly StoryLine[] } {
  const now = decisions.flatMap((one) => {
    if (one.kind !== 'held' || one.blocks.every(({ gate }) => gate === 'approval')) return [];
    // A rehearsal that is not repeated at once is no news.
    if (story.wished.includes(named(one.plan))) return [];
    const block = one.blocks.find(({ gate }) => gate !== 'approval');
    return [{ key: `${named(one.plan)} ${block?.gate ?? ''}`, text: `${named(one.plan)}: ${block?.because ?? ''}` }];
  });
  return {
    held: [...new Set([...story.held, ...now.map(({ key }) => key)])],
    lines: now.filter(({ key }) => !story.held.includes(key)).map(({ text }) => line('HELD', 'warn', text)),
  };
}

const withStep = (story: Story, { id, step, request }: Extract<EntryBody, { kind: 'intent' }>): Story => ({
  ...story,
  requests: { ...story.requests, [`${id}/${step}`]: request },
});

function tellOutcome(story: Story, body: Extract<EntryBody, { kind: 'outcome' }>, line: Line): Told {
  const { id, step, reply, shadow } = body;
  const request = story.requests[`${id}/${step}`] ?? 'a request';
  if (shadow) return { story, lines: [] };
  const became = reply.effect === 'done' ? 'ok' : reply.effect === 'none' ? 'refused' : 'no answer';
  const words = reply.effect === 'done' || reply.text === '' ? '' : `: ${reply.text}`;
  return {
    story: { ...story, sent: story.sent + 1 },
    lines: [line('STEP', reply.effect === 'done' ? 'quiet' : 'bad', `${became}  ${request}${words}`)],
  };
}

function tellVerdict(story: Story, { remediation }: Extract<EntryBody, { kind: 'verdict' }>, line: Line): Told {
  const { plan, phase, shadow, detail } = remediation;
  const ok = phase === 'succeeded';
  const ended = [...story.ended, { what: named(plan), ok, shadow }];
  if (shadow) return { story: { ...story, ended }, lines: [] };
  return {
    story: { ...story, ended },
    lines: [line(ok ? 'OK' : 'FAIL', ok ? 'good' : 'bad', `${named(plan)}: ${detail}`)],
  };
}

function tellApproval(story: Story, body: Extract<EntryBody, { kind: 'approval' }>, line: Line): Told {
  const { id, state, plan, by, reason } = body;
  if (state === 'waiting') {
    const until =
      story.mode === 'dry-run' ? 'dry-run: nothing is sent, even if you agree' : 'Nothing is sent before you agree';
    return { story, lines: [{ ...line('ASKS', 'warn', `may Ekimi do ${named(plan)}? ${until}`), approval: id }] };
  }
  if (state === 'used') return { story, lines: [] };
  return {
    story,
    lines: [
      line(
        'NOTE',
        'plain',
        `${named(plan)} ${state}${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`,
      ),
    ],
  };
}

function tellPage(
  story: Story,
  { code, subject, change, text }: Extract<EntryBody, { kind: 'page' }>,
  line: Line,
): Told {
  if (change === 'ended') return { story, lines: [] };
  if (change === 'acknowledged') return { story, lines: [line('NOTE', 'plain', text)] };
  const again = change === undefined || change === 'opened' ? '' : ` (${change})`;
  return {
    story,
    lines: [line('PAGE', 'bad', `a person is called for ${code} ${subject}${again} (in the demo: by the log alone)`)],
  };
}

/** Seconds in which nobody took writes: of this run, and of the same faults under Patroni alone. null: it was not tried. */
export interface WritesLost {
  readonly withMs: number;
  readonly aloneMs: number | null;
}

/** The end of the story: what happened, what was sent, seconds without writes and seconds saved. */
export function summaryOf(story: Story, { withMs, aloneMs }: WritesLost): readonly string[] {
  const real = story.ended.filter(({ shadow }) => !shadow);
  const done = real.filter(({ ok }) => ok).map(({ what }) => what);
  const failed = real.filter(({ ok }) => !ok).map(({ what }) => what);
  const wished = [...new Set(story.ended.filter(({ shadow }) => shadow).map(({ what }) => what))];
  const saved = aloneMs === null ? null : aloneMs - withMs;
  return [
    `requests sent      ${story.sent}${story.mode === 'dry-run' ? ' (dry-run sends nothing)' : ''}`,
    ...(done.length === 0 ? [] : [`done               ${[...new Set(done)].join(', ')}`]),
    ...(failed.length === 0 ? [] : [`did not help       ${[...new Set(failed)].join(', ')}`]),
    ...(wished.length === 0 ? [] : [`would have done    ${wished.join(', ')}`]),
    `without writes     ${secondsText(withMs)}${aloneMs === null ? '' : `; the same faults under Patroni alone: ${secondsText(aloneMs)}`}`,
    ...(saved === null
      ? []
      : [saved > 0 ? `saved              ${secondsText(saved)} of writes` : 'saved              none']),
  ];
}

const secondsText = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
