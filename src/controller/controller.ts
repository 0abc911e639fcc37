import type { ControllerEvent, ControllerPort } from '../model/snapshot.js';
import { decideApproval, liftSwitch, throwSwitch } from './commands.js';
import { askForProcedure } from './procedures.js';
import type { Change } from '../model/snapshot.js';
import { unreadiness } from './readiness.js';
import type { Session } from './session.js';
import { snapshotOf } from './snapshot.js';

const NO_CLUSTER = (scope: string): Change => ({ ok: false, status: 404, text: `no cluster ${scope}` });

/** All clusters of the process behind one face, for the API, the dashboard and the terminal. */
export function controllerOf(sessions: readonly Session[]): ControllerPort {
  const find = (scope: string): Session | undefined => sessions.find((session) => session.parts.target.scope === scope);
  const on = (scope: string, change: (session: Session) => Promise<Change>): Promise<Change> => {
    const session = find(scope);
    return session === undefined ? Promise.resolve(NO_CLUSTER(scope)) : change(session);
  };
  return {
    scopes: () => sessions.map((session) => session.parts.target.scope),
    snapshot: (scope) => {
      const session = find(scope);
      return session === undefined ? null : snapshotOf(session);
    },
    // All sessions of a process share one journal.
    journal: (options) => sessions[0]?.parts.journal.page(options) ?? Promise.resolve({ entries: [], more: false }),
    ready: () => {
      const reasons = sessions.flatMap(unreadiness);
      return { ready: reasons.length === 0, reasons };
    },
    onEvent: (listener: (event: ControllerEvent) => void) => {
      for (const session of sessions) session.listeners.add(listener);
      return () => {
        for (const session of sessions) session.listeners.delete(listener);
      };
    },
    approve: (scope, id, by, reason) => on(scope, (session) => decideApproval(session, id, 'approved', by, reason)),
    reject: (scope, id, by, reason) => on(scope, (session) => decideApproval(session, id, 'rejected', by, reason)),
    pause: (scope, killSwitch, by) => on(scope, (session) => throwSwitch(session, killSwitch, by)),
    resume: (scope, subject, by) => on(scope, (session) => liftSwitch(session, subject, by)),
    runProcedure: (scope, request, by) => {
      const session = find(scope);
      return session === undefined
        ? Promise.resolve({ kind: 'refused', status: 404, text: `no cluster ${scope}` })
        : askForProcedure(session, { ...request, by });
    },
  };
}
