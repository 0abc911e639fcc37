import { isPaused } from '../assess/leader.js';
import type { Problem } from '../model/problem.js';
import { lastValue } from '../model/reading.js';
import { foreignInFlight } from '../model/foreign.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { ClusterState } from '../model/states.js';

/** The state that people are shown: `suspect` where the cluster would count as healthy but for what is seen and within its grace. */
export type ShownState = ClusterState | 'suspect';

const BROKEN: readonly string[] = ['down', 'start-failed', 'diverged', 'rogue', 'not-streaming'];

export const suspectsIn = (snapshot: ClusterSnapshot): readonly Problem[] =>
  (snapshot.states?.problems ?? []).filter((problem) => problem.phase === 'suspect' && problem.level !== 'info');

/** A pool for reads that is there and routes to nobody. */
export function isReadPoolEmpty({ view }: ClusterSnapshot): boolean {
  const servers = view === null ? undefined : lastValue(view.proxy)?.servers;
  const backend = view?.pools?.replica;
  if (servers === undefined || backend === undefined) return false;
  const pool = servers.filter((server) => server.backend === backend);
  return pool.length > 0 && !pool.some(({ up, admin }) => up && !admin.drain && !admin.maint && !admin.resolution);
}

const brokenIn = (snapshot: ClusterSnapshot): readonly string[] =>
  Object.entries(snapshot.states?.members ?? {}).flatMap(([name, { state }]) =>
    BROKEN.includes(state) ? [`${name} is ${state.replaceAll('-', ' ')}`] : [],
  );

export function shownState(snapshot: ClusterSnapshot): ShownState {
  const state = snapshot.states?.cluster.state ?? 'unknown';
  if (state !== 'healthy') return state;
  if (isReadPoolEmpty(snapshot)) return 'degraded';
  return suspectsIn(snapshot).length + brokenIn(snapshot).length > 0 ? 'suspect' : 'healthy';
}

/** 03:14:05Z: of today, so the day is left out. */
export const clockOf = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)}Z`;

/** The state in words, as it stands on top of every screen; never a bare "healthy" beside something that is seen. */
export function headline(snapshot: ClusterSnapshot): string {
  const state = shownState(snapshot);
  const text = state === 'suspect' ? `healthy so far: ${suspicion(snapshot)}` : state.replaceAll('-', ' ');
  return isReadPoolEmpty(snapshot) ? `${text}: no server takes reads` : text;
}

function suspicion(snapshot: ClusterSnapshot): string {
  const suspects = [...suspectsIn(snapshot)].sort((a, b) => a.actionableAtMs - b.actionableAtMs);
  const [first] = suspects;
  const broken = brokenIn(snapshot);
  if (first === undefined) return broken.join(', ');
  const more = suspects.length === 1 ? '' : ` and ${suspects.length - 1} more`;
  const seen = broken.length > 0 ? `${broken.join(', ')}; ` : '';
  return `${seen}${first.code} ${first.subject}${more} counts at ${clockOf(first.actionableAtMs)} if it persists`;
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
