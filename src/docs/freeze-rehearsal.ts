import { dcsLedgerStore, memoryLedgerStore } from '../kernel/ledger-store.js';
import { isSuspect } from '../kernel/look.js';
import { openSession } from '../kernel/open.js';
import type { Session } from '../kernel/session.js';
import { tenureKeeper } from '../kernel/tenure.js';
import { pass } from '../kernel/pass.js';
import { ONLY_PROXY } from '../model/proxy.js';
import { memberName } from '../model/names.js';
import type { Policy } from '../model/policy.js';
import { memoryJournal } from '../simulator/memory-journal.js';
import { createCluster, type SimulatedCluster } from '../simulator/world.js';

/** One freeze of the leader, and how it went. Times in milliseconds of the simulated clock. */
export interface Freeze {
  readonly lengthMs: number;
  /** When it begins, counted from a fixed moment: Patroni renews the lease once a loop, so this decides how old it is then. */
  readonly phaseMs: number;
  /** Its Patroni alone (as where nothing is said), its whole machine, or its PostgreSQL below a Patroni that lives. */
  readonly what?: 'patroni' | 'machine' | 'postgres';
}

export interface Outcome {
  /** Somebody else led in the end. */
  readonly failedOver: boolean;
  /** Without a member that takes the writes of a client behind the proxy. */
  readonly outageMs: number;
  /** With two members that accept writes. */
  readonly doubledMs: number;
}

const OLD_LEADER = 'patroni1';
const WARM_UP_MS = 20_000;
/** Longer than a lease, an election and the proxy's checks together: what is not over by then is told as it is. */
const AFTERMATH_MS = 45_000;
const SAMPLE_MS = 250;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

type Befalls = (cluster: SimulatedCluster) => void;

const thaw: Befalls = (cluster) => {
  cluster.thaw(OLD_LEADER);
};

/** How each kind begins and ends. */
const KINDS: Readonly<Record<NonNullable<Freeze['what']>, { readonly begin: Befalls; readonly end: Befalls }>> = {
  patroni: {
    begin: (cluster) => {
      cluster.freezePatroni(OLD_LEADER);
    },
    end: thaw,
  },
  machine: {
    begin: (cluster) => {
      cluster.pauseContainer(OLD_LEADER);
    },
    // What was killed meanwhile does not go on.
    end: (cluster) => {
      if (cluster.inspect(OLD_LEADER).host.state === 'paused') cluster.startContainer(OLD_LEADER);
    },
  },
  postgres: {
    begin: (cluster) => {
      cluster.freezePostgres(OLD_LEADER);
    },
    end: thaw,
  },
};

/** The real controller on the simulated cluster, or the cluster alone (`policy: null`). The same arguments give the same outcome. */
export async function rehearseFreeze(freeze: Freeze, policy: Policy | null): Promise<Outcome> {
  const cluster = createCluster({ seed: 1, patroniVersion: '4.1.4' });
  const session = policy === null ? null : sessionOn(cluster, policy);
  const { begin, end } = KINDS[freeze.what ?? 'patroni'];
  const beginMs = cluster.nowMs() + WARM_UP_MS + freeze.phaseMs;
  const endMs = beginMs + freeze.lengthMs;
  cluster.at(beginMs, () => {
    begin(cluster);
  });
  cluster.at(endMs, () => {
    end(cluster);
  });
  const counted = { outageMs: 0, doubledMs: 0 };
  // Sampled by the simulated clock itself: a pass waits for members that do not answer, and time goes by in it.
  const sample = (): void => {
    if (cluster.writesGoTo() === null) counted.outageMs += SAMPLE_MS;
    if (cluster.primaries().length > 1) counted.doubledMs += SAMPLE_MS;
    cluster.at(cluster.nowMs() + SAMPLE_MS, sample);
  };
  cluster.at(beginMs + SAMPLE_MS, sample);
  while (cluster.nowMs() < endMs + AFTERMATH_MS) {
    if (session !== null) await pass(session);
    cluster.advance(session === null ? SAMPLE_MS : periodOf(session));
  }
  return { ...counted, failedOver: cluster.leader() !== OLD_LEADER };
}

const periodOf = (session: Session): number =>
  isSuspect(session) ? session.policy.poll.suspectIntervalMs : session.policy.poll.intervalMs;

function sessionOn(cluster: SimulatedCluster, policy: Policy): Session {
  const ports = cluster.ports();
  const { options } = cluster;
  let ids = 0;
  return openSession(
    {
      ports,
      target: {
        scope: options.scope,
        members: options.members.map(memberName),
        dcsNames: options.dcs,
        proxies: [{ name: ONLY_PROXY, pools: { writes: options.primaryBackend, reads: [options.replicaBackend] } }],
      },
      journal: memoryJournal(),
      notifier: { page: () => undefined },
      tenure: tenureKeeper(ports.dcs, ports.clock, 'docs', 15_000),
      ledgerStore: dcsLedgerStore(ports.dcs),
      shadowStore: memoryLedgerStore(),
      windowsAt: () => ({ freeze: null, maintenance: null }),
      newId: () => `${(ids += 1)}`,
      version: 'docs',
      instance: 'docs',
      log: SILENT,
    },
    policy,
    'docs',
  );
}
