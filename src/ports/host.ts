import type { Aside, AsideDirectory } from '../model/aside.js';
import type { ControlData } from '../model/control.js';
import type { DiskStatus } from '../model/disk.js';
import type { HostStatus, HostTarget, PeerSeen } from '../model/host.js';
import type { Reply, Step } from '../model/plan.js';
import type { Reading } from '../model/reading.js';
import type { StoreData } from '../model/store-data.js';
import type { SurplusWal, WalSpan } from '../model/surplus.js';
import type { TenureGrant } from './dcs.js';
import type { RightSeen } from '../model/rights.js';

/** What runs the parts, by a driver of few primitives. What a driver has not, or has of another kind of target only, is `not-configured`. */
export interface HostPort {
  /** It does what it is asked for under tenure alone, which nobody can hold while etcd has no majority. Absent: whenever it is asked. */
  readonly needsTenure?: true;
  status(target: HostTarget): Promise<Reading<HostStatus>>;
  /**
   * The last `count` lines that the target wrote where its driver can see them, oldest first, unmasked: whoever keeps them masks them.
   * `forMs`: only what was written within so long, by a driver that knows when a line was written.
   */
  logs?(target: HostTarget, count: number, forMs?: number): Promise<Reading<readonly string[]>>;
  /** Size and free room of the volumes that a member's PGDATA and pg_wal lie on, inodes included. */
  disk?(target: HostTarget): Promise<Reading<DiskStatus>>;
  /** What pg_waldump finds in the WAL that a member has beyond the history of the leader. Reads only. */
  surplus?(target: HostTarget, span: WalSpan): Promise<Reading<SurplusWal>>;
  /** Whether the data directory of an etcd member holds a member's data, also while nothing runs there. Reads only. */
  storeData?(target: HostTarget): Promise<Reading<StoreData>>;
  /** What the control file of a member's data directory says, also while nothing runs there. Reads only. */
  controldata?(target: HostTarget): Promise<Reading<ControlData>>;
  /**
   * Renames a stopped member's data directory beside itself, to NAME.`suffix` (`asideSuffix`), and says where it is and what it takes; nothing is
   * deleted. `id`: the run that was looked at; `ended`: it was stopped since, and a driver that tells no run of what is stopped takes what is stopped
   * for it. Refused (`none`) while it runs, over a mount point, and where WAL or tablespaces lie elsewhere.
   * `grant`: as with `send`.
   */
  moveAside?(
    target: HostTarget,
    how: { readonly id: string; readonly suffix: string; readonly ended?: true },
    grant?: TenureGrant | null,
  ): Promise<Aside>;
  /** What lies aside of the data directory of a member, or of an etcd member, whether it runs or not. */
  listAside?(target: HostTarget): Promise<Reading<readonly AsideDirectory[]>>;
  /** Deletes one of what lies aside, by the name of its folder. Refused (`none`) where a postmaster lives in it, and of everything else. */
  removeAside?(target: HostTarget, name: string, grant?: TenureGrant | null): Promise<Reply>;
  /** `grant`: the tenure under which it is sent, for a driver through which another instance acts; null: there is none. */
  send(step: Extract<Step, { port: 'host' }>, grant?: TenureGrant | null): Promise<Reply>;
  /** What the driver lets us do, asked without doing it. For the doctor alone; absent where it cannot be asked. */
  rights?(): Promise<readonly RightSeen[]>;
  /** Calls back on a start, stop, kill, pause or health event of anything configured. A wake-up only: `status` tells what is so. Returns the way to stop. */
  onEvent(wake: (what: string) => void): () => void;
  /** Asks each of the other instances that lend their driver who it is. Absent: this driver needs none. */
  peers?(): Promise<readonly PeerSeen[]>;
  /** Lends what this instance reaches itself to the others, until it is closed. Rejects where it cannot listen; null: it is not configured to. */
  lend?(as: Lending): Promise<string | null>;
  close(): Promise<void>;
}

/** As whom it is lent, and who is told what was done for others. */
export interface Lending {
  readonly instance: string;
  readonly told: (level: 'info' | 'warn', fields: Readonly<Record<string, unknown>>, message: string) => void;
}
