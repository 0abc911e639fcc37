import type { Decision } from '../model/decision.js';
import type { EntryBody, JournalEntry } from '../model/entry.js';
import { incidentOfEntry } from '../ledger/incident-of.js';
import type { Incident } from '../model/incident.js';
import type { Problem } from '../model/problem.js';
import { keptSituation, type Situation } from '../model/situation.js';
import { emit, type Session } from './session.js';

const HEARTBEAT_MS = 60_000;

/**
 * Writes one entry to the journal; null when it could not. A journal that cannot be written blocks every request from then on (gate
 * `policy`), and is tried again in the next pass.
 */
export async function write(session: Session, body: EntryBody): Promise<JournalEntry | null> {
  try {
    const entry = await session.parts.journal.append({
      atMs: session.parts.ports.clock.now(),
      scope: session.parts.target.scope,
      body: withIncident(body, session.ledger.incidents ?? []),
    });
    session.impaired = { ...session.impaired, journal: null };
    emit(session, { kind: 'entry', entry });
    return entry;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (session.impaired.journal === null)
      session.parts.log.error(
        { code: 'JOURNAL', err: error, scope: session.parts.target.scope },
        'the journal cannot be written',
      );
    session.impaired = { ...session.impaired, journal: `the journal cannot be written: ${why}` };
    return null;
  }
}

/** Each entry names the incident that it is part of. */
function withIncident(body: EntryBody, incidents: readonly Incident[]): EntryBody {
  const incident = body.incident ?? incidentOfEntry(body, incidents);
  return incident === null || incident.length === 0 ? body : { ...body, incident };
}

/** A pass is kept, with all that it read, when it says something new; a quiet one once a minute. */
export async function recordPass(
  session: Session,
  situation: Situation,
  decisions: readonly Decision[],
): Promise<void> {
  const nowMs = session.parts.ports.clock.now();
  const signature = signatureOf(session.states.problems, decisions, session.states.cluster.state);
  const isNew = session.recorded?.signature !== signature;
  const isDue = session.recorded === null || nowMs - session.recorded.atMs >= HEARTBEAT_MS;
  if (!isNew && !isDue && session.impaired.journal === null) return;
  const entry = await write(session, {
    ...passBody(session, decisions),
    ...keptSituation(situation, session.inForce.hash),
  });
  if (entry !== null) session.recorded = { signature, atMs: nowMs };
}

/** The last pass as it stands at the end, worth a line or not: what a new start remembers, not what a decision was made of. */
export const writeLastPass = (session: Session): Promise<JournalEntry | null> =>
  write(session, { ...passBody(session, session.decisions), isLast: true });

const passBody = (session: Session, decisions: readonly Decision[]): Extract<EntryBody, { kind: 'pass' }> => ({
  kind: 'pass',
  tick: session.tick,
  cluster: session.states.cluster.state,
  problems: session.states.problems,
  decisions,
  view: session.view,
  states: session.states,
});

/** What makes a pass worth a line: figures may move every second, situations do not. */
function signatureOf(problems: readonly Problem[], decisions: readonly Decision[], cluster: string): string {
  const seen = problems.map((problem) => `${problem.code}/${problem.subject}/${problem.phase}`);
  const decided = decisions.map((decision) => {
    if (decision.kind === 'act') return `act ${decision.plan.action} ${decision.plan.target}`;
    if (decision.kind === 'held')
      return `held ${decision.plan.action} ${decision.plan.target} ${decision.blocks.map((block) => block.gate).join(',')}`;
    return `${decision.kind} ${decision.code} ${decision.subject}`;
  });
  return [cluster, ...seen, ...decided].join('\n');
}
