import { overview } from '../../api/overview.js';
import { type Decision } from '../../model/decision.js';
import { isUnreached } from '../../assess/unreachable.js';
import { NO_ANSWER } from '../../words/no-answer.js';
import { wayOut } from '../../words/way-out.js';
import { unknownDecision } from '../../words/decision.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { bold, byTone, clean, dim, typed, untilText, type Style } from './paint.js';
import type { Tone } from '../../words/narrate.js';

/** Held by the mode alone means that everything else said yes: that is what dry-run is for. */
function verdictOf(decision: Decision): readonly [Tone, string] {
  switch (decision.kind) {
    case 'act':
      return ['good', 'acts'];
    case 'held':
      if (decision.blocks.every((block) => block.gate === 'approval')) return ['warn', 'waits for an approval'];
      return decision.blocks.every((block) => block.gate === 'mode') ? ['plain', 'would act'] : ['warn', 'held'];
    case 'waiting':
      return ['quiet', 'waits'];
    case 'page':
      return ['bad', 'a person must act'];
    default:
      return ['warn', unknownDecision(decision)];
  }
}

const KNOWN_KINDS: readonly Decision['kind'][] = ['act', 'held', 'waiting', 'page'];

/** One decision: what, why, every gate that says no with what would lift it; `full` adds the exact requests. */
export function decisionLines(decision: Decision, style: Style, form: 'short' | 'full'): string[] {
  const [tone, verdict] = verdictOf(decision);
  if (!KNOWN_KINDS.includes(decision.kind)) return [byTone(style, tone, clean(verdict))];
  const planned = decision.kind === 'act' || decision.kind === 'held';
  const what = planned
    ? `${bold(style, decision.plan.action)} ${clean(decision.plan.target)}`
    : `${bold(style, decision.code)} ${clean(decision.subject)}`;
  const lines = [`${byTone(style, tone, verdict)}  ${what}: ${clean(decision.why)}`];
  if (planned && form === 'full') lines.push(...decision.steps.map((step, index) => `  ${index + 1}. ${clean(step)}`));
  if (decision.kind === 'held') {
    for (const block of decision.blocks) {
      const retry = block.retryAtMs === null ? '' : `; asked again ${untilText(style, block.retryAtMs)}`;
      lines.push(`  held by ${byTone(style, 'warn', block.gate)}: ${clean(block.because)}`);
      lines.push(dim(style, `    to unblock: ${clean(wayOut(block, decision.blocks))}${retry}`));
    }
  }
  if (decision.kind === 'waiting' && decision.untilMs !== null)
    lines.push(dim(style, `  decides again ${untilText(style, decision.untilMs)}`));
  return lines;
}

const NOT_KNOWN =
  'Nothing is due, as far as is known: etcd was not read. What does not answer is told by: ekimi doctor';

/** `ekimi plan`: what it would do now, request by request. */
export function renderPlan(snapshot: ClusterSnapshot, style: Style): string {
  const { scope, policy, decisions } = snapshot;
  const { headline, brakes } = overview(snapshot);
  const held = brakes.length === 0 ? '' : `, but ${clean(brakes.join('; '))}`;
  const head = `${bold(style, clean(scope))}  ${clean(headline)}, mode ${policy.mode}${held}`;
  if (snapshot.view === null || isUnreached(snapshot.view))
    return [head, ...NO_ANSWER].map((line) => typed(style, line, scope)).join('\n');
  if (decisions.length === 0) {
    const blind = snapshot.view.dcs.keys.kind === 'unknown';
    return typed(style, [head, blind ? NOT_KNOWN : 'Nothing is due.'].join('\n'), scope);
  }
  const told = decisions.flatMap((decision) => ['', ...decisionLines(decision, style, 'full')]);
  return [head, ...told.map((line) => typed(style, line, scope))].join('\n');
}
