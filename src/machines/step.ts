import { createActor, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { clusterMachine, dcsMachine, memberMachine, proxyMachine } from './parts.js';
import { inItsPhase, problemMachine, type ProblemContext, type ProblemEvent, type ProblemPhase } from './problem.js';
import { remediationMachine, type RemediationEvent } from './remediation.js';
import type { RemediationPhase } from '../model/ledger.js';

/**
 * Machines are driven as reducers: state in, event in, state out. Nothing runs, waits or is spawned, so a throw leaves the old state
 * intact and a stored state loses no timer. [xstate: transition()] What surrounds an actor and the snapshot of each state are made once
 * and not in each step as xstate's own `transition` does: that was half of a pass with three problems.
 */
function reducerOf(machine: AnyStateMachine) {
  const self = createActor(machine);
  const nothing = (): void => undefined;
  const scope: Parameters<AnyStateMachine['transition']>[2] = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: nothing,
    defer: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: nothing,
  };
  const snapshots = new Map<string, AnyMachineSnapshot>();
  return (value: string, context: object, event: { readonly type: string }): AnyMachineSnapshot => {
    const known = snapshots.get(value) ?? (machine.resolveState({ value, context }) as AnyMachineSnapshot);
    snapshots.set(value, known);
    return machine.transition({ ...known, context } as AnyMachineSnapshot, event, scope) as AnyMachineSnapshot;
  };
}

const problem = reducerOf(problemMachine);
const remediation = reducerOf(remediationMachine);
const PARTS = {
  cluster: reducerOf(clusterMachine),
  member: reducerOf(memberMachine),
  dcs: reducerOf(dcsMachine),
  proxy: reducerOf(proxyMachine),
} as const;
const NO_CONTEXT = {};

export function stepProblem(
  state: { readonly phase: ProblemPhase; readonly context: ProblemContext },
  event: ProblemEvent,
): { readonly phase: ProblemPhase; readonly context: ProblemContext } {
  const kept = inItsPhase(state.phase, state.context, event);
  if (kept !== null) return { phase: state.phase, context: kept };
  const next = problem(state.phase, state.context, event);
  return { phase: next.value as ProblemPhase, context: next.context as ProblemContext };
}

export const stepRemediation = (phase: RemediationPhase, event: RemediationEvent): RemediationPhase =>
  remediation(phase, NO_CONTEXT, event).value as RemediationPhase;

/** One of the summary machines; an event that it does not know in its state is a defect and throws. */
export const stepPart = <S extends string>(part: keyof typeof PARTS, state: S, event: { readonly type: string }): S =>
  PARTS[part](state, NO_CONTEXT, event).value as S;
