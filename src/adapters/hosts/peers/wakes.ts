import type { Clock } from '../../../ports/clock.js';
import type { Borrower } from './borrower.js';
import type { Peer } from './peer.js';

/** Between two tries to reach a peer; doubles from the first to the second. */
const BACK_OFF_MS = { first: 1_000, longest: 30_000 } as const;
/** No more wake-ups than this of one peer, however much it tells. */
const APART_MS = 200;

/**
 * Calls back on what a peer tells of what runs beside it, until stopped. A wake-up only: what is lost while the stream is down the next pass
 * sees anyway, and a stream that breaks off wakes once as well.
 */
export function watchPeer(peer: Peer, borrower: Borrower, clock: Clock, wake: (what: string) => void): () => void {
  const stop = new AbortController();
  let wokeAtMs = -Infinity;
  let isDue = false;

  /** What comes too soon after the last one is told at the end of that time: of a container that dies the last event is the one that counts. */
  function heard(what: string): void {
    if (isDue || stop.signal.aborted) return;
    isDue = true;
    const waitMs = Math.max(0, wokeAtMs + APART_MS - clock.monotonic());
    void (waitMs === 0 ? Promise.resolve() : clock.sleep(waitMs, stop.signal)).then(() => {
      isDue = false;
      if (stop.signal.aborted) return;
      wokeAtMs = clock.monotonic();
      wake(what);
    });
  }

  /** One connection's life; true if it came about at all. */
  async function once(): Promise<boolean> {
    let opened = false;
    try {
      for await (const chunk of peer.events(await borrower.cluster(), stop.signal)) {
        opened = true;
        if (chunk.some((byte) => byte !== NEWLINE)) heard(`${peer.url} tells of a change`);
      }
    } catch {
      // A peer that is away is seen by the readings, with its reason; here it only means: try again.
    }
    return opened;
  }

  async function run(): Promise<void> {
    let waitMs: number = BACK_OFF_MS.first;
    for (;;) {
      const opened = await once();
      if (stop.signal.aborted) return;
      if (opened) {
        waitMs = BACK_OFF_MS.first;
        heard(`the events of ${peer.url} broke off`);
      }
      await clock.sleep(waitMs, stop.signal);
      waitMs = Math.min(waitMs * 2, BACK_OFF_MS.longest);
    }
  }

  void run();
  return () => {
    stop.abort('over');
  };
}

const NEWLINE = 0x0a;
