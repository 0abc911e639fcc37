import { freshValue, notConfigured, unknown } from '../model/reading.js';
import type { ClusterView, DcsView, MemberView } from '../model/view.js';
import { orNone, read, type Pass } from './pass.js';
import { HEARTBEAT } from './sources.js';

/** Null where none is configured. Only who holds the key, says primary and is not in recovery, all in this look, is written to. */
export async function observeHeartbeat(
  pass: Pass,
  dcs: DcsView,
  members: readonly MemberView[],
): Promise<NonNullable<ClusterView['heartbeat']> | null> {
  const { ports, beatAs, nowMs } = pass;
  const { postgres } = ports;
  if (postgres?.beat === undefined) return null;
  const none = (why: string) => unknown('not-read-yet', `no heartbeat: ${why}`, nowMs, HEARTBEAT.part);
  if (beatAs === undefined) return none('only the holder of tenure in mode enforce writes it');
  const holder = freshValue(dcs.keys)?.leader.holder;
  const leader = members.find((member) => member.name === holder);
  const isPrimary = freshValue(leader?.api ?? none(''))?.role === 'primary';
  if (leader === undefined || !isPrimary || freshValue(leader.sql)?.inRecovery !== false)
    return none('no leader is proven by etcd, its own word and its SQL');
  const last = pass.previous?.heartbeat ?? null;
  const isSame = last !== null && last.kind !== 'unknown' && last.value.member === leader.name;
  const row = { scope: pass.target.scope, instance: beatAs };
  return read(pass, HEARTBEAT, {
    key: `heartbeat ${leader.name}`,
    last: isSame ? last : null,
    member: null,
    ask: () => orNone(postgres.beat?.(leader.name, row) ?? null, notConfigured(HEARTBEAT.part, nowMs)),
  });
}
