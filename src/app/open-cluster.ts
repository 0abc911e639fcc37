import { join } from 'node:path';
import type { Logger } from 'pino';
import { windowsAt } from '../config/calendar.js';
import type { Redactor } from '../config/redactor.js';
import type { ClusterConfig } from '../model/config.js';
import type { EntryBody } from '../model/entry.js';
import type { CodedFields } from '../model/log-code.js';
import type { Memory } from '../model/states.js';
import { FRESH_MEMORY } from '../machines/memory.js';
import type { Clock } from '../ports/clock.js';
import type { JournalPort } from '../ports/journal.js';
import type { Notifier } from '../ports/notifier.js';
import type { Ports } from '../observe/ports.js';
import type { Hub } from '../notify/hub.js';
import { dcsLedgerStore, fileLedgerStore, type LedgerStore, memoryLedgerStore } from '../kernel/ledger-store.js';
import { openSession } from '../kernel/open.js';
import { recallMemory } from '../kernel/recall.js';
import { write } from '../kernel/record.js';
import type { PolicyInForce, Session } from '../kernel/session.js';
import { succeed } from '../kernel/succeed.js';
import { tenureKeeper } from '../kernel/tenure.js';
import type { LoadedFiles } from './files.js';
import { beginningWith } from './journals.js';
import { portsOf, recoveryLockOf, systemClock, targetOf, vetoHook } from './wiring.js';

export interface DaemonParts {
  /** What the process was started with: but for the clusters, what holds until its end. */
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

/** What a session of a cluster is opened with. */
export interface Opening {
  readonly cluster: ClusterConfig;
  /** Of the file that `cluster` is from. */
  readonly configHash: string;
  readonly ports: Ports;
  readonly inForce: PolicyInForce;
  readonly stores: MachineStores;
}

/** The ports of a cluster by its configuration: nothing is connected yet. Throws where a part cannot be made of it. */
export const clusterPorts = (parts: DaemonParts, cluster: ClusterConfig): Ports => ({
  ...(parts.ports?.(cluster) ?? portsOf(cluster, parts.clock ?? systemClock)),
  ...(parts.hub && { notifications: parts.hub }),
});

/** The first session of a cluster in this process, with what its journal remembers. */
export async function openCluster(parts: DaemonParts, opening: Opening): Promise<Session> {
  const { scope } = opening.cluster;
  const log = parts.log.child({ scope });
  const memory = await recalled(parts.journals(scope), scope, (parts.clock ?? systemClock).now(), log);
  const start = startOf(parts, opening);
  const session = sessionOf(parts, opening, memory, start);
  await write(session, start);
  await lend(opening.ports, parts.files.config.instance, log);
  return session;
}

/**
 * The session that takes the place of one that has ended, over the same journal and ledger. `changes`: of its configuration. What is not lent
 * any more (an address in use) is told in the log: the cluster itself goes on.
 */
export async function followOn(
  parts: DaemonParts,
  opening: Opening,
  before: Session,
  changes: readonly string[],
): Promise<Session> {
  const start = { ...startOf(parts, opening), changes };
  const session = sessionOf(parts, opening, FRESH_MEMORY, start);
  succeed(session, before);
  await write(session, start);
  const { instance } = parts.files.config;
  await lend(opening.ports, instance, parts.log.child({ scope: opening.cluster.scope })).catch((err: unknown) => {
    session.parts.log.error({ code: 'RELOAD_FAILED', err }, 'the host driver is not lent to other instances');
  });
  return session;
}

type Start = Extract<EntryBody, { kind: 'start' }>;

const startOf = ({ files, version }: DaemonParts, { configHash, inForce }: Opening): Start => ({
  kind: 'start',
  version,
  instance: files.config.instance,
  configHash,
  policyHash: inForce.hash,
  policy: inForce.policy,
});

/** `start`: the very entry that is written of it, which its journal owes until it is. */
function sessionOf(parts: DaemonParts, opening: Opening, memory: Memory, start: Start): Session {
  const { redact } = parts;
  const { config } = parts.files;
  const { cluster, ports, inForce, stores } = opening;
  const clock = parts.clock ?? systemClock;
  const log = parts.log.child({ scope: cluster.scope });
  const hook = config.notifications?.veto;
  const veto = hook && vetoHook(hook, config.instance, redact);
  return openSession(
    {
      ports,
      target: targetOf(cluster),
      journal: beginningWith(parts.journals(cluster.scope), start),
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
    inForce.policy,
    inForce.hash,
    memory,
    inForce.locator,
  );
}

/** What this machine alone keeps of a cluster, and whose process may keep it. */
export interface MachineStores {
  readonly shadow: LedgerStore;
  readonly recovery: LedgerStore;
  readonly lock: () => Promise<boolean>;
}

/** For as long as the process: its lock is taken once, whatever its configuration becomes. */
export function machineStores({ demo, files }: DaemonParts, cluster: ClusterConfig): MachineStores {
  if (demo === true) return demoStores();
  const { directory } = files.config.journal;
  return {
    shadow: fileLedgerStore(join(directory, `shadow-${cluster.scope}.json`)),
    recovery: fileLedgerStore(join(directory, `recovery-${cluster.scope}.json`), { synced: true }),
    lock: recoveryLockOf(cluster),
  };
}

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
