import { askForProcedure } from '../../src/kernel/orders.js';
import type { ProcedureAnswer, ProcedureName, ProcedureRequest } from '../../src/model/procedure.js';
import type { Rig } from './simulated.js';

type Asked = Partial<ProcedureRequest> & { readonly name: ProcedureName; readonly by?: string };

export const requestOf = (asked: Asked): ProcedureRequest & { readonly by: string } => ({
  target: null,
  candidate: null,
  leader: null,
  scheduledAt: null,
  acceptLoss: null,
  reason: 'kernel update',
  dryRun: false,
  by: 'dba',
  ...asked,
});

/** A person asks, and the next pass answers. */
export async function ask(ekimi: Rig, asked: Asked): Promise<ProcedureAnswer> {
  const answer = askForProcedure(ekimi.session, requestOf(asked));
  await ekimi.pass();
  return answer;
}

/** `gate: because` of what holds it; a refusal or a start in words. */
export function told(answer: ProcedureAnswer): readonly string[] {
  if (answer.kind === 'refused') return [`refused: ${answer.text}`];
  return 'blocks' in answer ? answer.blocks.map((block) => `${block.gate}: ${block.because}`) : [answer.kind];
}

export const gatesOf = (answer: ProcedureAnswer): readonly string[] =>
  'blocks' in answer ? answer.blocks.map((block) => block.gate) : [answer.kind];
