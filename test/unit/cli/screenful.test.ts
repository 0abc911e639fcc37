import { describe, expect, it } from 'vitest';
import { screenful } from '../../../src/cli/render/screenful.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import type { Style } from '../../../src/cli/render/paint.js';
import { SCENARIOS, type ScenarioName } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const STYLE: Style = { color: false, columns: 80, nowMs: NOW_MS + 500 };
const names = (Object.keys(SCENARIOS) as ScenarioName[]).filter((name) => name !== 'hostile');

const LONG = 'a sentence that goes on for longer than a line of a terminal has room, and then for another, '.repeat(5);

/** Everything that it says is said at length. */
const loud = (snapshot: ClusterSnapshot): ClusterSnapshot => ({
  ...snapshot,
  impaired: [LONG],
  decisions: snapshot.decisions.map((one) => ({ ...one, why: LONG })),
  ledger: { ...snapshot.ledger, approvals: snapshot.ledger.approvals.map((one) => ({ ...one, why: LONG })) },
});

describe('ekimi status on a small terminal', () => {
  it.each(names)('%s fits 24 lines of 80 columns, and what is left out is counted', (name) => {
    const lines = screenful([SCENARIOS[name]()], STYLE, 23);
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const all = screenful([SCENARIOS[name]()], STYLE, 1000);
    if (all.length > 23) expect(lines.at(-1)).toMatch(/^left out: .*: ekimi status --all$/);
    else expect(lines).toEqual(all);
  });

  it.each(names)('%s: however few lines there are, none is too many, and the state stands first', (name) => {
    const [first] = screenful([SCENARIOS[name]()], STYLE, 1000);
    for (let most = 5; most < 45; most += 1) {
      const lines = screenful([SCENARIOS[name]()], STYLE, most);
      expect(lines.length).toBeLessThanOrEqual(most);
      expect(lines[0]).toBe(first);
    }
  });

  it('keeps what waits for a person before evidence and healthy members', () => {
    const text = screenful([SCENARIOS.waitingApproval()], STYLE, 14).join('\n');
    expect(text).toContain('WAITING FOR AN APPROVAL');
    expect(text).not.toContain('etcd      ');
  });

  it.each(names)('%s: mode and members stand, whatever else there is', (name) => {
    const snapshot = SCENARIOS[name]();
    const text = screenful([loud(snapshot)], STYLE, 23).join('\n');
    expect(text).toMatch(/^(?:enforce|dry-run)[:,] /m);
    for (const member of snapshot.view?.members ?? []) expect(text).toMatch(new RegExp(`^${member.name}  +`, 'm'));
  });

  it('what waits for a person stands with the command, before its long reasons', () => {
    const text = screenful([loud(SCENARIOS.waitingApproval())], STYLE, 23).join('\n');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('ekimi approve a-7f31c2 --reason "..."');
  });

  it.each([200, 100, 80, 60])('the table of members is a line each at %i columns', (columns) => {
    const ofHours = { ...SCENARIOS.waitingApproval(), atMs: NOW_MS + 225_000 };
    const lines = screenful([ofHours], { ...STYLE, columns, nowMs: NOW_MS + 225_000 }, 100);
    const head = lines.findIndex((line) => line.startsWith('MEMBER'));
    expect(lines.slice(head + 1, head + 4).map((line) => line.split(' ')[0])).toEqual([
      'patroni1',
      'patroni2',
      'patroni3',
    ]);
  });

  it('shows the worst of many clusters, and says that others are left out', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ ...SCENARIOS.healthy(), scope: `quiet${index}` }));
    const lines = screenful([...many, { ...SCENARIOS.leaderless(), scope: 'worst' }], STYLE, 23);
    expect(lines.length).toBeLessThanOrEqual(23);
    expect(lines[0]).toMatch(/^worst {2}LEADERLESS/);
    expect(lines.join('\n')).toContain('ekimi status --all --scope worst');
    expect(lines.at(-1)).toMatch(/^left out: \d+ more clusters, none of them worse: ekimi status --all$/);
  });
});
