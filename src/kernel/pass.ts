import { decide } from '../decide/decide.js';
import { askForApprovals } from './approvals.js';
import { keepTenure } from './authority.js';
import { judge } from './judge.js';
import { tendChecks } from './checks.js';
import { advanceWith, look } from './look.js';
import { startOrders } from './orders.js';
import { page } from './pages.js';
import { recordPass } from './record.js';
import { advanceRun } from './advance-run.js';
import { carryOut } from './send.js';
import type { Session } from './session.js';
import { situationOf } from './situation.js';
import { publish } from './snapshot.js';
import { settleSwitches } from './switches.js';
import { takeIn } from './take-in.js';
import { askVeto } from './veto.js';

/**
 * One pass over one cluster: inbox, observe, situation, decide, send, judge, publish. The pure core (assess, machines, decide, actions) stands
 * between what is awaited; what is awaited is named here.
 */
export async function pass(session: Session): Promise<void> {
  const { clock } = session.parts.ports;
  const began = { monotonicMs: clock.monotonic(), wallMs: clock.now() };
  session.tick += 1;
  await session.inbox.take();
  await keepTenure(session);

  const view = await look(session);
  await takeIn(session, { view, states: advanceWith(session, view), began });
  await settleSwitches(session, view);
  await judge(session, view);

  const situation = situationOf(session, view);
  const decisions = decide(situation);
  session.decisions = decisions;
  await recordPass(session, situation, decisions);
  await askForApprovals(session, decisions);
  await askVeto(session, decisions);
  await page(session, situation, decisions);
  await carryOut(session, situation, decisions);
  await tendChecks(session, situation);
  await advanceRun(session, view, await startOrders(session, view, decisions));

  await session.books.commit(view);
  publish(session, clock.monotonic() - began.monotonicMs);
}
