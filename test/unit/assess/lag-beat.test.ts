import { describe, expect, it } from 'vitest';
import { lagAgesOf } from '../../../src/assess/lag-age.js';
import { rememberBeats } from '../../../src/assess/lag-beat.js';
import type { SeenBeat } from '../../../src/model/sql.js';
import type { Memory } from '../../../src/model/states.js';
import { memberOf, type ClusterView } from '../../../src/model/view.js';
import { overview } from '../../../src/api/overview.js';
import { renderStatus } from '../../../src/cli/render/status.js';
import { SCENARIOS } from '../../support/scenarios.js';
import {
  all,
  assessmentOf,
  CLEAN_MEMORY,
  NOW_MS,
  seenIn,
  silent,
  sql,
  viewOf,
  type Change,
} from '../../support/view.js';

/** The leader's clock is an hour ahead of ours and of everybody's. */
const LEADER_MS = NOW_MS + 3_600_000;
const RUN: Memory = {
  ...CLEAN_MEMORY,
  beatRun: { member: 'patroni1', firstMs: LEADER_MS - 900_000, lastMs: LEADER_MS },
};

const shows = (name: string, beat: Partial<SeenBeat> | null): Change =>
  sql(name, { beat: beat === null ? null : { by: 'patroni1', atMs: LEADER_MS, agoMs: 800, ...beat } });
const leads = shows('patroni1', {});
const behind = (ms: number): Change => shows('patroni3', { atMs: LEADER_MS - ms, agoMs: 0 });

function agesOf(view: ClusterView, memory: Memory = RUN) {
  const member = memberOf(view, 'patroni3');
  return member === null ? [] : lagAgesOf({ view, memory }, member).map(({ by, ageMs, text }) => ({ by, ageMs, text }));
}
const byBeat = (view: ClusterView, memory?: Memory) => agesOf(view, memory).filter(({ by }) => by === 'heartbeat');

describe('lag in seconds by the heartbeat', () => {
  it('is the time between the beats that leader and replica show, whatever the clocks of the others say', () => {
    expect(byBeat(viewOf(leads, behind(3_000)))).toEqual([
      { by: 'heartbeat', ageMs: 3_000, text: 'SQL: what patroni3 shows is 3 s old by heartbeat' },
    ]);
    expect(byBeat(viewOf(leads, behind(0)))[0]?.ageMs).toBe(0);
    // Read a moment after the leader, when it has the next beat already.
    expect(byBeat(viewOf(leads, behind(-1_000)))[0]?.ageMs).toBe(0);
  });

  it('goes before the estimate by positions, which speaks again where it cannot be told', () => {
    const trail = [{ lsn: '7F/FFFFFFFF', atMs: NOW_MS - 40_000 }];
    const memory = { ...RUN, leaderTrail: trail };
    expect(agesOf(viewOf(leads, behind(3_000)), memory).map(({ by, ageMs }) => [by, ageMs])).toEqual([
      ['heartbeat', 3_000],
      ['positions', 40_000],
    ]);
    expect(agesOf(viewOf(leads), memory).map(({ by }) => by)).toEqual(['positions', 'positions']);
  });

  it.each<[string, readonly Change[]]>([
    ['nobody writes any more', [shows('patroni1', { agoMs: 60_000 }), behind(3_000)]],
    [
      'the row is of the leader before, whose clock was another',
      [shows('patroni1', { by: 'patroni2' }), behind(3_000)],
    ],
    ['the replica shows one of the leader before', [leads, shows('patroni3', { by: 'patroni2' })]],
    ['the table is missing or may not be read', [shows('patroni1', null), shows('patroni3', null)]],
    ['it is not read on the leader', [behind(3_000)]],
    ['it is not read on the replica', [leads]],
    ['the leader does not answer by SQL', [leads, behind(3_000), silent('patroni1', 'sql')]],
    ['the replica does not answer by SQL', [leads, behind(3_000), silent('patroni3', 'sql')]],
    ['the leader follows a primary elsewhere', [all(leads, sql('patroni1', { inRecovery: true })), behind(3_000)]],
  ])('is not told where %s', (_name, changes) => {
    expect(byBeat(viewOf(...changes))).toEqual([]);
  });

  it('is a problem from the age of the policy on, and none below it', () => {
    const codes = (ms: number) => seenIn(assessmentOf(viewOf(leads, behind(ms)), { memory: RUN }));
    expect(codes(59_000)).toEqual([]);
    expect(codes(61_000)).toEqual(['replica-lagging/patroni3']);
    expect(codes(301_000)).toEqual(['replica-lagging/patroni3', 'replica-lag-critical/patroni3']);
  });
});

describe('beats that did not always come', () => {
  const now = viewOf(leads, behind(3_600_000));

  it('tell no replica older than they have come one after the other', () => {
    expect(byBeat(now, CLEAN_MEMORY)[0]?.ageMs).toBe(0);
    const resumed = { ...CLEAN_MEMORY, ...rememberBeats(CLEAN_MEMORY, now) };
    const later = viewOf(shows('patroni1', { atMs: LEADER_MS + 8_000 }), behind(3_600_000));
    expect(byBeat(later, resumed)).toEqual([
      { by: 'heartbeat', ageMs: 8_000, text: 'SQL: what patroni3 shows is at least 8 s old by heartbeat' },
    ]);
  });

  it('are one run while no more than ten seconds lie between them, on one member', () => {
    const after = (atMs: number, by = 'patroni1') =>
      rememberBeats(RUN, viewOf(shows('patroni1', { atMs: LEADER_MS + atMs, by }))).beatRun?.firstMs;
    expect(after(2_000)).toBe(LEADER_MS - 900_000);
    expect(after(11_000)).toBe(LEADER_MS + 11_000);
    // A clock that was set back.
    expect(after(-60_000)).toBe(LEADER_MS - 60_000);
    // What cannot be told now is kept for when it can.
    expect(after(2_000, 'patroni2')).toBe(LEADER_MS - 900_000);
    expect(rememberBeats(RUN, viewOf(leads, silent('patroni1', 'sql'))).beatRun).toEqual(RUN.beatRun);
    const elsewhere = { ...RUN, beatRun: { member: 'patroni2', firstMs: 0, lastMs: LEADER_MS } };
    expect(rememberBeats(elsewhere, viewOf(leads)).beatRun?.firstMs).toBe(LEADER_MS);
  });
});

describe('what people see of it', () => {
  const snapshot = SCENARIOS.healthy();
  const PLAIN = { color: false, nowMs: snapshot.atMs, columns: 120 } as const;
  const { view, states } = snapshot;
  if (view === null || states === null) throw new Error('no view');
  const beaten = { ...snapshot, view: all(leads, behind(3_000))(view), states: { ...states, memory: RUN } };

  it('is the age and where it is from, in the overview and in the table of the terminal', () => {
    const member = overview(beaten).members.find(({ name }) => name === 'patroni3');
    expect(member).toMatchObject({ lagBytes: 16_384, lagAgeMs: 3_000, lagAgeBy: 'heartbeat' });
    expect(overview(beaten).members.find(({ name }) => name === 'patroni1')).toMatchObject({ lagAgeMs: null });
    expect(renderStatus(beaten, PLAIN)).toContain('16 KiB, 3 s by heartbeat');
    expect(renderStatus(snapshot, PLAIN)).not.toContain('by heartbeat');
  });
});
