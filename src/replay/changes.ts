import type { Block, Decision } from '../model/decision.js';
import { toJson } from '../model/json.js';

/** One decision that comes out otherwise, in words; `gates` made the difference, where gates did. */
export interface Change {
  /** What it is about: `reinitialize-replica pg2`, or the problem's code and subject. */
  readonly what: string;
  readonly was: string;
  readonly is: string;
  readonly gates: readonly Block['gate'][];
  /** The same decision in other words: another version wrote it. */
  readonly isWording?: true;
}

const NOTHING = 'nothing';

/** Each decision of either list that the other lacks or has otherwise. Not empty for lists that differ. */
export function changesBetween(before: readonly Decision[], after: readonly Decision[]): readonly Change[] {
  const [was, is] = [byAbout(before), byAbout(after)];
  const changes: Change[] = [];
  for (const what of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(what), is.get(what)];
    if (toJson(old) !== toJson(now)) changes.push(changeOf(what, old, now));
  }
  return changes.length > 0
    ? changes
    : [{ what: 'the order of the decisions', was: aboutOf(before), is: aboutOf(after), gates: [] }];
}

const about = (decision: Decision): string =>
  decision.kind === 'act' || decision.kind === 'held'
    ? `${decision.plan.action} ${decision.plan.target}`
    : `${decision.code} ${decision.subject}`;

const aboutOf = (decisions: readonly Decision[]): string => decisions.map(about).join(', ');

const byAbout = (decisions: readonly Decision[]): ReadonlyMap<string, Decision> =>
  new Map(decisions.map((decision) => [about(decision), decision]));

const blocksOf = (decision: Decision | undefined): readonly Block[] =>
  decision?.kind === 'held' ? decision.blocks : [];

function changeOf(what: string, old: Decision | undefined, now: Decision | undefined): Change {
  const [before, after] = [blocksOf(old), blocksOf(now)];
  const has = (blocks: readonly Block[], gate: Block['gate']): boolean => blocks.some((block) => block.gate === gate);
  const gates = [...new Set([...before, ...after].map(({ gate }) => gate))].filter(
    (gate) => has(before, gate) !== has(after, gate),
  );
  const [was, is] = [wordsOf(old), wordsOf(now)];
  const wording = isInOtherWords(old, now) ? { isWording: true as const } : {};
  // The same in one word and not in every byte: a figure, a reason.
  return was === is
    ? { what, was: toJson(old), is: toJson(now), gates, ...wording }
    : { what, was, is, gates, ...wording };
}

/** The same but for sentences: what is done to whom, by which requests, held by which gates until when, at which loss. */
function isInOtherWords(old: Decision | undefined, now: Decision | undefined): boolean {
  if (old === undefined || now === undefined) return false;
  // The most frequent kinds, and all of them but the sentence: no need to write them out.
  if (old.kind === 'waiting' || old.kind === 'page')
    return now.kind === old.kind && untilOf(now) === untilOf(old) && about(now) === about(old);
  return toJson(withoutWords(old)) === toJson(withoutWords(now));
}

const untilOf = (decision: Decision): number | null => (decision.kind === 'waiting' ? decision.untilMs : null);

function withoutWords(decision: Decision): unknown {
  if (decision.kind === 'page' || decision.kind === 'waiting') return { ...decision, why: '' };
  const loss = decision.loss === undefined ? {} : { loss: { ...decision.loss, text: '' } };
  if (decision.kind === 'act') return { ...decision, ...loss, why: '' };
  const blocks = decision.blocks.map(({ gate, retryAtMs }) => ({ gate, retryAtMs }));
  return { ...decision, ...loss, blocks, why: '' };
}

function wordsOf(decision: Decision | undefined): string {
  if (decision === undefined) return NOTHING;
  switch (decision.kind) {
    case 'act':
      return 'acts';
    case 'held':
      return `held by ${decision.blocks.map(({ gate, because }) => `${gate} (${because})`).join(', ')}`;
    case 'waiting':
      return `waits: ${decision.why}`;
    case 'page':
      return `a person must act: ${decision.why}`;
    default:
      return decision satisfies never;
  }
}
