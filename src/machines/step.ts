import { transition, type AnyMachineSnapshot, type EventFromLogic } from 'xstate';
import { clusterMachine, dcsMachine, memberMachine, proxyMachine } from './parts.js';
import { problemMachine, type ProblemContext, type ProblemEvent, type ProblemPhase } from './problem.js';
import { remediationMachine, type RemediationEvent } from './remediation.js';
import type { RemediationPhase } from '../model/ledger.js';

/**
 * Machines are driven as reducers: state in, event in, state out. Nothing runs, waits or is spawned, so a throw leaves the old state
 * intact and a stored state loses no timer. [xstate: transition()]
 */
export function stepProblem(
  state: { readonly phase: ProblemPhase; readonly context: ProblemContext },
  event: ProblemEvent,
): { readonly phase: ProblemPhase; readonly context: ProblemContext } {
  const snapshot = problemMachine.resolveState({ value: state.phase, context: state.context });
  const [next] = transition(problemMachine, snapshot, event);
  return { phase: next.value, context: next.context };
}

export function stepRemediation(phase: RemediationPhase, event: RemediationEvent): RemediationPhase {
  const [next] = transition(remediationMachine, remediationMachine.resolveState({ value: phase }), event);
  return next.value;
}

const PARTS = { cluster: clusterMachine, member: memberMachine, dcs: dcsMachine, proxy: proxyMachine } as const;

/** One of the summary machines; an event that it does not know in its state is a defect and throws. */
export function stepPart<S extends string>(part: keyof typeof PARTS, state: S, event: { readonly type: string }): S {
  const machine = PARTS[part];
  const snapshot = machine.resolveState({ value: state }) as AnyMachineSnapshot;
  const [next] = transition(machine, snapshot as never, event as EventFromLogic<typeof machine>);
  return (next as AnyMachineSnapshot).value as S;
}
