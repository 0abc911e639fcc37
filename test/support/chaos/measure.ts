import type { SimulatedCluster } from '../../../src/simulator/world.js';

/** How often the client commits, milliseconds. */
const SLOT_MS = 200;

export interface Measured {
  /** The client of the proxy was told of no commit. */
  readonly outageMs: number;
  /** Clients of the proxy could write to two. */
  readonly doubledMs: number;
  /** A letter for each try of the client: `.` no commit was acknowledged, `k` one was and is there in the end, `l` one was and is lost. */
  readonly writes: string;
}

/** A client that commits through the proxy, from now on. */
export function measure(cluster: SimulatedCluster): () => Measured {
  const beganMs = cluster.nowMs();
  cluster.startClient('app', SLOT_MS);
  return () => {
    const { acknowledged, lost, twoWritersMs } = cluster.commits();
    const gone = new Set(lost ?? []);
    const slots = Array.from({ length: Math.floor((cluster.nowMs() - beganMs) / SLOT_MS) }, () => '.');
    for (const commit of acknowledged) {
      const slot = Math.floor(((commit.ackedAtMs ?? beganMs) - beganMs) / SLOT_MS);
      if (slot < slots.length && slots[slot] !== 'l') slots[slot] = gone.has(commit) ? 'l' : 'k';
    }
    return {
      outageMs: slots.filter((what) => what === '.').length * SLOT_MS,
      doubledMs: twoWritersMs,
      writes: slots.join(''),
    };
  };
}

/** For how long commits were acknowledged and lost where every one of `others` acknowledged and kept some, milliseconds. */
export function lostAlone({ writes }: Measured, others: readonly Measured[]): number {
  const alone = Array.from(writes).filter(
    (what, at) => what === 'l' && others.every((other) => other.writes[at] === 'k'),
  );
  return alone.length * SLOT_MS;
}
