import type { DcsMembership } from '../model/dcs.js';
import type { SIGHTS } from './links.js';

/** What can be wrong with etcd and with the places that things stand in. */
export interface PlaceFaults {
  /** Stops so many etcd members, the last one first. */
  stopEtcd(count: number): void;
  /** Starts and thaws all of them; connections stay as they are. */
  startEtcd(): void;
  killEtcd(name: string): void;
  /** Stops it; its data is gone for good, and its directory empty. */
  loseEtcdData(name: string): void;
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
  /** etcd's list of members is another one than the configuration's; null: the same. */
  setEtcdMembers(members: DcsMembership['members'] | null): void;
  upgradeEtcd(name: string, version: string): void;
  /** The size of etcd's database, and what of it is no history. At its quota etcd raises NOSPACE, which stays until it is cleared. */
  sizeEtcd(bytes: number, liveBytes?: number): void;
  raiseAlarm(alarm: string): void;
  clearAlarms(): void;
  /** Power of all that stands there (`options.sites`), at once. Of the proxy and of controllers: nobody reaches them any more. */
  loseSite(site: string): void;
  returnSite(site: string): void;
  /** Nothing passes between what stands there (members, etcd members, `proxy`, controllers) and everything else. */
  cutSite(site: string): void;
  healSite(site: string): void;
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

/** What operators change while the cluster runs, and what can go wrong with it. */
export interface ChangeFaults {
  /** A new member with an empty directory registers and copies the leader; the proxy is told of it. */
  addMember(member: string): void;
  /** The same, prepared and not started: its container is stopped, its directory empty, its servers in the proxy are in maintenance. */
  prepareMember(member: string): void;
  /** Its container is stopped and does not come back; its key ends with its lease. */
  removeMember(member: string): void;
  /** Restarted under another `name`, with the data and the address that it had. */
  renameMember(member: string, to: string): void;
  /** The configuration of every controller has the addresses of these two the wrong way round. */
  swapAddresses(one: string, other: string): void;
  /** Under this name every controller reaches that member: a renumbered network, a name that points elsewhere. */
  misaddress(member: string, reaches: string): void;
  healAddresses(): void;
  /** `standby_cluster` is configured or taken away: the cluster is demoted or promoted as a whole. */
  setStandbyCluster(on: boolean): void;
  /** Patroni is restarted in another version; PostgreSQL runs on. */
  upgradePatroni(member: string, version: string): void;
  setPromotion(member: string, how: 'works' | 'fails' | 'hangs'): void;
  setWatchdog(member: string, works: boolean): void;
  scheduleRestart(member: string, atMs: number, onlyIfPending?: boolean): void;
  /** Who is in the key `failsafe`; null: as the leader writes it. It writes it anew in its next loop. */
  setFailsafeTopology(members: readonly string[] | null): void;
}
