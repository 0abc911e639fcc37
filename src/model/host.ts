import type { Reading } from './reading.js';

/** What a host driver can be asked about: what runs a member, an etcd endpoint (the store) or a proxy, each by our own name for it. */
export interface HostTarget {
  readonly kind: 'member' | 'store' | 'proxy';
  readonly name: string;
}

export const memberHost = (name: string): HostTarget => ({ kind: 'member', name });
export const storeHost = (name: string): HostTarget => ({ kind: 'store', name });

/** What can be done to what runs there. */
export type HostVerb = 'start' | 'stop' | 'restart' | 'kill';

/** What runs a target, by the host driver: the only channel that can prove that it does not run. */
export interface HostStatus {
  readonly state: 'running' | 'stopped' | 'paused' | 'restarting' | 'absent';
  /** The driver's own identity of the thing (container id); a changed id is another thing under an old name. */
  readonly id: string;
  /** Of what is stopped its driver tells no run: `id` is its name, and no proof that nothing ran since. Absent: `id` is of this run. */
  readonly isOfNoRun?: true;
  /** Not the driver, which gives no answer, but its machine's power says so. Absent: the driver. */
  readonly by?: 'power';
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly exitCode: number | null;
  readonly oomKilled: boolean;
  readonly restartCount: number;
}

/** What another instance tells of itself, which lends its host driver. */
export interface PeerTold {
  readonly instance: string;
  readonly driver: string;
  readonly lends: readonly HostTarget[];
  /** Its clock against ours. */
  readonly clockAheadMs: number;
  /** Why it cannot read in etcd who holds tenure, without which it does nothing for anybody; null: it can. */
  readonly blind: string | null;
  /** Null: there is no TLS, or it could not be told. */
  readonly certificateEndsAtMs: number | null;
}

/** One of the instances that the configuration names as peers, and what it was asked for. */
export interface PeerSeen {
  readonly url: string;
  readonly targets: readonly HostTarget[];
  readonly told: Reading<PeerTold>;
}
