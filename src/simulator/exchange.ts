import { type Reply, type Step } from '../model/plan.js';
import { stepText } from '../words/request.js';
import { fresh, unknown, type Reading, type ReadingFault } from '../model/reading.js';
import { wallMs } from './observer.js';
import { sentBy, type SendFault, type Sight } from './wire.js';
import type { MemberSim } from './state.js';

export interface Fault {
  readonly fault: ReadingFault;
  readonly reason: string;
}

/**
 * One answer: at once where something refuses, after its deadline where nothing comes. A process that is thawed and a link that is healed
 * meanwhile answer what was asked before.
 */
export async function read<T>(
  sight: Sight,
  source: string,
  member: MemberSim,
  faultOf: (sight: Sight, member: MemberSim) => Fault | null,
  value: (member: MemberSim) => T,
  deadlineMs = sight.world.options.deadlineMs,
): Promise<Reading<T>> {
  const { world, observer } = sight;
  const isMute = (): boolean => faultOf(sight, member)?.fault === 'timeout';
  const first = faultOf(sight, member);
  const isHeard = first?.fault === 'timeout' ? await world.time.block(() => !isMute(), deadlineMs) : true;
  const fault = isHeard ? faultOf(sight, member) : first;
  if (fault !== null) return unknown(fault.fault, fault.reason, wallMs(world, observer), source);
  return fresh(value(member), wallMs(world, observer), source);
}

/** The fate of the next send, used up by it; null: it arrives and is answered. */
export function takeSendFault(
  { sendFaults }: Pick<Sight, 'sendFaults'>,
  isMeant: (planned: Sight['sendFaults'][number]) => boolean,
): SendFault | null {
  const index = sendFaults.findIndex(isMeant);
  return index < 0 ? null : (sendFaults.splice(index, 1)[0]?.fault ?? null);
}

/** One request, once: refused ones never arrive, others are recorded and executed, and the answer may be lost on the way back. */
export async function send(
  sight: Sight,
  step: Step,
  faultOf: () => Fault | null,
  execute: () => Omit<Reply, 'tookMs'> | Promise<Omit<Reply, 'tookMs'>>,
): Promise<Reply> {
  const { world, observer } = sight;
  const startMs = world.time.nowMs;
  const reply = (answer: Omit<Reply, 'tookMs'>): Reply => ({
    ...answer,
    text: answer.text.slice(0, 300),
    tookMs: world.time.nowMs - startMs,
  });
  const fault = faultOf();
  if (fault?.fault === 'timeout') await world.time.block(() => false, world.options.deadlineMs);
  if (fault !== null)
    return reply({ effect: fault.fault === 'timeout' ? 'maybe' : 'none', status: null, text: fault.reason });
  const planned = takeSendFault(sight, ({ port }) => port === null || port === step.port);
  const lost: Omit<Reply, 'tookMs'> = { effect: 'maybe', status: null, text: 'no answer in time' };
  if (planned !== 'never-arrives') {
    sight.requests.push({ atMs: world.time.nowMs, port: step.port, text: stepText(step), ...sentBy(observer.name) });
    const answer = await execute();
    if (planned === null) return reply(answer);
  }
  await world.time.block(() => false, world.options.deadlineMs);
  return reply(lost);
}
