import type { Tone } from '../../words/narrate.js';
import { PROCEDURES } from '../../actions/asked.js';
import { membersTouched } from '../../model/plan.js';
import { PROCEDURE_NAMES, type ProcedureAnswer } from '../../model/procedure.js';
import { STAGED_NAMES, STAGED_ROWS } from '../../model/staged.js';
import type { Remediation, RemediationPhase } from '../../model/ledger.js';
import type { Progress } from '../../verify/progress.js';
import { wayOut } from '../../words/way-out.js';
import { bold, byTone, clean, dim, untilText, type Style } from './paint.js';
import { spanText } from '../../words/amounts.js';

/** The list: how each is written, what it does. */
export const renderProcedures = (): string =>
  [
    ...PROCEDURE_NAMES.map((name) => PROCEDURES[name]).filter(({ alone }) => alone !== false),
    ...STAGED_NAMES.map((name) => STAGED_ROWS[name]),
  ]
    .map(({ usage, summary }) => `  ${usage}\n      ${summary}`)
    .join('\n');

type Said = Exclude<ProcedureAnswer, { kind: 'refused' }>;

const HEAD: Readonly<Record<Said['kind'], readonly [Tone, string]>> = {
  started: ['good', 'started'],
  rehearsed: ['plain', 'dry-run: written down, nothing is sent'],
  planned: ['plain', 'would be sent'],
  held: ['warn', 'held: nothing was sent, and nothing is kept for later'],
};

/** What was made of a request: the plan, its exact requests, and every gate that says no with what would lift it. */
export function renderAnswer(answer: Said, style: Style): string {
  const blocks = 'blocks' in answer ? answer.blocks : [];
  const [tone, head] = blocks.length > 0 ? HEAD.held : HEAD[answer.kind];
  const { leader, candidate } = answer.plan.params;
  const members =
    typeof leader === 'string' && typeof candidate === 'string'
      ? `${leader} to ${candidate}`
      : membersTouched(answer.plan).join(', ');
  return [
    byTone(style, tone, head),
    `${bold(style, answer.plan.action)} ${clean(members)}: ${clean(answer.why)}${'id' in answer ? dim(style, ` (${answer.id})`) : ''}`,
    ...answer.steps.map((step, index) => `  ${index + 1}. ${clean(step)}`),
    ...blocks.flatMap((block) => [
      `  held by ${byTone(style, 'warn', block.gate)}: ${clean(block.because)}`,
      dim(
        style,
        `    to unblock: ${clean(wayOut(block, blocks))}${block.retryAtMs === null ? '' : `; open again ${untilText(style, block.retryAtMs)}`}`,
      ),
    ]),
  ].join('\n');
}

/** `2/4  patroni2 leads; patroni1 says starting (at most 96 s more)`. Without colour: it is cut to the width of the terminal. */
export function renderProgress({ step, steps, text, leftMs, phase }: Progress, form: 'live' | 'log'): string {
  const count = steps > 1 ? `${step}/${steps}  ` : '';
  const what = phase === 'sending' ? `sent, no answer yet: ${text}` : text;
  const left = leftMs === null || form === 'log' ? '' : ` (at most ${spanText(leftMs)} more)`;
  return `${count}${clean(what)}${left}`;
}

const PHASE_TONE: Readonly<Partial<Record<RemediationPhase, Tone>>> = {
  succeeded: 'good',
  ineffective: 'warn',
  abandoned: 'warn',
  failed: 'bad',
};

export function renderVerdict({ phase, detail }: Remediation, tookMs: number, style: Style): string {
  return `${byTone(style, PHASE_TONE[phase] ?? 'plain', phase)} after ${spanText(tookMs)}: ${clean(detail)}`;
}
