import { dcsLedgerStore, memoryLedgerStore } from '../../src/controller/ledger-store.js';
import { openSession, type Session } from '../../src/controller/session.js';
import { tenureKeeper } from '../../src/controller/tenure.js';
import { tick } from '../../src/controller/tick.js';
import { isSuspect } from '../../src/controller/look.js';
import type { EntryBody, JournalEntry } from '../../src/model/entry.js';
import type { Policy, WindowFacts } from '../../src/model/policy.js';
import type { Memory } from '../../src/model/states.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { memoryJournal, recordingNotifier } from '../../src/simulator/memory-journal.js';
import { testPolicy } from './policy.js';

export interface Rig {
  readonly cluster: SimulatedCluster;
  readonly session: Session;
  readonly journal: ReturnType<typeof memoryJournal>;
  readonly notifier: ReturnType<typeof recordingNotifier>;
  /** Passes at the policy's period until so many virtual seconds have gone by. */
  run(seconds: number): Promise<void>;
  requests(): readonly string[];
  entries<K extends EntryBody['kind']>(kind: K): readonly (JournalEntry & { body: Extract<EntryBody, { kind: K }> })[];
}

export interface RigOptions {
  readonly policy?: Policy;
  readonly cluster?: SimulatedCluster;
  readonly owner?: string;
  readonly journal?: ReturnType<typeof memoryJournal>;
  readonly memory?: Memory;
  readonly without?: readonly ('postgres' | 'proxy' | 'host' | 'tags')[];
  readonly windowsAt?: (policy: Policy, nowMs: number) => WindowFacts;
}

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The real controller on the simulated cluster, driven pass by pass in virtual time. */
export function rig(options: RigOptions = {}): Rig {
  const cluster = options.cluster ?? createCluster();
  const ports = cluster.ports();
  const journal = options.journal ?? memoryJournal();
  const notifier = recordingNotifier();
  const without = options.without ?? [];
  const owner = options.owner ?? 'test';
  let ids = 0;
  const session = openSession(
    {
      ports: {
        clock: ports.clock,
        patroni: ports.patroni,
        dcs: ports.dcs,
        postgres: without.includes('postgres') ? null : ports.postgres,
        proxy: without.includes('proxy') ? null : ports.proxy,
        host: without.includes('host') ? null : ports.host,
        tags: without.includes('tags') ? null : ports.tags,
      },
      target: {
        scope: cluster.options.scope,
        members: cluster.options.members as never,
        dcsNames: cluster.options.dcs,
        pools: { primary: cluster.options.primaryBackend, replica: cluster.options.replicaBackend },
      },
      journal,
      notifier,
      tenure: tenureKeeper(ports.dcs, ports.clock, owner, 15_000),
      ledgerStore: dcsLedgerStore(ports.dcs),
      shadowStore: memoryLedgerStore(),
      windowsAt: options.windowsAt ?? (() => ({ freeze: null, maintenance: null })),
      newId: () => `${owner}-${(ids += 1)}`,
      version: 'test',
      instance: owner,
      log: SILENT,
    },
    options.policy ?? testPolicy(),
    'hash',
    options.memory,
  );
  return {
    cluster,
    session,
    journal,
    notifier,
    run: async (seconds) => {
      const untilMs = cluster.nowMs() + seconds * 1000;
      while (cluster.nowMs() < untilMs) {
        const { intervalMs, suspectIntervalMs } = session.policy.poll;
        await tick(session);
        cluster.advance(isSuspect(session) ? suspectIntervalMs : intervalMs);
      }
    },
    requests: () => cluster.requests.map((row) => row.text),
    entries: (kind) => journal.entries.filter((entry) => entry.body.kind === kind) as never,
  };
}
