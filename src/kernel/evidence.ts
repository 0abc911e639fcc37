import { ACTIONS } from '../actions/index.js';
import { tracesOf } from '../assess/traces.js';
import type { CaseEvidence } from '../model/evidence.js';
import { memberHost } from '../model/host.js';
import type { Remediation } from '../model/ledger.js';
import { safeLogLine } from '../model/log-line.js';
import type { MemberName } from '../model/names.js';
import { freshValue, notConfigured, unknown, type Reading } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { write } from './record.js';
import type { Session } from './session.js';

type Log = Reading<readonly string[]>;

const LINES = 30;
/** No fence waits longer than this for what a log says. */
const PATIENCE_MS = 1_000;
/** Clients wait for whoever replaces the dead: its engine may keep its log to itself for a moment, and after the verdict it is read again. */
const DEAD_PATIENCE_MS = 50;

const leavesEvidence = (remediation: Remediation): boolean =>
  ACTIONS[remediation.plan.action].leavesEvidence === true && !remediation.shadow;

/** Begins to read the target's log, so that it is there when the look before the request is over; null where none is to be kept. */
export function evidenceFor(session: Session, remediation: Remediation, isFirst: boolean): Promise<Log> | null {
  return isFirst && leavesEvidence(remediation) ? logOf(session, remediation.plan.target) : null;
}

/** Just before the first request of a procedure that stops a member or gives it up for dead. */
export async function writeEvidence(
  session: Session,
  remediation: Remediation,
  moment: CaseEvidence['moment'],
  { view, states, log }: Pick<Session, 'view' | 'states'> & { readonly log: Promise<Log> },
): Promise<void> {
  if (view === null) return;
  const { id, plan } = remediation;
  const host = memberOf(view, plan.target)?.host;
  const isDead = host !== undefined && freshValue(host)?.state === 'stopped';
  const read = await (isDead && moment === 'before' ? within(session, plan.target, DEAD_PATIENCE_MS, log) : log);
  await write(session, { kind: 'evidence', id, plan, moment, ...tracesOf(view, states.memory), log: read });
}

/** The verdict, and behind it what is then known of the member. */
export async function noteEnd(session: Session, run: Remediation): Promise<void> {
  await session.books.note({ kind: 'ended', run });
  readEvidenceAfter(session, run);
}

/**
 * The log of the member is not waited for: the next step of the recovery, a new leader to be told to the proxy, is due in this very pass. It
 * is written between this pass and the next.
 */
export function readEvidenceAfter(session: Session, remediation: Remediation): void {
  if (!leavesEvidence(remediation)) return;
  const key = `evidence ${remediation.id}`;
  const read = logOf(session, remediation.plan.target).then((log) => {
    session.sending.delete(key);
    session.inbox.put(() =>
      writeEvidence(session, remediation, 'after', {
        view: session.view,
        states: session.states,
        log: Promise.resolve(log),
      }),
    );
    session.wake();
  });
  session.sending.set(key, read);
}

/** Never throws, never takes longer than its patience: what cannot be read is said so. */
async function logOf(session: Session, member: MemberName): Promise<Log> {
  const { clock, host } = session.parts.ports;
  const source = `log of ${member}`;
  if (host?.logs === undefined) return notConfigured(source, clock.now());
  const read = host.logs(memberHost(member), LINES).catch((error: unknown): Log => {
    const why = error instanceof Error ? error.message : String(error);
    return unknown('bad-reply', `${source}: ${why}`, clock.now(), source);
  });
  const log = await within(session, member, PATIENCE_MS, read);
  return log.kind === 'unknown' ? log : { ...log, value: log.value.slice(-LINES).map(safeLogLine) };
}

async function within(session: Session, member: string, patienceMs: number, read: Promise<Log>): Promise<Log> {
  const { clock } = session.parts.ports;
  const source = `log of ${member}`;
  const over = new AbortController();
  const late = clock
    .sleep(patienceMs, over.signal)
    .then((): Log => unknown('timeout', `${source}: nothing within ${patienceMs} ms`, clock.now(), source));
  const log = await Promise.race([read, late]);
  over.abort();
  return log;
}
