import { live } from '../../src/fleet/live.js';
import { recallMemory } from '../../src/kernel/recall.js';
import type { EntryBody, JournalEntry } from '../../src/model/entry.js';
import type { SimulatedCluster } from '../../src/simulator/world.js';
import { memoryJournal } from '../../src/simulator/memory-journal.js';
import { rig, type Rig, type RigOptions } from './simulated.js';

export interface Fleet {
  readonly cluster: SimulatedCluster;
  /** The running process of this name, or the last one that ran. */
  readonly at: (name: string) => Rig;
  /** Virtual seconds in which every controller runs its own loop, and the world goes on. */
  readonly run: (seconds: number) => Promise<void>;
  /** Ends the process at once, wherever it is. */
  readonly kill: (name: string) => void;
  /** A new process under this name, with what its journal tells it. */
  readonly start: (name: string) => Promise<void>;
  /** Entries of every journal, with whose they are. */
  readonly entries: <K extends EntryBody['kind']>(
    kind: K,
  ) => readonly (JournalEntry & { readonly by: string; body: Extract<EntryBody, { kind: K }> })[];
  /** Passes that threw: defects. */
  readonly thrown: readonly { readonly by: string; readonly atMs: number; readonly error: unknown }[];
}

interface Seat {
  rig: Rig;
  readonly journal: ReturnType<typeof memoryJournal>;
  stop: AbortController;
}

/**
 * Several controllers side by side, each in the loop of the real process, on one simulated cluster: what one sees, `cluster.cutLink(name, ...)`
 * says; `cluster.suspendController(name)` lets one stand still in the middle of whatever it does.
 */
export function fleet(cluster: SimulatedCluster, names: readonly string[], options: RigOptions = {}): Fleet {
  const thrown: { by: string; atMs: number; error: unknown }[] = [];
  const seats = new Map<string, Seat>();
  cluster.time.pumpAlone(false);
  const open = (name: string, journal: Seat['journal'], extra: Partial<RigOptions>): void => {
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (fields: object) => {
        if ('err' in fields) thrown.push({ by: name, atMs: cluster.nowMs(), error: fields.err });
      },
    };
    const one = rig({ ...options, ...extra, cluster, as: name, journal, log });
    const stop = new AbortController();
    seats.set(name, { rig: one, journal, stop });
    one.session.parts.ports.dcs.onLeaderChange(() => {
      one.session.wake();
    });
    void live(one.session, stop.signal);
  };
  for (const name of names) open(name, memoryJournal(), {});
  const seat = (name: string): Seat => {
    const found = seats.get(name);
    if (found === undefined) throw new Error(`no controller ${name}; there are ${names.join(', ')}`);
    return found;
  };
  return {
    cluster,
    thrown,
    at: (name) => seat(name).rig,
    run: (seconds) => cluster.play(seconds * 1000),
    kill: (name) => {
      seat(name).stop.abort();
      cluster.killController(name);
    },
    start: async (name) => {
      const { journal } = seat(name);
      const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
      open(name, journal, { memory });
    },
    entries: (kind) =>
      [...seats].flatMap(([by, { journal }]) =>
        journal.entries.filter((entry) => entry.body.kind === kind).map((entry) => ({ ...entry, by })),
      ) as never,
  };
}
