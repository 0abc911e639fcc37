import type { SIGHTS } from './links.js';

/** What can be wrong with etcd and with the places that things stand in. */
export interface PlaceFaults {
  /** Stops so many etcd members, the last one first. */
  stopEtcd(count: number): void;
  /** Starts and thaws all of them; connections stay as they are. */
  startEtcd(): void;
  killEtcd(name: string): void;
  /** Its process stands still: connections stand, nothing answers. */
  hangEtcd(name: string): void;
  /** Starts or thaws one. */
  returnEtcd(name: string): void;
  /** Its every answer comes so much later; as leader it delays everybody. 0: as before. */
  slowEtcd(name: string, ms: number): void;
  /** An election under a leader that is well. */
  electEtcd(): void;
  /** Cuts it from the other etcd members; clients still reach it. */
  isolateEtcd(name: string): void;
  /** Ends every isolation. */
  healEtcd(): void;
  /** The size of etcd's database. At its quota etcd raises NOSPACE, which stays until it is cleared. */
  sizeEtcd(bytes: number): void;
  raiseAlarm(alarm: string): void;
  clearAlarms(): void;
  /** Power of all that stands there (`options.sites`), at once. */
  loseSite(site: string): void;
  returnSite(site: string): void;
}

/** What can be wrong with controllers. Without a name: the only one. What one cannot reach: `cutLink(controller, part)`. */
export interface ControllerFaults {
  /** A controller loses a kind of connection to everything. */
  cutObserver(what: keyof typeof SIGHTS | 'all', controller?: string): void;
  healObserver(controller?: string): void;
  /** Sets its wall clock; its monotonic clock goes on. */
  jumpClock(ms: number, controller?: string): void;
  /** Stops the process as by SIGSTOP, or a machine that is moved. */
  suspendController(controller?: string): void;
  thawController(controller?: string): void;
  /** Every process under this name that has had its ports until now is gone. */
  killController(controller?: string): void;
}
