import type { ActionName, Plan } from '../model/plan.js';
import { poolerOf } from '../assess/poolers.js';
import { endpointOf } from '../assess/stores.js';
import { memberOf, type ClusterView } from '../model/view.js';
import type { Permit, PermitGate, RunbookAction } from './action.js';
import { cancelBlockingQueries, terminateBlockingQueries } from './blocking-queries.js';
import { drainReplica, undrainReplica } from './drain-replica.js';
import { fenceLeader } from './fence-leader.js';
import { fenceMember } from './fence-member.js';
import { expediteFailover } from './expedite-failover.js';
import { failover } from './failover.js';
import { openTraffic, proxyNudge } from './proxy-actions.js';
import { shutSessions } from './shut-sessions.js';
import { cancelSwitchover, switchover } from './switchover.js';
import { restartMember, startMember } from './member-actions.js';
import { stopMember } from './stop-member.js';
import { startFirst } from './start-first.js';
import { moveStoreAside } from './move-store-aside.js';
import { stopWithoutEtcd } from './stop-without-etcd.js';
import { startStore } from './start-store.js';
import { defragmentStore, disarmStore } from './maintain-store.js';
import { moveAside } from './move-aside.js';
import { removeAside } from './remove-aside.js';
import { beginCopy } from './begin-copy.js';
import { closeServers, openServers } from './servers.js';
import { dropInactiveSlot } from './drop-slot.js';
import { resumeReplay } from './resume-replay.js';
import { pausePooler } from './pause-pooler.js';
import { pauseCluster, resumeCluster } from './pause-cluster.js';
import { patchConfig } from './patch-config.js';
import { restartLeader } from './restart-leader.js';
import { resumePooler } from './resume-pooler.js';
import { reinitializeReplica } from './reinitialize.js';

/** The registry: every name of the model has its record, or this does not compile. */
export const ACTIONS: Readonly<Record<ActionName, RunbookAction>> = {
  'drain-replica': drainReplica,
  'undrain-replica': undrainReplica,
  'cancel-blocking-queries': cancelBlockingQueries,
  'terminate-blocking-queries': terminateBlockingQueries,
  'resume-replay': resumeReplay,
  'restart-member': restartMember,
  'start-member': startMember,
  'stop-member': stopMember,
  'start-store': startStore,
  'move-store-aside': moveStoreAside,
  'stop-without-etcd': stopWithoutEtcd,
  'defragment-store': defragmentStore,
  'disarm-store': disarmStore,
  'move-aside': moveAside,
  'remove-aside': removeAside,
  'begin-copy': beginCopy,
  'close-servers': closeServers,
  'open-servers': openServers,
  'start-first': startFirst,
  'drop-inactive-slot': dropInactiveSlot,
  'reinitialize-replica': reinitializeReplica,
  'proxy-nudge': proxyNudge,
  'open-traffic': openTraffic,
  'shut-sessions': shutSessions,
  'expedite-failover': expediteFailover,
  'fence-member': fenceMember,
  'fence-leader': fenceLeader,
  'pause-pooler': pausePooler,
  'resume-pooler': resumePooler,
  failover,
  'restart-leader': restartLeader,
  switchover,
  'cancel-switchover': cancelSwitchover,
  'patch-config': patchConfig,
  'pause-cluster': pauseCluster,
  'resume-cluster': resumeCluster,
};

/** For names from outside (a snapshot of another version, for one): null when this version has no such action. */
export const actionNamed = (name: string): RunbookAction | null =>
  Object.hasOwn(ACTIONS, name) ? ACTIONS[name as ActionName] : null;

/** Is this something of ours that the action can work on? */
export function isTargetOf(view: ClusterView, name: ActionName, target: string): boolean {
  switch (ACTIONS[name].worksOn) {
    case undefined:
      return memberOf(view, target) !== null;
    case 'store':
      return endpointOf(view, target) !== null;
    case 'pooler':
      return poolerOf(view, target) !== null;
    default:
      return false;
  }
}

/** An etcd member or a pooler and a member of the cluster may bear one name: they are two things all the same. */
export const worksOnMember = ({ action }: Pick<Plan, 'action'>): boolean => ACTIONS[action].worksOn === undefined;

/** What lets this plan through the gate; null: it is held like all others. */
export const permitOf = (plan: Plan, gate: PermitGate): Permit | null => ACTIONS[plan.action].permits?.[gate] ?? null;
