import { dcsLedgerStore, memoryLedgerStore } from '../../src/kernel/ledger-store.js';
import { openSession } from '../../src/kernel/open.js';
import type { RecoveryParts } from '../../src/kernel/recovery.js';
import type { Session, SessionLog } from '../../src/kernel/session.js';
import { tenureKeeper } from '../../src/kernel/tenure.js';
import { pass as onePass } from '../../src/kernel/pass.js';
import { periodMs } from '../../src/kernel/period.js';
import { isSuspect } from '../../src/kernel/look.js';
import { decideApproval } from '../../src/kernel/commands.js';
import type { Addresses } from '../../src/observe/addresses.js';
import type { Ports } from '../../src/observe/ports.js';
import type { JournalPort } from '../../src/ports/journal.js';
import type { VetoPort } from '../../src/ports/veto.js';
import { Expander, Keeper } from '../../src/journal/kept.js';
import type { Decision } from '../../src/model/decision.js';
import type { Approval, Ledger } from '../../src/model/ledger.js';
import type { Change } from '../../src/model/snapshot.js';
import type { EntryBody, JournalEntry } from '../../src/model/entry.js';
import { fromJson, toJson } from '../../src/model/json.js';
import type { Policy, WindowFacts } from '../../src/model/policy.js';
import { isAsItWas } from '../../src/replay/redecided.js';
import { replayer } from '../../src/replay/replay.js';
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
  readonly run: (seconds: number) => Promise<void>;
  readonly requests: () => readonly string[];
  /** Every decision of the last pass that holds something back, as `gate: because -> unblock`. */
  readonly why: () => readonly string[];
  /** One pass, without letting time go by afterwards. */
  readonly pass: () => Promise<readonly Decision[]>;
  readonly approvals: (state: Approval['state']) => readonly Approval[];
  /** A person's word on the only approval that waits; it counts from the next pass on. */
  readonly answer: (state: 'approved' | 'rejected', reason?: string) => Promise<Change>;
  readonly entries: <K extends EntryBody['kind']>(
    kind: K,
  ) => readonly (JournalEntry & { body: Extract<EntryBody, { kind: K }> })[];
}

/**
 * Every pass and every second look of every simulation is read back from its journal line and made again: the same, byte for byte. The policy
 * only changes at the head of a pass, so all that a pass wrote was decided under the one that is in force at its end.
 */
function replaying(session: Session, { entries }: ReturnType<typeof memoryJournal>): () => void {
  let from = entries.length;
  const [keeper, expander] = [new Keeper(), new Expander()];
  const readBack = (entry: JournalEntry): JournalEntry => {
    const packed = keeper.packed(entry.body, entry.seq, entry.scope);
    packed.note();
    return expander.take(fromJson(toJson({ ...entry, body: packed.written })) as JournalEntry);
  };
  return () => {
    const redecide = replayer();
    const start = { kind: 'start', version: '', instance: '', configHash: '', policyHash: session.inForce.hash };
    const { scope } = session.parts.target;
    redecide({ seq: 0, prev: '', hash: '', atMs: 0, scope, body: { ...start, policy: session.policy } as EntryBody });
    for (; from < entries.length; from += 1) {
      const written = entries[from];
      if (written?.scope !== scope) continue;
      const entry = readBack(written);
      if (toJson(entry) !== toJson(written)) throw new Error(`entry ${written.seq} is not read back as it was written`);
      const again = redecide(entry);
      if (again !== null && !isAsItWas(again))
        throw new Error(`entry ${entry.seq} is not replayed as it was: ${toJson(again)}`);
    }
  };
}

export interface RigOptions {
  readonly policy?: Policy;
  readonly cluster?: SimulatedCluster;
  readonly owner?: string;
  /** One of several controllers, with its own sight and clock: its name in the table of links. */
  readonly as?: string;
  readonly log?: SessionLog;
  readonly journal?: ReturnType<typeof memoryJournal>;
  /** Puts something of the test's own between the controller and the simulated parts. */
  readonly wrap?: (ports: Ports) => Ports;
  readonly wrapJournal?: (journal: JournalPort) => JournalPort;
  /** Ends `run` early: the process is gone. */
  readonly dead?: Promise<unknown>;
  readonly memory?: Memory;
  /** The members that the configuration has; absent: all of the cluster's. */
  readonly members?: readonly string[];
  /** As `clusters[].sites`; absent: none is configured. */
  readonly sites?: Readonly<Record<string, string>>;
  readonly without?: readonly ('postgres' | 'proxy' | 'host' | 'tags')[];
  /** Where the configuration has the members; absent: nothing is held against what etcd has. */
  readonly addresses?: Addresses;
  /** As `clusters[].power`, with the etcd endpoints that hang on each member's outlet; absent: nothing cuts power. */
  readonly power?: Readonly<Record<string, readonly string[]>>;
  /** A password for Patroni is configured. */
  readonly hasLogin?: boolean;
  /** Where a run lies while etcd is lost: one outlives the controller. */
  readonly recovery?: RecoveryParts;
  readonly windowsAt?: (policy: Policy, nowMs: number) => WindowFacts;
  /** As `notifications.veto`; absent: nobody is asked. */
  readonly veto?: VetoPort;
}

/** Puts something into the ledger in force that no event of these passes put there. */
export const changeLedger = ({ books }: Session, change: (ledger: Ledger) => Ledger): void => {
  void books.note({ kind: 'loaded', ledger: change(books.ledger) });
};

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The real controller on the simulated cluster, driven pass by pass in virtual time. */
export function rig(options: RigOptions = {}): Rig {
  const cluster = options.cluster ?? createCluster();
  const simulated = cluster.ports(options.as === undefined ? {} : { as: options.as });
  const journal = options.journal ?? memoryJournal();
  const notifier = recordingNotifier();
  const without = options.without ?? [];
  const owner = options.owner ?? options.as ?? 'test';
  let ids = 0;
  const ports = (options.wrap ?? ((same) => same))({
    clock: simulated.clock,
    patroni: simulated.patroni,
    dcs: simulated.dcs,
    postgres: without.includes('postgres') ? null : simulated.postgres,
    proxies: without.includes('proxy') ? {} : simulated.proxies,
    ...(cluster.options.poolers.length === 0 ? {} : { poolers: simulated.poolers }),
    host: without.includes('host') ? null : simulated.host,
    tags: without.includes('tags') ? null : simulated.tags,
    ...(options.power === undefined ? {} : { power: simulated.power }),
  });
  const session = openSession(
    {
      ports,
      target: {
        scope: cluster.options.scope,
        members: (options.members ?? cluster.options.members) as never,
        dcsNames: cluster.options.dcs,
        ...(options.sites === undefined ? {} : { sites: options.sites }),
        ...(options.power === undefined ? {} : { sharesPower: options.power }),
        ...(cluster.options.poolers.length === 0 ? {} : { poolers: cluster.options.poolers }),
        ...(options.hasLogin === undefined ? {} : { hasLogin: options.hasLogin }),
        proxies: without.includes('proxy')
          ? []
          : Object.keys(ports.proxies).map((name) => ({
              name,
              pools: { writes: cluster.options.primaryBackend, reads: [cluster.options.replicaBackend] },
            })),
        ...(options.addresses === undefined ? {} : { addresses: options.addresses }),
      },
      journal: options.wrapJournal?.(journal) ?? journal,
      notifier,
      tenure: tenureKeeper(ports.dcs, ports.clock, owner, 15_000),
      ledgerStore: dcsLedgerStore(ports.dcs),
      shadowStore: memoryLedgerStore(),
      ...(options.recovery === undefined ? {} : { recovery: options.recovery }),
      ...(options.veto === undefined ? {} : { veto: options.veto }),
      windowsAt: options.windowsAt ?? (() => ({ freeze: null, maintenance: null })),
      newId: () => `${owner}-${cluster.nowMs()}-${(ids += 1)}`,
      version: 'test',
      instance: owner,
      log: options.log ?? SILENT,
    },
    options.policy ?? testPolicy(),
    'hash',
    options.memory,
  );
  let isDead = false;
  void options.dead?.then(() => {
    isDead = true;
  });
  const once = () => (options.dead === undefined ? onePass(session) : Promise.race([onePass(session), options.dead]));
  const replays = replaying(session, journal);
  const pass = async () => {
    await once();
    replays();
  };
  return {
    cluster,
    session,
    journal,
    notifier,
    run: async (seconds) => {
      const untilMs = cluster.nowMs() + seconds * 1000;
      while (cluster.nowMs() < untilMs && !isDead) {
        await pass();
        cluster.advance(periodMs(session, isSuspect(session)));
      }
    },
    why: () =>
      session.decisions.flatMap((decision) =>
        decision.kind === 'held'
          ? decision.blocks.map((block) => `${block.gate}: ${block.because} -> ${block.unblock}`)
          : [],
      ),
    pass: async () => {
      await pass();
      return session.decisions;
    },
    approvals: (state) => session.ledger.approvals.filter((row) => row.state === state),
    answer: async (state, reason = 'looked at it') => {
      const waiting = session.ledger.approvals.filter((row) => row.state === 'waiting');
      if (waiting.length !== 1) throw new Error(`${waiting.length} approvals wait, not one`);
      const change = decideApproval(session, waiting[0]?.id ?? '', state, 'dba', reason);
      await pass();
      return change;
    },
    requests: () => cluster.requests.map((row) => row.text),
    entries: (kind) => journal.entries.filter((entry) => entry.body.kind === kind) as never,
  };
}
