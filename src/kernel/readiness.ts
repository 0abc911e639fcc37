import { unreadableParts } from '../words/foreign.js';
import { freshValue, type Reading } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { impairments, type Session } from './session.js';

const ALIVE_PERIODS = 10;
const ALIVE_FLOOR_MS = 60_000;

/** Why we are not able to see or to write; empty when we are. Tenure is no matter: a dry-run or a second instance is ready without it. */
export function unreadiness(session: Session): readonly string[] {
  const { scope } = session.parts.target;
  const { view } = session;
  const told = [
    ...impairments(session),
    ...unreadableParts(session.ledger),
    ...(session.policyError === null ? [] : [refusedPolicy(session.policyError)]),
  ];
  const reasons =
    view === null ? ['the first pass is not over', ...told] : [...late(session, view), ...told, ...unseen(view)];
  return reasons.map((reason) => `${scope}: ${reason}`);
}

const refusedPolicy = (why: string): string => `the new policy was refused, the old one is in force: ${why}`;

function late(session: Session, { atMs }: ClusterView): readonly string[] {
  const allowedMs = Math.max(ALIVE_FLOOR_MS, ALIVE_PERIODS * session.policy.poll.intervalMs);
  const ageMs = session.parts.ports.clock.now() - atMs;
  return ageMs <= allowedMs ? [] : [`the last pass is ${Math.round(ageMs / 1000)} s old`];
}

function unseen(view: ClusterView): readonly string[] {
  const { keys } = view.dcs;
  const isSeen = view.members.some(
    ({ api, sql, host }) =>
      freshValue(api) !== null || freshValue(sql) !== null || (freshValue(host)?.state ?? 'running') !== 'running',
  );
  return [
    ...(keys.kind === 'unknown' ? [`etcd gives no linearizable answer: ${keys.reason}`] : []),
    ...(isSeen ? [] : [`no member answers by any channel (${view.members.length} asked)`]),
    ...refusing(
      'Patroni',
      view.members.map(({ api }) => api),
    ),
    ...refusing(
      'PostgreSQL',
      view.members.map(({ sql }) => sql),
    ),
    ...refusing(
      'HAProxy',
      view.proxies.map(({ seen }) => seen),
    ),
  ];
}

/** A channel that refuses us wherever it answers; one member that differs is a problem of that member. */
function refusing(channel: string, readings: readonly Reading<unknown>[]): readonly string[] {
  const denied = readings.flatMap((one) => (one.kind === 'unknown' && one.fault === 'denied' ? [one.reason] : []));
  if (denied.length === 0 || readings.some((one) => one.kind !== 'unknown')) return [];
  return [`${channel} refuses us: ${denied[0] ?? ''}`];
}
