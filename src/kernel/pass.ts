import { decide } from '../decide/decide.js';
import { keepBooks } from '../ledger/after-pass.js';
import { askForApprovals, noteEnded } from './approvals.js';
import { carryOut } from './send.js';
import { emptyMailbox } from './dispatch.js';
import { followUp } from './judge.js';
import { commitLedger, holdLedgerAgainstCluster } from './books.js';
import { advanceWith, look } from './look.js';
import { startProcedures } from './orders.js';
import { followIncidents } from './incidents.js';
import { page } from './pages.js';
import { recordPass } from './record.js';
import { situationOf } from './situation.js';
import type { Session } from './session.js';
import { holdPolicyAgainstCluster, keepTenure } from './authority.js';
import { publish } from './snapshot.js';
import { settleSwitches } from './switches.js';

/** One pass: observe -> assess -> machines -> decide -> actions -> verify -> journal. Everything that waits is in the shell around it. */
export async function tick(session: Session): Promise<void> {
  const { clock } = session.parts.ports;
  const began = { monotonicMs: clock.monotonic(), wallMs: clock.now() };
  session.tick += 1;
  await emptyMailbox(session);
  await keepTenure(session);

  const view = await look(session);
  const states = advanceWith(session, view);

  holdPolicyAgainstCluster(session, view);
  holdLedgerAgainstCluster(session, view);
  const pass = { view, before: session.states, after: states, policy: session.policy };
  const asked = session.ledger.approvals;
  session.ledger = keepBooks(session.ledger, pass);
  await followIncidents(session, { view, states, lastPassMs: session.view?.atMs ?? null });
  session.view = view;
  session.states = states;
  session.lastPass = began;
  session.windows = session.parts.windowsAt(session.policy, view.atMs);

  await noteEnded(session, asked);
  await settleSwitches(session, view);
  await followUp(session);
  const input = situationOf(session, view);
  const decisions = decide(input);
  session.decisions = decisions;

  await recordPass(session, input, decisions);
  await askForApprovals(session, decisions);
  await page(session, input, decisions);
  await carryOut(session, decisions);
  await startProcedures(session, decisions);
  await commitLedger(session);
  publish(session, clock.monotonic() - began.monotonicMs);
}
