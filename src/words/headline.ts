import { isPaused, leaderKeyHolder } from '../assess/leader.js';
import { isReadPoolEmpty } from '../assess/rotation.js';
import { isUnreached } from '../assess/unreachable.js';
import { isSuspected } from '../machines/summary.js';
import type { Problem } from '../model/problem.js';
import { foreignInFlight } from '../model/foreign.js';
import type { DrainRecord } from '../model/ledger.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { waitOf } from './wait.js';
import type { ClusterState, MemberState } from '../model/states.js';

export const suspectsIn = (snapshot: ClusterSnapshot): readonly Problem[] =>
  (snapshot.states?.problems ?? []).filter(isSuspected);

const BROKEN: readonly MemberState[] = ['down', 'start-failed', 'diverged', 'rogue', 'not-streaming'];

const brokenIn = (snapshot: ClusterSnapshot): readonly string[] =>
  Object.entries(snapshot.states?.members ?? {}).flatMap(([name, { state }]) =>
    BROKEN.includes(state) ? [`${name} is ${state.replaceAll('-', ' ')}`] : [],
  );

/** The cluster's state: one word on every screen, in the metrics and in the snapshot. Before the first judgement it is unknown. */
export const stateOf = ({ states }: ClusterSnapshot): ClusterState => states?.cluster.state ?? 'unknown';

/** Who was drained and leads since takes reads nowhere by design: that record is one to be given back, and keeps nobody out. */
export const drainsInForce = ({ ledger, view }: ClusterSnapshot): readonly DrainRecord[] => {
  const leader = view === null ? null : leaderKeyHolder(view);
  return ledger.drains.filter(({ shadow, member }) => !shadow && member !== leader);
};

/** Of each member that Ekimi itself keeps out of reads that it is so, and on whose word. A rehearsed drain took nobody out. */
export const outOfReads = (snapshot: ClusterSnapshot): readonly string[] =>
  drainsInForce(snapshot).map(
    ({ member, by }) => `${member} takes no reads (drained by Ekimi${by === undefined ? '' : ` for ${by}`})`,
  );

/** The state in words, as it stands on top of every screen; never a bare "healthy" beside something that is seen. */
export function headline(snapshot: ClusterSnapshot): string {
  const state = stateOf(snapshot);
  if (snapshot.view !== null && isUnreached(snapshot.view)) return `${state.replaceAll('-', ' ')}: no address answers`;
  const text = state === 'suspect' ? `suspect: ${suspicion(snapshot)}` : state.replaceAll('-', ' ');
  const out = [
    ...(snapshot.view !== null && isReadPoolEmpty(snapshot.view) ? ['no server takes reads'] : []),
    ...outOfReads(snapshot),
  ];
  return out.length === 0 ? text : `${text}${state === 'suspect' ? '; ' : ': '}${out.join('; ')}`;
}

function suspicion(snapshot: ClusterSnapshot): string {
  const suspects = [...suspectsIn(snapshot)].sort((a, b) => a.actionableAtMs - b.actionableAtMs);
  const [first] = suspects;
  const broken = brokenIn(snapshot);
  if (first === undefined) return broken.join(', ');
  const more = suspects.length === 1 ? '' : ` and ${suspects.length - 1} more`;
  const seen = broken.length > 0 ? `${broken.join(', ')}; ` : '';
  const { why, untilMs } = waitOf(first, snapshot.atMs);
  return `${seen}${first.code} ${first.subject}${more}${untilMs === null ? ':' : ''} ${why}`;
}

/** What keeps an instance in enforce from sending, most general first; empty: it may act. */
export function brakes(snapshot: ClusterSnapshot): readonly string[] {
  const { tenure, ledger, policy, states, view, atMs } = snapshot;
  if (policy.mode !== 'enforce') return [];
  const off = ledger.switches.filter((one) => one.expiresAtMs === null || one.expiresAtMs > atMs);
  const whole = off.some(({ subject }) => subject === 'global' || subject === 'cluster');
  const parts = off.map(({ subject }) => subject).filter((subject) => subject.includes(':'));
  const isPatroniPaused = states?.cluster.state === 'paused' || (view !== null && isPaused(view));
  const { freeze } = snapshot.windows;
  const rows: readonly (readonly [boolean, string])[] = [
    [whole, 'paused by a kill switch: nothing is sent'],
    [tenure.state === 'other', `${tenure.owner ?? 'another instance'} has tenure: this one sends nothing`],
    [tenure.state === 'unknown', 'tenure is unknown: nothing is sent'],
    [ledger.breaker !== null, 'the breaker is open: nothing is sent by itself'],
    [isPatroniPaused, 'Patroni is paused: next to nothing is sent'],
    [freeze !== null, `frozen: ${freeze?.reason ?? ''}`],
    [snapshot.impaired.length + foreignInFlight(ledger).length > 0, 'impaired'],
    [!whole && parts.length > 0, `off: ${parts.join(', ')}`],
  ];
  return rows.flatMap(([holds, text]) => (holds ? [text] : []));
}
