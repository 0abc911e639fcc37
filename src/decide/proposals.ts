import type { Problem } from '../model/problem.js';
import { isOffer, type ProcedureRun, type RunRequest } from '../model/procedure-run.js';
import { STAGED_NAMES, STAGED_ROWS, type StagedName } from '../model/staged.js';
import type { Situation } from '../model/situation.js';
import { heldWithoutPlan } from './authority-gates.js';
import { leftOf } from './run-left.js';

/** A procedure that a problem calls for. */
export interface Proposal {
  readonly ask: RunRequest;
  readonly problem: Pick<Problem, 'code' | 'subject'>;
  /** `ask`: a person is asked; `begin`: the policy has agreed, and it may begin now. */
  readonly kind: 'ask' | 'begin';
}

const DAY_MS = 24 * 60 * 60_000;

/** What a person would have typed. */
export const askOf = (name: StagedName, { code, subject }: Proposal['problem']): RunRequest => ({
  name,
  member: STAGED_ROWS[name].for?.some((row) => row.code === code && row.member) === true ? subject : null,
  candidate: null,
  parameters: {},
  back: false,
  reason: `${code} ${subject}`,
  dryRun: false,
});

/** Was it proposed for this within a day, and has the problem stood since? Whoever ended it, or saw it not help, is not asked again at once. */
const wasTried = ({ ledger, nowMs }: Situation, name: StagedName, problem: Proposal['problem']): boolean =>
  (ledger.procedures ?? []).some(
    ({ name: of, proposed, endedAtMs }) =>
      (of as string) === name &&
      proposed?.code === problem.code &&
      proposed.subject === problem.subject &&
      proposed.word !== 'gone' &&
      endedAtMs !== null &&
      nowMs - endedAtMs < DAY_MS,
  );

function wordOf(
  { policy, windows, states }: Situation,
  name: StagedName,
  problem: Proposal['problem'],
): Proposal['kind'] | null {
  const { mode = 'off', window = 'maintenance' } = policy.procedures?.[name] ?? {};
  if (mode === 'approve') return 'ask';
  const isOpen = windows.freeze === null && (window === 'any' || windows.maintenance !== null);
  if (mode !== 'auto' || !isOpen) return null;
  const { figure } = STAGED_ROWS[name].for?.find(({ code }) => code === problem.code) ?? {};
  const said = states.problems.find(({ code, subject }) => code === problem.code && subject === problem.subject);
  return figure === undefined || Number(said?.facts[figure] ?? 0) > 0 ? 'begin' : 'ask';
}

const callsFor = (name: StagedName, { code }: Proposal['problem']): boolean =>
  STAGED_ROWS[name].for?.some((row) => row.code === code) === true;

/** Enough clean passes: what was found at the start, or by one who was blind a moment ago, calls for nothing yet. */
const isSettled = ({ states, policy }: Situation): boolean => states.memory.cleanPasses >= policy.startGrace.passes;

/**
 * The procedures, in the order of their table, that an active problem calls for and the policy lets be proposed, for each such problem: one that cannot be
 * begun or answered must not keep the others. Pure.
 */
export function proposalsOf(input: Situation): readonly Proposal[] {
  const active = input.states.problems.filter(({ phase }) => phase === 'active');
  if (active.length === 0 || !isSettled(input)) return [];
  return STAGED_NAMES.flatMap((name): readonly Proposal[] => {
    return active
      .filter((row) => callsFor(name, row) && !wasTried(input, name, row))
      .flatMap((row) => {
        const kind = wordOf(input, name, row);
        return kind === null
          ? []
          : [{ ask: askOf(name, row), problem: { code: row.code, subject: row.subject }, kind }];
      });
  });
}

/**
 * May it not begin by itself now? A wait or a question as its first stage is put to no gate: then what would hold the first action of it, and
 * whatever it is about, holds its beginning.
 */
export function isHeldBack(input: Situation, run: ProcedureRun, { subject }: Proposal['problem']): boolean {
  const action = leftOf(input, run)?.find((stage) => stage.kind === 'action');
  const of = [`member:${subject}`];
  if (action !== undefined) of.push(`member:${action.target ?? subject}`, `action:${action.action}`);
  return heldWithoutPlan(input, of);
}

/**
 * Why an offer that nobody has answered is taken back; null: it stands. `isStuck`: it would stand half-way, so that it does not begin by itself though
 * the policy lets it.
 */
export function withdrawnFor(input: Situation, run: ProcedureRun, isStuck: boolean): string | null {
  const { name, proposed } = run;
  if (!isOffer(run) || proposed === undefined) return null;
  const word = wordOf(input, name, proposed);
  if (word === 'begin' && !isStuck) return 'it could come to its end now: it begins by itself';
  if (word === null) return `procedures.${name}.mode lets it neither be proposed nor begin now`;
  const stands = input.states.problems.some(
    ({ code, subject }) => code === proposed.code && subject === proposed.subject,
  );
  return stands || !isSettled(input) ? null : `${proposed.code} ${proposed.subject} has cleared`;
}
