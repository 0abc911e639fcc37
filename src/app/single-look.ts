import { pino } from 'pino';
import { decide } from '../decide/decide.js';
import type { Grace, Policy } from '../model/policy.js';
import { PROBLEM_CODES } from '../model/problem.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { ClusterConfig } from '../model/config.js';
import { windowsAt } from '../config/calendar.js';
import type { JournalPort } from '../ports/journal.js';
import { redactorOf } from '../config/redactor.js';
import { policyFor, type LoadedFiles } from './files.js';
import { dcsLedgerStore, memoryLedgerStore } from '../kernel/ledger-store.js';
import { advanceWith, look } from '../kernel/look.js';
import { situationOf } from '../kernel/situation.js';
import { openSession } from '../kernel/open.js';
import type { Session } from '../kernel/session.js';
import { snapshotOf } from '../kernel/snapshot.js';
import { tenureKeeper } from '../kernel/tenure.js';
import { portsOf, systemClock, targetOf } from './wiring.js';
import { closePorts } from '../observe/ports.js';

const NO_GRACE: Grace = { forMs: 0, samples: 1, clearForMs: 0 };

/** One look knows no yesterday: every problem counts at once, and the answer is what would be done if its grace were over. */
const withoutGrace = (policy: Policy): Policy => ({
  ...policy,
  grace: Object.fromEntries(PROBLEM_CODES.map((code) => [code, NO_GRACE])),
  startGrace: { passes: 0, forMs: 0 },
});

const UNWRITTEN: JournalPort = {
  append: () => Promise.reject(new Error('a single look writes no journal')),
  async *read() {
    // Nothing to read.
  },
  page: () => Promise.resolve({ entries: [], more: false }),
  verify: () => Promise.reject(new Error('a single look reads no journal')),
  close: () => Promise.resolve(),
};

/** A session that can look and decide, and that has nothing to act with: no tenure, no journal. */
function openLook(
  files: Extract<LoadedFiles, { ok: true }>,
  cluster: ClusterConfig,
  version: string,
  leastPatienceMs: number,
): Session {
  const { policy, hash } = policyFor(files, cluster.scope);
  const ports = portsOf(cluster, systemClock);
  return openSession(
    {
      ports,
      // `plan` and `check` only read; the doctor asks each member for itself.
      target: { ...targetOf(cluster), hasLogin: false },
      journal: UNWRITTEN,
      notifier: { page: () => undefined },
      tenure: tenureKeeper(ports.dcs, systemClock, files.config.instance, cluster.dcs.tenureTtlMs),
      ledgerStore: dcsLedgerStore(ports.dcs),
      shadowStore: memoryLedgerStore(),
      windowsAt,
      newId: () => 'plan',
      leastPatienceMs,
      version,
      instance: files.config.instance,
      log: pino({ level: 'silent' }),
    },
    withoutGrace(policy),
    hash,
  );
}

/**
 * Looks once at every cluster and decides, with the ledger as the running controller keeps it. Sends nothing, writes nothing.
 * `leastPatienceMs`: so long it waits for a source whose own patience is shorter, as far as the call lasts; 0: as a pass of the controller does.
 */
export async function lookOnce(
  files: Extract<LoadedFiles, { ok: true }>,
  version: string,
  leastPatienceMs = 0,
): Promise<readonly ClusterSnapshot[]> {
  const redact = redactorOf(files.config);
  return Promise.all(
    files.config.clusters.map(async (cluster) => {
      const session = openLook(files, cluster, version, leastPatienceMs);
      try {
        return redact.value(await lookAt(session));
      } finally {
        await closePorts(session.parts.ports);
      }
    }),
  );
}

async function lookAt(session: Session): Promise<ClusterSnapshot> {
  const loaded = await session.parts.ledgerStore.load();
  if (loaded.ok) await session.books.note({ kind: 'loaded', ledger: loaded.ledger });
  const began = systemClock.monotonic();
  session.tick = 1;
  const view = await look(session);
  session.seen = { view, states: advanceWith(session, view), windows: windowsAt(session.policy, view.atMs) };
  // Who holds tenure is the running controller's business; a plan shows what the rest of the gates say.
  session.decisions = decide({
    ...situationOf(session, view),
    tenure: { state: 'not-needed', owner: null, epoch: null },
  });
  session.passMs = { last: systemClock.monotonic() - began, mean: systemClock.monotonic() - began };
  return { ...snapshotOf(session), tenure: { state: 'not-needed', owner: null, epoch: null } };
}
