import { requestApproval, wantsApproval } from '../ledger/approvals.js';
import type { Decision } from '../model/decision.js';
import type { Approval } from '../model/ledger.js';
import { write } from './record.js';
import { isEnforcing, type Session } from './session.js';

/** Asks for what only waits for a person's word, before they are paged: the page names the question. */
export async function askForApprovals(session: Session, decisions: readonly Decision[]): Promise<void> {
  for (const decision of decisions) if (wantsApproval(decision)) await askForApproval(session, decision);
}

/** Asks a person, once; what the question replaces is written down as ended. */
async function askForApproval(session: Session, decision: Extract<Decision, { kind: 'held' }>): Promise<void> {
  const { plan, blocks, loss = null } = decision;
  const id = session.parts.newId();
  const why = [decision.why, ...blocks.map((block) => block.because)].join('; ');
  const ledger = requestApproval(session.ledger, {
    plan,
    why,
    loss,
    id,
    nowMs: session.parts.ports.clock.now(),
    expiresMs: session.policy.approvals.expiresMs,
  });
  if (ledger === session.ledger) return;
  const before = session.ledger.approvals;
  session.ledger = ledger;
  await noteEnded(session, before);
  const agreed = ledger.approvals.find((row) => row.id === id)?.loss ?? null;
  await write(session, { kind: 'approval', id, state: 'waiting', by: null, reason: why, plan, loss: agreed });
}

/** Writes down which of `before` have ended since without a person's word. What another instance keeps is its own to write. */
export async function noteEnded(session: Session, before: readonly Approval[]): Promise<void> {
  if (isEnforcing(session) && session.parts.tenure.facts().state === 'other') return;
  for (const { id, state, plan, ended = null, loss = null } of session.ledger.approvals) {
    const was = before.find((row) => row.id === id);
    if (state !== 'expired' || was === undefined || was.state === 'expired') continue;
    await write(session, { kind: 'approval', id, state, by: null, reason: ended, plan, loss });
  }
}
