import type { SimulatedCluster } from './world.js';

/** The wall's time, as an argument: milliseconds that never jump, and a repeating timer that returns how to stop it. */
export interface WallTime {
  monotonicMs(): number;
  every(ms: number, call: () => void): () => void;
}

const FRAME_MS = 50;

/**
 * Lets virtual time follow the wall clock, `speed` virtual seconds a second: `clock.now()` is then virtual and `clock.sleep(ms)` lasts
 * ms / speed. Returns the way to stop it. After a long stall (a suspended laptop) it goes on without catching up.
 */
export function realtimeDriver(cluster: SimulatedCluster, speed: number, wall: WallTime): () => void {
  if (!(speed > 0)) throw new Error(`speed is ${speed}, expected a number above 0: 1 is real time`);
  cluster.time.pumpAlone(false);
  let lastMs = wall.monotonicMs();
  let owedMs = 0;
  const stop = wall.every(FRAME_MS, () => {
    const nowMs = wall.monotonicMs();
    owedMs += Math.min(nowMs - lastMs, 2000) * speed;
    lastMs = nowMs;
    const dueMs = Math.floor(owedMs);
    owedMs -= dueMs;
    cluster.advance(dueMs);
  });
  return () => {
    stop();
    cluster.time.pumpAlone(true);
  };
}
