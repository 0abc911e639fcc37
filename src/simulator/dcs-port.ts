import { fresh, unknown, type Reading, type ReadingFault, type Unknown } from '../model/reading.js';
import type { DcsEndpoint } from '../model/dcs.js';
import type { DcsPort, SwitchWrite } from '../ports/dcs.js';
import { writeKeys } from './leader-key.js';
import { commitLedger, holdTenure, NO_SPACE, readKeys, releaseTenure, takesWrites } from './etcd.js';
import { takeSendFault } from './exchange.js';
import { wallMs } from './observer.js';
import { maintain, sizeOf, usedOf } from './etcd-upkeep.js';
import { contactOf, latencyMs, route, serves } from './raft.js';
import type { Sight } from './wire.js';

const etcdMember = (name: string) => ({ id: name, name, clientUrls: [`http://${name}:2379`], isLearner: false });

/** A request that some etcd member answered, or why none did, and for how long it was waited. */
type Asked = { readonly ok: true; readonly waitMs: number } | { readonly ok: false; readonly fault: Unknown };

/**
 * etcd as our adapter would show it. Its members are asked in turn, the last good one first; one that does not answer costs its part of
 * the deadline. Where all that answer know no leader, and where there is no majority, every linearizable call ends as `no-quorum`.
 */
export function dcsPort(sight: Sight): DcsPort {
  const { world, observer } = sight;
  // Whoever was given these ports: one process, and another one than who had the same name before.
  const claimant = {};
  let knownLedger = 0;
  const { etcd } = world;
  const linearizable = async <T>(source: string, value: () => T): Promise<Reading<T>> => {
    const before = ask(sight, source);
    if (before.ok) await world.time.block(() => false, before.waitMs);
    else await world.time.block(() => ask(sight, source).ok, world.options.deadlineMs);
    const after = ask(sight, source);
    return after.ok ? fresh(value(), wallMs(world, observer), source) : after.fault;
  };
  const switched = async (change: () => void): Promise<SwitchWrite> => {
    const answer = await linearizable('etcd kill switch', change);
    return answer.kind === 'unknown' ? { written: false, why: answer.reason } : { written: true };
  };
  return {
    keys: () => {
      const beganMs = world.time.nowMs;
      return linearizable('etcd keys', () => ({ ...readKeys(world), tookMs: world.time.nowMs - beganMs }));
    },
    endpoints: () =>
      Promise.all([...etcd.endpoints.keys()].map(async (name) => ({ name, status: await endpoint(sight, name) }))),
    membership: () =>
      linearizable('etcd members', () => ({
        members: etcd.memberList ?? [...etcd.endpoints.keys()].map(etcdMember),
        listed: [...etcd.endpoints.keys()].map((name) => ({ name, url: `http://${name}:2379` })),
      })),
    alarms: () => linearizable('etcd alarms', () => [...etcd.alarms]),
    holdTenure: async (owner, ttlMs) => {
      const answer = await linearizable('etcd tenure', () => holdTenure(world, claimant, owner, ttlMs));
      return answer.kind === 'unknown' ? { kind: 'unknown', reason: answer.reason } : answer.value;
    },
    releaseTenure: async (grant) => {
      await linearizable('etcd tenure', () => {
        releaseTenure(world, grant);
      });
    },
    loadLedger: () =>
      linearizable('etcd ledger', () => {
        knownLedger = etcd.ledgerRevision;
        return etcd.ledger;
      }),
    commitLedger: async (grant, json) => {
      const answer = await linearizable('etcd ledger', () => {
        const outcome = commitLedger(world, grant, json, knownLedger);
        if (outcome === 'committed') knownLedger = etcd.ledgerRevision;
        return outcome;
      });
      return answer.kind === 'unknown' ? 'unknown' : answer.value;
    },
    putSwitch: async (id, killSwitch) =>
      takesWrites(etcd)
        ? switched(() => {
            etcd.switches.set(id, killSwitch);
          })
        : { written: false, why: NO_SPACE },
    removeSwitches: (ids) =>
      switched(() => {
        for (const id of ids) etcd.switches.delete(id);
      }),
    send: async (step, grant) => {
      const lost = takeSendFault(sight, ({ port }) => port === 'dcs');
      const answer =
        lost === 'never-arrives'
          ? unknown('timeout', 'no answer in time', wallMs(world, observer), 'etcd keys of Patroni')
          : await linearizable('etcd keys of Patroni', () => writeKeys(sight, step, grant));
      if (lost !== null) await world.time.block(() => false, world.options.deadlineMs);
      if (answer.kind !== 'unknown' && lost === null) return answer.value;
      const reason = answer.kind === 'unknown' ? answer.reason : 'no answer in time';
      return { effect: 'maybe', status: null, text: reason, tookMs: world.options.deadlineMs };
    },
    maintain: (step) => maintain(sight, step),
    onLeaderChange: (wake) => {
      etcd.wakes.add(wake);
      return () => etcd.wakes.delete(wake);
    },
    close: () => Promise.resolve(),
  };
}

/** Our own part of the deadline for each etcd member, as the adapter divides it. */
const patienceMs = ({ world }: Sight): number => world.options.deadlineMs / (world.etcd.endpoints.size + 1);

function ask(sight: Sight, source: string): Asked {
  const { world, observer } = sight;
  const { etcd } = world;
  const failed = (fault: ReadingFault, why: string): Asked => ({
    ok: false,
    fault: unknown(fault, `${source}: ${why}`, wallMs(world, observer), source),
  });
  const { via, waitMs } = route(world, observer.name, observer.etcdVia, patienceMs(sight));
  const slow = via === null ? slowly(sight) : null;
  if (via === null && slow === null) {
    const contacts = [...etcd.endpoints.keys()].map((name) => contactOf(world, observer.name, name));
    return etcd.raft.leader === null || contacts.includes('leaderless')
      ? failed('no-quorum', `etcd has no leader, ${etcd.endpoints.size} endpoints asked`)
      : failed('timeout', 'no answer in time');
  }
  observer.etcdVia = via ?? observer.etcdVia;
  const lateMs = slow ?? waitMs;
  return lateMs < world.options.deadlineMs || lateMs === 0
    ? { ok: true, waitMs: lateMs }
    : failed('timeout', 'no answer in time');
}

/** A late answer counts too, while others have been asked beside it; null: nobody would answer at all. */
function slowly({ world, observer }: Sight): number | null {
  const late = [...world.etcd.endpoints.keys()]
    .filter((name) => contactOf(world, observer.name, name) === 'serves')
    .map((name) => latencyMs(world.etcd, name));
  return late.length === 0 ? null : Math.min(...late);
}

async function endpoint(sight: Sight, name: string): Promise<Reading<DcsEndpoint>> {
  const { world, observer } = sight;
  const { etcd, options } = world;
  const source = `etcd ${name}`;
  const slowMs = etcd.raft.slowMs.get(name) ?? 0;
  const contact = contactOf(world, observer.name, name);
  const silent = contact === 'silent' || (slowMs > 0 && slowMs >= options.deadlineMs);
  await world.time.block(() => false, contact === 'refuses' ? 0 : silent ? options.deadlineMs : slowMs);
  const atMs = wallMs(world, observer);
  if (contact === 'refuses') return unknown('refused', `${name}: connection refused`, atMs, source);
  if (silent) return unknown('timeout', `${name}: no answer in time`, atMs, source);
  const value: DcsEndpoint = {
    name,
    url: `http://${name}:2379`,
    healthy: serves(world, name),
    isLeader: etcd.raft.leader === name,
    raftTerm: String(etcd.raft.term),
    dbSizeBytes: sizeOf(etcd, name),
    usedBytes: usedOf(etcd, name),
    version: etcd.versions.get(name) ?? '3.4.23',
    memberId: name,
    quotaBytes: options.etcdQuotaBytes,
  };
  return fresh(value, atMs, source);
}
