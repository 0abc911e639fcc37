import { isSuspect } from '../kernel/look.js';
import { write } from '../kernel/record.js';
import { FAILED_PASSES, type OwnFault, type Session } from '../kernel/session.js';
import { pass } from '../kernel/pass.js';

/**
 * One pass, whatever becomes of it. One that throws is a defect of ours: nothing is sent until one has ended well, a person is told once, and
 * after some in a row tenure is given up. Returns whether the next one is to come soon.
 */
export async function guardedPass(session: Session): Promise<boolean> {
  try {
    await pass(session);
    for (const fault of session.toldFaults) tellEnd(session, fault);
    session.failedPasses = 0;
    session.impaired = { ...session.impaired, pass: null };
    return isSuspect(session);
  } catch (error) {
    await noteFailure(session, error);
    return false;
  }
}

async function noteFailure(session: Session, error: unknown): Promise<void> {
  session.failedPasses += 1;
  const said = error instanceof Error ? error.message : String(error);
  const count = session.failedPasses;
  const why = `${count} ${count === 1 ? 'pass' : 'passes in a row'} of Ekimi failed: ${said}`;
  session.impaired = { ...session.impaired, pass: why };
  session.parts.log.error({ code: 'PASS_FAILED', err: error }, 'a pass failed');
  if (count === 1) await tell(session, 'pass', `a pass of Ekimi failed, so it sees and does nothing: ${said}`);
  if (count < FAILED_PASSES) return;
  if (session.parts.tenure.grant() === null) return;
  await session.parts.tenure.release().catch(() => undefined);
  const detail = `given up after ${count} failed passes: ${said}`;
  await write(session, { kind: 'tenure', change: 'released', detail });
}

const OVER = {
  pass: 'over: passes of Ekimi end well again',
  loop: 'over: the loop of Ekimi runs again, and a pass has ended well',
  stray: 'over: it was one failure, which holds nothing up; the log has it, and how many there were',
} as const satisfies Readonly<Record<OwnFault, string>>;

/** Who was called for it must be told that it is over; the journal has the passes themselves. */
export function tellEnd(session: Session, fault: OwnFault): void {
  const { scope } = session.parts.target;
  const text = OVER[fault];
  const about = { code: 'observer-impaired', subject: scope, level: 'critical', change: 'ended', text } as const;
  const told = { key: keyOf(session, fault), isLast: true, toldBy: session.parts.instance };
  session.toldFaults = session.toldFaults.filter((one) => one !== fault);
  try {
    const atMs = session.parts.ports.clock.now();
    session.parts.notifier.page({ scope, atMs, sinceMs: atMs, unblock: [], ...about, ...told });
  } catch (error) {
    session.parts.log.error({ code: 'PASS_FAILED', err: error }, 'the notifier failed');
  }
}

/** What it goes by towards persons: of each instance and each kind by itself, or the end of one would end another that lasts. */
const keyOf = ({ parts }: Session, fault: OwnFault): string => `${fault}-failed/${parts.instance}`;

/** By what needs no pass: the notifier and the journal. */
export async function tell(session: Session, fault: OwnFault, text: string): Promise<void> {
  const { scope } = session.parts.target;
  const about = { code: 'observer-impaired', subject: scope, level: 'critical', change: 'opened', text } as const;
  session.toldFaults = [...session.toldFaults.filter((one) => one !== fault), fault];
  try {
    const atMs = session.parts.ports.clock.now();
    const unblock = ['look at the log of Ekimi, and at each member yourself until it works again'];
    const told = { key: keyOf(session, fault), isLast: false, toldBy: null } as const;
    session.parts.notifier.page({ scope, atMs, sinceMs: atMs, unblock, ...about, ...told });
  } catch (error) {
    session.parts.log.error({ code: 'PASS_FAILED', err: error }, 'the notifier failed');
  }
  await write(session, { kind: 'page', ...about });
}
