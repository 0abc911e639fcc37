import { expect } from 'vitest';
import { isAgreed } from '../../../src/decide/runs.js';
import { PROCEDURE_NAMES } from '../../../src/model/procedure.js';
import { isStaged, STAGED_NAMES } from '../../../src/model/staged.js';
import { STAGED } from '../../../src/procedures/index.js';
import type { ProcedureRun, Stage } from '../../../src/model/procedure-run.js';
import { ACTION_NAMES } from '../../../src/model/plan.js';
import type { Remediation } from '../../../src/model/ledger.js';
import { NOW_MS, planOf, remediationOf } from '../view.js';
import type { Ask, ProcedureInput, StagedProcedure } from '../../../src/procedures/procedure.js';

/** A situation in which a procedure begins, and what each of its stages makes of it. */
export interface StagedCase {
  readonly title: string;
  readonly begins: ProcedureInput;
  readonly ask?: Partial<Ask>;
  /** The cluster after a stage did what it should; `confirmed` is added for a question by whoever plays it. */
  effect(stage: Stage, before: ProcedureInput): ProcedureInput;
  /** Keys of stages that a person may do by hand before any other: they fall away and all else stays. */
  readonly byHand?: readonly string[];
}

const ASK: Ask = { member: null, candidate: null, parameters: {}, back: false };
/** More stages than any procedure has: what does not end by then does not end. */
const MOST_STAGES = 200;

const keysOf = (stages: readonly Stage[]): readonly string[] => stages.map(({ key }) => key);

/** What a run of it is bound to, read back as a ledger gives it. */
function goalOf(procedure: StagedProcedure, { begins, ask = {} }: StagedCase): Record<string, unknown> {
  const found = procedure.goal(begins, { ...ASK, ...ask });
  if (found.kind === 'refused') throw new Error(found.why);
  return procedure.shape.parse(JSON.parse(JSON.stringify(found.goal)));
}

const after = (stage: Stage, before: ProcedureInput, of: StagedCase): ProcedureInput => {
  const next = of.effect(stage, before);
  return stage.kind === 'confirm' ? { ...next, confirmed: [...next.confirmed, stage.key] } : next;
};

/** Stage by stage: what is left is the tail of what was agreed, and in the end nothing is left. */
export function playsThrough(procedure: StagedProcedure, of: StagedCase): readonly string[] {
  const goal = goalOf(procedure, of);
  const agreed = keysOf([...procedure.remaining(of.begins, goal)]);
  expect(new Set(agreed).size, 'each key once').toBe(agreed.length);
  let input = of.begins;
  const done: string[] = [];
  for (let played = 0; played <= MOST_STAGES; played += 1) {
    const left = [...procedure.remaining(input, goal)];
    const where = `after ${done.join(', ') || 'nothing'}: left ${keysOf(left).join(', ')}`;
    expect(isAgreed(keysOf(left), agreed), where).toBe(true);
    expect(procedure.leaves(input, goal), where).not.toBe('');
    const [stage] = left;
    if (stage === undefined) return done;
    input = after(stage, input, of);
    done.push(stage.key);
    expect(keysOf([...procedure.remaining(input, goal)]), where).not.toContain(stage.key);
  }
  throw new Error(`no end after ${MOST_STAGES} stages`);
}

/** A moment of a run: what is left then, and the keys of what was done before. */
interface Moment {
  readonly input: ProcedureInput;
  readonly goal: Record<string, unknown>;
  readonly left: readonly Stage[];
  readonly done: readonly string[];
}

/** A run from its beginning to its end. */
export function momentsOf(procedure: StagedProcedure, of: StagedCase): readonly Moment[] {
  const goal = goalOf(procedure, of);
  const moments: Moment[] = [];
  let [input, done]: [ProcedureInput, readonly string[]] = [of.begins, []];
  while (moments.length <= MOST_STAGES) {
    const left = [...procedure.remaining(input, goal)];
    moments.push({ input, goal, left, done });
    const [stage] = left;
    if (stage === undefined) break;
    [input, done] = [after(stage, input, of), [...done, stage.key]];
  }
  return moments;
}

const COMMAND = /ekimi run-procedure ([\w-]+)((?: [\w=.-]+)*)/g;

/** What is typed to go on, wherever it is ended: each is a procedure, and the first that has several stages is not refused. */
export function goesOn(procedure: StagedProcedure, of: StagedCase): void {
  for (const { input, goal, left, done } of momentsOf(procedure, of)) {
    if (left.length === 0) continue;
    const where = `after ${done.join(', ') || 'nothing'}`;
    const text = procedure.onward(input, goal);
    const typed = [...text.matchAll(COMMAND)].map(([, name = '', rest = '']) => ({
      name,
      words: rest.trim().split(' '),
    }));
    for (const { name } of typed) expect([...STAGED_NAMES, ...PROCEDURE_NAMES], `${where}: ${text}`).toContain(name);
    const [first] = typed;
    if (first === undefined || !isStaged(first.name) || !text.startsWith('ekimi')) continue;
    const remediations = [...input.ledger.remediations, ...done.flatMap(doneOf)];
    const ledger = { ...input.ledger, remediations, procedures: [endedRun(procedure, goal)] };
    const anew = STAGED[first.name].goal({ ...input, ledger, confirmed: [] }, askOf(first.words));
    expect(anew.kind === 'refused' ? anew.why : '', `${where}: ${text}`).toBe('');
  }
}

/** What that run has sent for a stage on a member. */
function doneOf(key: string): readonly Remediation[] {
  const [word, target = ''] = key.split(' ');
  const action = ACTION_NAMES.find((name) => name === word);
  if (action === undefined || !/^patroni\d$/.test(target)) return [];
  const because = { code: 'operator', subject: target, run: 'ended', stage: key } as const;
  return [remediationOf(action, target, { plan: { ...planOf(action, target), because } })];
}

const endedRun = ({ name }: StagedProcedure, goal: Record<string, unknown>): ProcedureRun => ({
  id: 'ended',
  name,
  goal: goal as ProcedureRun['goal'],
  by: 'dba',
  reason: 'not now',
  phase: 'aborted',
  agreed: [],
  startedAtMs: NOW_MS,
  endedAtMs: NOW_MS,
  detail: '',
  continuedAtMs: NOW_MS,
});

function askOf(words: readonly string[]): Ask {
  const [member] = words.filter((word, at) => /^patroni\d$/.test(word) && words[at - 1] !== '--candidate');
  const candidate = words[words.indexOf('--candidate') + 1];
  const set = words.flatMap((word, at) => (words[at - 1] === '--set' ? [word.split('=') as [string, string]] : []));
  return {
    member: member ?? null,
    candidate: words.includes('--candidate') ? (candidate ?? null) : null,
    back: words.includes('--back'),
    parameters: Object.fromEntries(set),
  };
}

/** What a person has done by hand is no longer left, and nothing else changes. */
export function doneByHand(procedure: StagedProcedure, of: StagedCase, key: string): void {
  const goal = goalOf(procedure, of);
  const all = [...procedure.remaining(of.begins, goal)];
  const stage = all.find((row) => row.key === key);
  if (stage === undefined) throw new Error(`no stage ${key} in ${keysOf(all).join(', ')}`);
  const left = keysOf([...procedure.remaining(after(stage, of.begins, of), goal)]);
  expect(left).not.toContain(key);
  expect(isAgreed(left, keysOf(all))).toBe(true);
}
