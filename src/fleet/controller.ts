import type { ControllerEvent, ControllerPort } from '../model/snapshot.js';
import { noteChange } from '../kernel/audit.js';
import { beginCheck } from '../kernel/checks.js';
import { acknowledgePages, decideApproval, liftSwitch, throwSwitch } from '../kernel/commands.js';
import { askForProcedure } from '../kernel/orders.js';
import { changeRun, startRun } from '../kernel/runs.js';
import type { Change } from '../model/snapshot.js';
import { unreadiness } from '../kernel/readiness.js';
import type { Session } from '../kernel/session.js';
import { snapshotOf } from '../kernel/snapshot.js';

const NO_CLUSTER = (scope: string): Change => ({ ok: false, status: 404, text: `no cluster ${scope}` });

const NONE: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

/** Whoever takes its place is asked where one ends: what is put to a session that has ended, a kill switch above all, nobody would come to. */
const asked = <A>(session: Session, change: (session: Session) => Promise<A>): Promise<A> =>
  session.successor === null ? change(session) : session.successor.then(change);

/**
 * All clusters of the process behind one face, for the API, the dashboard and the terminal. `sessions` is live: one that takes the place of
 * another stands in its place, with its listeners.
 */
export function controllerOf(sessions: readonly Session[]): ControllerPort {
  const find = (scope: string): Session | undefined => sessions.find((session) => session.parts.target.scope === scope);
  const on = (scope: string, change: (session: Session) => Promise<Change>): Promise<Change> => {
    const session = find(scope);
    return session === undefined ? Promise.resolve(NO_CLUSTER(scope)) : asked(session, change);
  };
  const onSubject = (scope: string, subject: string, change: (session: Session) => Promise<Change>): Promise<Change> =>
    subject === 'global' && find(scope) !== undefined ? everywhere(sessions, change) : on(scope, change);
  return {
    scopes: () => sessions.map((session) => session.parts.target.scope),
    snapshot: (scope) => {
      const session = find(scope);
      return session === undefined ? null : snapshotOf(session);
    },
    journal: (options) =>
      options.scope === undefined
        ? pageOfAll(sessions, options)
        : (find(options.scope)?.parts.journal.page(options) ?? Promise.resolve({ entries: [], more: false })),
    entries: (scope, options) => find(scope)?.parts.journal.read(options) ?? NONE,
    verifyJournal: (scope) => find(scope)?.parts.journal.verify() ?? Promise.reject(new Error(`no cluster ${scope}`)),
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
    audit: (scope, change) => {
      const session = find(scope);
      if (session !== undefined)
        void asked(session, (one) => {
          noteChange(one, change);
          return Promise.resolve();
        });
    },
    approve: (scope, id, by, reason) => on(scope, (session) => decideApproval(session, id, 'approved', by, reason)),
    reject: (scope, id, by, reason) => on(scope, (session) => decideApproval(session, id, 'rejected', by, reason)),
    acknowledge: (scope, id, by, reason) => on(scope, (session) => acknowledgePages(session, id, by, reason)),
    pause: (scope, killSwitch, by) =>
      onSubject(scope, killSwitch.subject, (session) => throwSwitch(session, killSwitch, by)),
    resume: (scope, subject, by) => onSubject(scope, subject, (session) => liftSwitch(session, subject, by)),
    checkData: (scope, request, by) => on(scope, (session) => beginCheck(session, request, by)),
    runProcedure: (scope, request, by) => {
      const session = find(scope);
      return session === undefined
        ? Promise.resolve({ kind: 'refused', status: 404, text: `no cluster ${scope}` })
        : asked(session, (one) => askForProcedure(one, { ...request, by }));
    },
    startRun: (scope, request, by) => {
      const session = find(scope);
      return session === undefined
        ? Promise.resolve({ kind: 'refused', status: 404, text: `no cluster ${scope}` })
        : asked(session, (one) => startRun(one, request, by));
    },
    changeRun: (scope, id, change, by, reason, seen) =>
      on(scope, (session) => changeRun(session, id, change, by, reason, seen)),
  };
}

type PageOptions = Parameters<ControllerPort['journal']>[0];

/** The newest of all clusters, by time: each has a journal of its own. */
async function pageOfAll(sessions: readonly Session[], options: PageOptions): ReturnType<ControllerPort['journal']> {
  const pages = await Promise.all(sessions.map((session) => session.parts.journal.page(options)));
  const entries = pages.flatMap((page) => page.entries).sort((left, right) => left.atMs - right.atMs);
  const kept = options.limit === 0 ? [] : entries.slice(-options.limit);
  return { entries: kept, more: kept.length < entries.length || pages.some(({ more }) => more) };
}

/**
 * `global` means every cluster of the process: each has the switch in its own etcd, and each answers for itself. One that had nothing to
 * resume is no failure while another one had.
 */
async function everywhere(
  sessions: readonly Session[],
  change: (session: Session) => Promise<Change>,
): Promise<Change> {
  const answers = await Promise.all(
    sessions.map(async (session) => ({ scope: session.parts.target.scope, said: await asked(session, change) })),
  );
  const [only] = answers;
  if (answers.length === 1 && only !== undefined) return only.said;
  const text = answers.map(({ scope, said }) => `${scope}: ${said.text}`).join('; ');
  const failed = answers.flatMap(({ said }) => (said.ok ? [] : [said]));
  // Of several refusals the first that things stand in the way of says what to do.
  const worst = failed.find(({ status }) => status === 409);
  if (worst !== undefined) return { ...worst, text };
  return failed.length === answers.length ? { ok: false, status: 404, text } : { ok: true, text };
}
