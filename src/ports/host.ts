import type { DiskStatus } from '../model/disk.js';
import type { HostStatus } from '../model/host.js';
import type { MemberName } from '../model/names.js';
import type { Reply, Step } from '../model/plan.js';
import type { Reading } from '../model/reading.js';

/** What runs the parts: containers by Docker's Engine API, or an operator's own command. */
export interface HostPort {
  member(member: MemberName): Promise<Reading<HostStatus>>;
  /** A configured etcd endpoint's host. */
  dcs(name: string): Promise<Reading<HostStatus>>;
  /**
   * The last `count` lines that the member wrote where its driver can see them, oldest first, unmasked: whoever keeps them masks them.
   * `forMs`: only what was written within so long, by a driver that knows when a line was written. Absent, or `not-configured`: this driver
   * has none.
   */
  logs?(member: MemberName, count: number, forMs?: number): Promise<Reading<readonly string[]>>;
  /** Size and free room of the volumes that PGDATA and pg_wal lie on. Absent, or `not-configured`: this driver cannot tell. */
  disk?(member: MemberName): Promise<Reading<DiskStatus>>;
  send(step: Extract<Step, { port: 'host' }>): Promise<Reply>;
  /** Calls back on a start, stop, kill, pause or health event of anything configured. A wake-up only. Returns the way to stop. */
  onEvent(wake: (what: string) => void): () => void;
  close(): Promise<void>;
}
