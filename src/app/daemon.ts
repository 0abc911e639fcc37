import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { windowsAt } from '../config/calendar.js';
import type { Redactor } from '../config/redactor.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import type { ClusterConfig } from '../model/config.js';
import type { CodedFields } from '../model/log-code.js';
import type { ControllerPort } from '../model/snapshot.js';
import type { Memory } from '../model/states.js';
import type { Clock } from '../ports/clock.js';
import type { JournalPort } from '../ports/journal.js';
import type { Notifier } from '../ports/notifier.js';
import type { Ports } from '../observe/ports.js';
import type { Hub } from '../notify/hub.js';
import { controllerOf } from '../fleet/controller.js';
import { policyFor, type LoadedFiles } from './files.js';
import { beginningWith } from './journals.js';
import { dcsLedgerStore, fileLedgerStore, type LedgerStore, memoryLedgerStore } from '../kernel/ledger-store.js';
import { live } from '../fleet/live.js';
import { recallMemory } from '../kernel/recall.js';
import { write } from '../kernel/record.js';
import { openSession } from '../kernel/open.js';
import type { Session } from '../kernel/session.js';
import { endSession } from '../kernel/stop.js';
import { tenureKeeper } from '../kernel/tenure.js';
import { portsOf, recoveryLockOf, systemClock, targetOf, vetoHook } from './wiring.js';

export interface DaemonParts {
  readonly files: Extract<LoadedFiles, { ok: true }>;
  readonly journals: (scope: string) => JournalPort;
  readonly log: Logger;
  /** The one of this process. */
  readonly redact: Redactor;
  readonly version: string;
  readonly newId: () => string;
  readonly clock?: Clock;
  /** Instead of the real ones, for the simulated cluster. */
  readonly ports?: (cluster: ClusterConfig) => Ports;
  /** Where persons are told beside the log. */
  readonly hub?: Hub;
  /** They are those of `ekimi demo`. */
  readonly demo?: true;
}

export interface Daemon {
  readonly controller: ControllerPort;
  readonly sessions: readonly Session[];
  /** Runs until `stop`; then, within seconds, finishes or marks what is in flight, gives up tenure and closes all but the journal. */
  run(stop: AbortSignal): Promise<void>;
}

/** All clusters of the configuration, each with a loop of its own. */
export async function openDaemon(parts: DaemonParts): Promise<Daemon> {
  const sessions = await Promise.all(parts.files.config.clusters.map((cluster) => openCluster(parts, cluster)));
  return { controller: controllerOf(sessions), sessions, run: (stop) => runAll(sessions, stop) };
}

async function openCluster(parts: DaemonParts, cluster: ClusterConfig): Promise<Session> {
  const { redact } = parts;
  const { config, configHash } = parts.files;
  const { policy, hash: policyHash, locator: policyLocator } = policyFor(parts.files, cluster.scope);
  const clock = parts.clock ?? systemClock;
  const ports: Ports = {
    ...(parts.ports?.(cluster) ?? portsOf(cluster, clock)),
    ...(parts.hub && { notifications: parts.hub }),
  };
  const log = parts.log.child({ scope: cluster.scope });
  const hook = config.notifications?.veto;
  const veto = hook && vetoHook(hook, config.instance, redact);
  const stores = parts.demo === true ? demoStores() : storesOf(config.journal.directory, cluster);
  const start = {
    kind: 'start',
    version: parts.version,
    instance: config.instance,
    configHash,
    policyHash,
    policy,
  } as const;
  const journal = beginningWith(parts.journals(cluster.scope), start);
  const session = openSession(
    {
      ports,
      target: targetOf(cluster),
      journal,
      notifier: logNotifier(log, parts.hub?.notifier),
      ...(config.notifications && { escalation: config.notifications.escalation }),
      ...(veto && { veto }),
      tenure: tenureKeeper(ports.dcs, clock, config.instance, cluster.dcs.tenureTtlMs),
      ledgerStore: withoutSecrets(dcsLedgerStore(ports.dcs), redact),
      shadowStore: withoutSecrets(stores.shadow, redact),
      recovery: { store: withoutSecrets(stores.recovery, redact), lock: stores.lock },
      windowsAt,
      newId: parts.newId,
      version: parts.version,
      instance: config.instance,
      ...(parts.demo === true ? { demo: true as const } : {}),
      log,
    },
    policy,
    policyHash,
    await recalled(journal, cluster.scope, clock.now(), log),
    policyLocator,
  );
  await write(session, start);
  await lend(ports, config.instance, log);
  return session;
}

/** What this machine alone keeps of a cluster, and whose process may keep it. */
interface MachineStores {
  readonly shadow: LedgerStore;
  readonly recovery: LedgerStore;
  readonly lock: () => Promise<boolean>;
}

const storesOf = (directory: string, cluster: ClusterConfig): MachineStores => ({
  shadow: fileLedgerStore(join(directory, `shadow-${cluster.scope}.json`)),
  recovery: fileLedgerStore(join(directory, `recovery-${cluster.scope}.json`), { synced: true }),
  lock: recoveryLockOf(cluster),
});

/** The demo reads and writes no file and takes no lock: its folder need not exist, and the next one begins anew. */
const demoStores = (): MachineStores => ({
  shadow: memoryLedgerStore(),
  recovery: memoryLedgerStore(),
  lock: () => Promise.resolve(true),
});

/** To other instances, where that is configured. What is done for them is theirs to journal; here it is in the log. */
async function lend({ host }: Ports, instance: string, log: Logger): Promise<void> {
  const told = (level: 'info' | 'warn', fields: object, message: string): void => {
    log[level](fields, message);
  };
  const url = await host?.lend?.({ instance, told });
  if (typeof url === 'string') log.info({ url }, 'the host driver is lent to other instances');
}

/** What cannot be read is as good as never seen: a cluster whose disk fails starts as one that nobody has watched yet. */
async function recalled(journal: JournalPort, scope: string, nowMs: number, log: Logger): Promise<Memory> {
  try {
    return await recallMemory(journal, scope, nowMs);
  } catch (err) {
    log.error(
      { code: 'JOURNAL', err } satisfies CodedFields,
      'the journal cannot be read: nothing is known of earlier runs',
    );
    return FRESH_MEMORY;
  }
}

/** The last words of a reply stand in it, and whoever may read etcd or our folder reads them. */
const withoutSecrets = (store: LedgerStore, redact: Redactor): LedgerStore => ({
  load: () => store.load(),
  commit: (ledger, grant) => store.commit(redact.value(ledger), grant),
});

/** They go to the log in any case, at a level that nobody filters. */
const logNotifier = (log: Logger, also: Notifier | undefined): Notifier => ({
  page: (message) => {
    const { code, subject, level, change, text } = message;
    const fields = { code, subject, level, change, text };
    also?.page(message);
    if (change === 'ended') log.warn(fields, 'what a person was paged for is over');
    else if (change === 'acknowledged') log.warn(fields, 'a person looks after it');
    else log.error(fields, change === 'reminder' ? 'a person is still needed' : 'a person is needed');
  },
});

/** All clusters end beside each other: what one of them waits for must not keep another one's tenure. */
async function runAll(sessions: readonly Session[], stop: AbortSignal): Promise<void> {
  // Each loop listens to it.
  setMaxListeners(0, stop);
  await Promise.all(
    sessions.map(async (session, index) => {
      const unwatch = wakeOnEvents(session);
      // Spread over a period: passes that all begin in one moment make each other late.
      const looping = live(session, stop, (index / sessions.length) * session.policy.poll.intervalMs);
      await Promise.race([stopped(stop), looping]);
      unwatch();
      await endSession(session, looping).catch((err: unknown) => {
        session.parts.log.error({ code: 'STOP_FAILED', err }, 'a cluster could not be ended in order');
      });
    }),
  );
}

const stopped = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    else
      stop.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });

/** Events only make the next pass come sooner; what it decides comes from what it reads. */
function wakeOnEvents(session: Session): () => void {
  const { dcs, host } = session.parts.ports;
  const wake = (): void => {
    session.wake();
  };
  const ends = [dcs.onLeaderChange(wake), host?.onEvent(wake)];
  return () => {
    for (const end of ends) end?.();
  };
}
