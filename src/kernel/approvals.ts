import { wantsApproval } from '../ledger/approvals.js';
import type { ProcedureDecision } from '../decide/procedures.js';
import type { Decision } from '../model/decision.js';
import type { Session } from './session.js';

/** What a person started and a second one must agree to: asked for as what answers a problem is. */
export async function askForSecond(session: Session, decision: ProcedureDecision): Promise<void> {
  if (decision.kind === 'held' && decision.blocks.every(({ gate }) => gate === 'approval'))
    await askForApprovals(session, [decision]);
}

/** Asks for what only waits for a person's word, once, and before they are paged: the page names the question. */
export async function askForApprovals(session: Session, decisions: readonly Decision[]): Promise<void> {
  for (const decision of decisions) {
    if (!wantsApproval(decision)) continue;
    const { plan, blocks, loss = null } = decision;
    const why = [decision.why, ...blocks.map((block) => block.because)].join('; ');
    const nowMs = session.parts.ports.clock.now();
    const { expiresMs } = session.policy.approvals;
    const request = { plan, why, loss, id: session.parts.newId(), nowMs, expiresMs };
    await session.books.note({ kind: 'approval-asked', request });
  }
}
