import type { Conflict } from '../model/conflict.js';
import { actionInput, type Wish } from '../actions/action.js';
import { ACTIONS, isTargetOf } from '../actions/index.js';
import { leaderKeyHolder } from '../assess/leader.js';
import type { Block } from '../model/decision.js';
import { memberName, type MemberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import type { ProcedureRequest } from '../model/procedure.js';
import type { ClusterView } from '../model/view.js';
import { byPerson } from './candidate.js';
import { blocksFor } from './gates.js';
import { groundsOf, requestsOf } from './decide.js';
import type { Situation } from '../model/situation.js';
import { PROCEDURES, type ProcedureRow } from '../actions/asked.js';
import { momentOf } from './moment.js';

/** Asked by a person whom the API knows by name. */
export type AskedProcedure = ProcedureRequest & { readonly by: string };

export type ProcedureDecision =
  | { readonly kind: 'act'; readonly plan: Plan; readonly why: string; readonly steps: readonly string[] }
  | {
      readonly kind: 'held';
      readonly plan: Plan;
      readonly why: string;
      readonly steps: readonly string[];
      readonly blocks: readonly Block[];
    }
  /** 400: wrong as it is written; 409: there is nothing of that kind to do as things stand. */
  | { readonly kind: 'refused'; readonly status: 400 | 409; readonly text: string; readonly conflict?: Conflict };

const refused = (text: string): ProcedureDecision => ({ kind: 'refused', status: 400, text });
const conflicts = (conflict: Conflict, text: string): ProcedureDecision => ({
  kind: 'refused',
  status: 409,
  text,
  conflict,
});

/**
 * What to do about a person's request, now: bound to what this pass saw and put to every gate of the table. Their start is the consent that
 * an action in mode `approve` waits for; no other gate gives way to it. Pure, and asked again on the look just before the request.
 */
export function decideProcedure(input: Situation, asked: AskedProcedure): ProcedureDecision {
  const row = PROCEDURES[asked.name];
  if (row.alone === false && asked.run === undefined)
    return refused(`${asked.name} is a stage of a procedure and is not started alone`);
  const fault =
    misfit(asked, row) ?? misnamed(asked, row) ?? strangers(input.view, asked) ?? badMoment(asked, input.nowMs);
  if (fault !== null) return refused(fault);
  const action = ACTIONS[asked.name];
  const at = actionInput(input);
  const target = targetOf(input.view, asked);
  if (typeof target !== 'string') return conflicts('no-target', target.none);
  const stale = otherLeader(input.view, asked) ?? candidateLeads(input.view, asked);
  if (stale !== null) return conflicts('other-leader', stale);
  if (action.alreadyTrue(at, target))
    return conflicts('done-already', `${asked.name} ${target} is done already: there is nothing to do`);
  if (action.rehearsed?.(at, target) === true)
    return conflicts(
      'rehearsed-already',
      `${asked.name} ${target}: rehearsed already, nothing was sent (mode dry-run)`,
    );
  const bound = action.bind(at, target, null, wishOf(asked));
  if (bound.kind === 'nothing') return conflicts('not-possible', bound.why);
  const accepted = asked.acceptLoss === null ? {} : { acceptLoss: asked.acceptLoss };
  const plan: Plan = {
    action: asked.name,
    target,
    because: {
      code: 'operator',
      subject: target,
      by: asked.by,
      reason: asked.reason,
      ...(asked.run === undefined ? {} : { run: asked.run }),
      ...(asked.stage === undefined ? {} : { stage: asked.stage }),
    },
    params: { ...bound.params, ...accepted },
  };
  const blocks = blocksFor(input, byPerson(plan));
  const why = [`${asked.by} asked for it: ${asked.reason}`, ...groundsOf(input, plan)].join('; ');
  const steps = requestsOf(input, plan);
  return blocks.length === 0 ? { kind: 'act', plan, why, steps } : { kind: 'held', plan, why, steps, blocks };
}

/** Named but not taken, or taken and not named. */
function misfit(asked: AskedProcedure, row: ProcedureRow): string | null {
  const given = {
    target: asked.target,
    candidate: asked.candidate,
    at: asked.scheduledAt,
    acceptLoss: asked.acceptLoss,
    leader: asked.leader,
  };
  for (const [argument, rule] of Object.entries(row.takes) as [keyof typeof given, ProcedureRow['takes']['target']][]) {
    if (rule === 'needed' && given[argument] === null) return `${asked.name} needs ${ARGUMENTS[argument]}`;
    if (rule === 'no' && given[argument] !== null) return `${asked.name} does not take ${ARGUMENTS[argument]}`;
  }
  return null;
}

/** A stage names what its procedure binds it to; a person only what the row says. */
function misnamed({ name, run, parameters = {} }: AskedProcedure, row: ProcedureRow): string | null {
  if (run !== undefined) return null;
  const taken = Object.keys(row.parameters ?? {});
  const unknown = Object.keys(parameters).find((key) => !taken.includes(key));
  return unknown === undefined ? null : `${name} takes no parameter ${unknown}; it takes ${taken.join(', ') || 'none'}`;
}

const ARGUMENTS = {
  target: 'a member to work on',
  candidate: 'a candidate (--candidate MEMBER)',
  at: 'a time (--at)',
  acceptLoss: 'a loss to accept (--accept-loss)',
  leader: 'a leader (--leader)',
} as const;

function strangers(view: ClusterView, asked: AskedProcedure): string | null {
  const names = view.members.map((member) => member.name as string);
  const isOfMember = ACTIONS[asked.name].worksOn === undefined;
  const members = [isOfMember ? asked.target : null, asked.candidate, asked.leader];
  const strange = members.find((name) => name !== null && !names.includes(name));
  if (strange != null) return `${strange} is not a member of ${view.scope}; its members: ${names.join(', ')}`;
  if (isOfMember || asked.target === null || isTargetOf(view, asked.name, asked.target)) return null;
  const others = (view.poolers ?? []).map(({ name }) => name);
  return `${asked.target} is no pooler of ${view.scope}; its poolers: ${others.join(', ') || 'none is configured'}`;
}

function badMoment({ scheduledAt }: AskedProcedure, nowMs: number): string | null {
  if (scheduledAt === null) return null;
  const moment = momentOf(scheduledAt, nowMs);
  return typeof moment === 'string' ? moment : null;
}

/** Who is named, or whom the action takes that for. */
function targetOf(
  view: ClusterView,
  { name, target, candidate }: AskedProcedure,
): MemberName | { readonly none: string } {
  if (target !== null) return memberName(target);
  return ACTIONS[name].targetAsked?.(view, candidate) ?? { none: `${name} needs a member to work on` };
}

function otherLeader(view: ClusterView, { leader }: AskedProcedure): string | null {
  const holder = leaderKeyHolder(view);
  return leader === null || leader === holder
    ? null
    : `${holder ?? 'nobody'} leads now, not ${leader}: look again, and ask for it anew`;
}

function candidateLeads(view: ClusterView, { candidate }: AskedProcedure): string | null {
  return candidate !== null && leaderKeyHolder(view) === candidate
    ? `${candidate} leads already: name one of ${view.members
        .map((member) => member.name)
        .filter((name) => name !== candidate)
        .join(', ')}`
    : null;
}

const wishOf = ({ candidate, scheduledAt, parameters }: AskedProcedure): Wish => ({
  candidate: candidate === null ? null : memberName(candidate),
  scheduledAtMs: scheduledAt === null ? null : Date.parse(scheduledAt),
  ...(parameters === undefined ? {} : { parameters }),
});
