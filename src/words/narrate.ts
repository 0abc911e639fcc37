import type { RunStep } from '../model/procedure-run.js';
import { type Decision } from '../model/decision.js';
import { decisionText } from './decision.js';
import type { EntryBody, JournalEntry } from '../model/entry.js';
import type { Remediation, RemediationPhase } from '../model/ledger.js';
import type { Reply } from '../model/plan.js';
import { incidentNewsText } from './incident.js';
import { evidenceText } from './narrate-evidence.js';

/** How a sentence is meant: for colour in the terminal and on the dashboard, never the only carrier of the meaning. */
export type Tone = 'good' | 'plain' | 'quiet' | 'warn' | 'bad';

/** One journal entry as a sentence for people. */
export interface Line {
  readonly seq: number;
  readonly atMs: number;
  readonly scope: string;
  readonly kind: EntryBody['kind'];
  readonly tone: Tone;
  readonly text: string;
}

const PHASE_TONE: Readonly<Record<RemediationPhase, Tone>> = {
  planned: 'plain',
  sending: 'plain',
  verifying: 'plain',
  succeeded: 'good',
  ineffective: 'warn',
  failed: 'bad',
  unknown: 'bad',
  abandoned: 'warn',
};

const TENURE_TEXT = {
  held: ['good', 'this instance holds tenure and may act'],
  lost: ['bad', 'this instance lost tenure: it sends nothing until it holds it again'],
  other: ['quiet', 'another instance holds tenure: this one only watches'],
  unknown: ['warn', 'nobody can tell who holds tenure: this instance sends nothing'],
  released: ['quiet', 'this instance gave tenure up'],
} as const satisfies Readonly<Record<string, readonly [Tone, string]>>;

const ASKED = {
  started: ['plain', 'started'],
  rehearsed: ['quiet', 'dry-run, nothing was sent'],
  planned: ['quiet', 'planned only'],
  held: ['warn', 'held, nothing was sent'],
  refused: ['warn', 'refused, nothing was sent'],
} as const satisfies Readonly<Record<Extract<EntryBody, { kind: 'procedure' }>['answer'], readonly [Tone, string]>>;

const VETO: Readonly<
  Record<
    Extract<EntryBody, { kind: 'veto' }>['change'],
    (body: Extract<EntryBody, { kind: 'veto' }>) => readonly [Tone, string]
  >
> = {
  asked: ({ plan }) => ['quiet', `the veto hook is asked about ${plan.action} ${plan.target}`],
  go: ({ plan, because: why }) => ['plain', `the veto hook says go to ${plan.action} ${plan.target}${because(why)}`],
  veto: ({ plan, because: why }) => ['warn', `the veto hook says no to ${plan.action} ${plan.target}${because(why)}`],
  silent: ({ plan, because: why }) => [
    'warn',
    `the veto hook gave no answer about ${plan.action} ${plan.target}${because(why)}`,
  ],
};

const RUN_TONE: Readonly<Record<RunStep, Tone>> = {
  proposed: 'warn',
  started: 'plain',
  stage: 'plain',
  held: 'warn',
  paused: 'warn',
  continued: 'plain',
  aborting: 'warn',
  aborted: 'warn',
  succeeded: 'good',
};

export function narrate(entry: JournalEntry): Line {
  const [tone, text] = told(entry.body);
  return { seq: entry.seq, atMs: entry.atMs, scope: entry.scope, kind: entry.body.kind, tone, text };
}

/** A journal outlives versions: whatever another one wrote is one line, never the end of the list. */
function told(body: EntryBody): readonly [Tone, string] {
  try {
    return tell(body);
  } catch {
    return ['warn', `a ${body.kind} entry in a form that this version does not know`];
  }
}

function tell(body: EntryBody): readonly [Tone, string] {
  switch (body.kind) {
    case 'start':
      if (body.changes !== undefined)
        return ['plain', `ekimi ${body.version} took a changed ekimi.yaml in: ${body.changes.join('; ')}`];
      return ['plain', `ekimi ${body.version} started as ${body.instance}, policy ${body.policyHash.slice(0, 12)}`];
    case 'stop':
      return ['plain', `ekimi stopped: ${body.reason}`];
    case 'pass':
      return tellPass(body);
    case 'intent':
      return [
        body.shadow ? 'quiet' : 'plain',
        `${body.shadow ? 'dry-run: ' : ''}${body.plan.action} ${body.plan.target}, step ${body.step + 1}: ${body.shadow ? 'would send' : 'sends'} ${body.request}`,
      ];
    case 'outcome':
      return [outcomeTone(body.reply, body.shadow), `${body.shadow ? 'dry-run: ' : ''}${replyText(body.reply)}`];
    case 'verdict':
      return tellVerdict(body.remediation);
    case 'evidence':
      return ['quiet', evidenceText(body)];
    case 'api-change':
      return [
        'quiet',
        `${body.by} (${body.role}) from ${body.from} asked for ${body.method} ${body.path}: answered ${body.status}, request ${body.requestId}`,
      ];
    case 'approval':
      return [
        body.state === 'waiting' ? 'warn' : 'plain',
        `approval ${body.id} of ${body.plan.action} ${body.plan.target} is ${body.state}${by(body.by)}${because(body.reason)}`,
      ];
    case 'veto':
      return VETO[body.change](body);
    case 'procedure': {
      const [tone, verb] = ASKED[body.answer];
      return [tone, `${body.by} asked for ${body.name} (${body.reason}): ${verb}${because(body.text)}`];
    }
    case 'procedure-run':
      return [
        RUN_TONE[body.change],
        `${body.run.name} (${body.run.id}) ${body.change}${by(body.by)}${because(body.text)}`,
      ];
    case 'switch':
      return [
        body.change === 'on' ? 'warn' : 'plain',
        `${body.change === 'on' ? 'paused' : 'resumed'} ${body.switch.subject} by ${body.by}${because(body.switch.reason)}`,
      ];
    case 'tenure': {
      const [tone, text] = TENURE_TEXT[body.change];
      return [tone, `${text}${because(body.detail)}`];
    }
    case 'policy':
      if (body.change === 'in-force') return ['quiet', `policy in force${because(body.detail)}`];
      return [body.change === 'refused' ? 'bad' : 'plain', `policy ${body.change}${because(body.detail)}`];
    case 'config':
      return ['bad', body.detail];
    case 'page':
      // What is over says itself of what.
      return body.change === 'ended' || body.change === 'acknowledged'
        ? ['good', body.text]
        : ['bad', `paged for ${body.code} ${body.subject}: ${body.text}`];
    case 'incident':
      return [INCIDENT_TONE[body.change], incidentNewsText(body, body.of.endedAtMs ?? body.of.openedAtMs)];
    default:
      // A newer writer's kind: readers skip what they do not know.
      return [
        'quiet',
        `an entry of a kind that this version does not know: ${(body satisfies never as EntryBody).kind}`,
      ];
  }
}

const INCIDENT_TONE: Readonly<Record<Extract<EntryBody, { kind: 'incident' }>['change'], Tone>> = {
  opened: 'warn',
  joined: 'quiet',
  ended: 'good',
};

/** A rehearsal has no success: nothing was sent, and nothing became so. */
function tellVerdict({ plan, phase, shadow, detail }: Remediation): readonly [Tone, string] {
  const what = `${plan.action} ${plan.target}`;
  if (shadow) return ['quiet', `dry-run: would have run ${what} (nothing was sent)${because(detail)}`];
  return [PHASE_TONE[phase], `${what} ${phase}: ${detail}`];
}

const by = (who: string | null): string => (who === null ? '' : ` by ${who}`);
const because = (why: string | null): string => (why === null || why === '' ? '' : `: ${why}`);

function tellPass(body: Extract<EntryBody, { kind: 'pass' }>): readonly [Tone, string] {
  const seen = body.problems.filter((problem) => problem.phase !== 'recovering');
  if (body.decisions.length > 0) return [passTone(body.decisions), decisionsText(body.decisions)];
  if (seen.length > 0)
    return [
      'warn',
      `sees ${seen.map((problem) => `${problem.code} ${problem.subject} (${problem.phase})`).join(', ')}; nothing to do yet`,
    ];
  return ['good', 'no problem in sight'];
}

function passTone(decisions: readonly Decision[]): Tone {
  if (decisions.some((one) => one.kind === 'page')) return 'bad';
  if (decisions.some((one) => one.kind === 'act')) return 'plain';
  return decisions.some((one) => one.kind === 'held') ? 'warn' : 'quiet';
}

/** What is done or held in full; who is paged has an entry of its own, and waits for one reason are one clause. */
function decisionsText(decisions: readonly Decision[]): string {
  const full = decisions.filter((one) => one.kind === 'act' || one.kind === 'held').map(decisionText);
  const pages = decisions.flatMap((one) => (one.kind === 'page' ? [`${one.code} ${one.subject}`] : []));
  const waits = new Map<string, string[]>();
  for (const one of decisions)
    if (one.kind === 'waiting') waits.set(one.why, [...(waits.get(one.why) ?? []), `${one.code} ${one.subject}`]);
  return [
    ...full,
    ...(pages.length === 0 ? [] : [`a person must act on ${pages.join(' and ')}`]),
    ...[...waits].map(([why, subjects]) => `waiting on ${subjects.join(', ')}: ${why}`),
  ].join('; ');
}

const outcomeTone = (reply: Reply, shadow: boolean): Tone =>
  shadow ? 'quiet' : reply.effect === 'maybe' ? 'bad' : reply.effect === 'none' ? 'warn' : 'plain';

function replyText(reply: Reply): string {
  const status = reply.status === null ? '' : ` ${reply.status}`;
  const words = reply.text === '' ? '' : `: ${reply.text}`;
  if (reply.effect === 'maybe')
    return `no answer says whether it happened${words}; Ekimi looks before it does anything else`;
  return `${reply.effect === 'done' ? 'done' : 'refused, nothing happened'}${status} in ${Math.round(reply.tookMs)} ms${words}`;
}
