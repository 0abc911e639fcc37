import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reporter, spreadOf, type Report } from '../../../src/history/report.js';
import type { EntryBody, JournalEntry } from '../../../src/model/entry.js';
import type { Incident, IncidentProblem } from '../../../src/model/incident.js';
import { reportDocument } from '../../../src/words/report.js';
import { reportHtml, reportMarkdown, reportText } from '../../../src/words/report-forms.js';
import { recorded } from '../../support/recorded.js';
import { incident } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';
import { leaderKey, noEtcd, silent, viewOf } from '../../support/view.js';

const S = 1_000;
const because = { code: 'leader-down', subject: 'patroni1' } as const;
const HOSTILE = '<script>alert(1)</script>|`x`\u001b[2J\n# heading';

const entry = (atMs: number, body: unknown): JournalEntry => ({
  seq: 1,
  prev: '',
  hash: '',
  scope: 'email-cluster',
  atMs,
  body: body as EntryBody,
});
const intent = (atMs: number, id: string, shadow: boolean, why: object = because, step = 0): JournalEntry =>
  entry(atMs, {
    kind: 'intent',
    id,
    shadow,
    step,
    plan: { action: 'expedite-failover', target: 'patroni1', because: why },
  });
const BLIND = ['patroni1', 'patroni2', 'patroni3'].flatMap((name) => [
  silent(name, 'api'),
  silent(name, 'sql'),
  silent(name, 'host'),
]);
const VIEWS = { taken: viewOf(), none: viewOf(leaderKey(null)), blind: viewOf(noEtcd, ...BLIND) };
/** A pass that saw whether writes are taken, and these problems. */
const saw = (atMs: number, what: keyof typeof VIEWS, ...problems: readonly object[]): JournalEntry =>
  entry(atMs, { kind: 'pass', view: VIEWS[what], problems: problems.map((one) => ({ phase: 'active', ...one })) });
const verdict = (atMs: number, id: string, phase: string): JournalEntry =>
  entry(atMs, { kind: 'verdict', id, remediation: { phase } });
const problem = (more: Partial<IncidentProblem> = {}): IncidentProblem => ({
  ...because,
  level: 'critical',
  firstSeenMs: NOW_MS,
  activeSinceMs: NOW_MS + 1 * S,
  endedAtMs: NOW_MS + 60 * S,
  ...more,
});
const closed = (more: Partial<Incident> = {}): Incident => ({
  ...incident(),
  openedAtMs: NOW_MS,
  endedAtMs: NOW_MS + 90 * S,
  problems: [problem()],
  remediations: [{ id: 'r1', action: 'expedite-failover', target: 'patroni1' }],
  withoutWrites: { ms: 4 * S, unsureMs: 1 * S, sinceMs: null, untoldSinceMs: null },
  ...more,
});
const ended = (of: Incident): JournalEntry => entry(of.endedAtMs ?? NOW_MS, { kind: 'incident', change: 'ended', of });
const report = (entries: readonly JournalEntry[], untilMs = NOW_MS + 3_600 * S): Report => {
  const { take, value } = reporter('email-cluster', NOW_MS - 3_600 * S, untilMs);
  for (const one of entries) take(one);
  return value();
};

describe('a report', () => {
  it('counts an incident once, with its time without writes beside stock', () => {
    const opened = entry(NOW_MS, { kind: 'incident', change: 'opened', of: closed({ endedAtMs: null }) });
    const joined = entry(NOW_MS, {
      kind: 'incident',
      change: 'joined',
      of: closed({ id: 'other', joinedTo: '7f3a19c2' }),
    });
    expect(report([opened, joined, ended(closed())]).causes).toMatchObject([
      { cause: 'leader-down', count: 1, open: 0, withoutWritesMs: 4 * S, unsureMs: 1 * S, stock: { leastMs: 28_400 } },
    ]);
  });

  it('times the first sight, the first request and the verdict of what was really sent', () => {
    const { times, actions } = report([
      intent(NOW_MS + 2 * S, 'r1', false),
      verdict(NOW_MS + 5 * S, 'r1', 'succeeded'),
      ended(closed()),
    ]);
    expect([times.detect.p50Ms, times.act.p50Ms, times.verify.p99Ms]).toEqual([1 * S, 2 * S, 3 * S]);
    expect(actions).toEqual([{ action: 'expedite-failover', did: { succeeded: 1 }, would: {}, lostMs: 0 }]);
  });

  it.each<[string, readonly JournalEntry[]]>([
    ['healed', [ended(closed())]],
    ['stood', [ended(closed({ endedAtMs: NOW_MS + 900 * S, problems: [problem({ endedAtMs: NOW_MS + 800 * S })] }))]],
    [
      'worse',
      [ended(closed({ problems: [problem(), { ...problem(), code: 'cluster-down', firstSeenMs: NOW_MS + 9 * S }] }))],
    ],
    ['person', [intent(NOW_MS + 20 * S, 'r2', false, { code: 'operator', by: 'anna' }), ended(closed())]],
    // Ekimi's own, after a switch to enforce.
    ['healed', [intent(NOW_MS + 20 * S, 'r2', false), ended(closed())]],
    ['unknown', []],
  ])('says of a rehearsal that it was %s afterwards', (after, then) => {
    const { actions, times } = report([intent(NOW_MS + 2 * S, 'r1', true), ...then]);
    expect(actions[0]?.would).toEqual({ [after]: 1 });
    expect(times.act.count).toBe(0);
  });

  it('names what persons did, by the names of their tokens', () => {
    const on = entry(NOW_MS, { kind: 'switch', change: 'on', by: 'anna', switch: { subject: 'global' } });
    const agreed = entry(NOW_MS, { kind: 'approval', state: 'approved', by: 'ben', plan: { action: 'failover' } });
    const waits = entry(NOW_MS, { kind: 'approval', state: 'waiting', by: null, plan: { action: 'failover' } });
    expect(report([waits, on, on, agreed]).operators).toEqual([
      { by: 'anna', what: 'paused global', count: 2 },
      { by: 'ben', what: 'approved failover', count: 1 },
    ]);
  });

  it('takes an incident that stands from the ledger of the last pass, though its beginning was pruned', () => {
    const standing = closed({ endedAtMs: null, openedAtMs: NOW_MS - 9_000 * S });
    const pass = { kind: 'pass', circumstances: { ledger: { incidents: [standing] } } };
    expect(report([entry(NOW_MS, pass)]).causes).toMatchObject([{ open: 1, count: 1 }]);
  });

  it('counts no time as without writes in which nobody looked: Ekimi died in the middle, or was stopped there', async () => {
    const entries = await recorded('leader-killed-4.1');
    const EIGHT_HOURS = 8 * 3_600 * S;
    const lost = (kept: readonly JournalEntry[]): number => {
      const { take, value } = reporter('email-cluster', 0, (kept.at(-1)?.atMs ?? 0) + EIGHT_HOURS);
      for (const one of kept) take(one);
      return value().withoutWrites.ms;
    };
    const cuts = entries.map((_, index) => entries.slice(0, index + 1));
    const died = Math.max(...cuts.map(lost));
    expect(died).toBeGreaterThan(60 * S);
    expect(died).toBeLessThan(90 * S);
    const stop = (kept: readonly JournalEntry[]): JournalEntry => entry(kept.at(-1)?.atMs ?? 0, { kind: 'stop' });
    expect(Math.max(...cuts.map((kept) => lost([...kept, stop(kept)])))).toBeLessThan(10 * S);
  });

  it('of a version that wrote no incidents does not say that there were none', () => {
    const pass = (atMs: number, phase: string, incidents?: readonly Incident[]): JournalEntry =>
      entry(atMs, {
        kind: 'pass',
        view: null,
        problems: [{ ...because, phase }],
        ...(incidents === undefined ? {} : { circumstances: { ledger: { incidents } } }),
      });
    const told = (entries: readonly JournalEntry[]): string => reportDocument(report(entries)).summary.join(' ');
    expect(told([pass(NOW_MS, 'active')])).toMatch(
      /^How many incidents there were is not known: .* wrote no incidents/,
    );
    expect(told([pass(NOW_MS, 'suspect')])).toMatch(/^0 incidents/);
    expect(told([pass(NOW_MS, 'active', [])])).toMatch(
      /^0 incidents, none open; 0 pages\. No time without writes was seen/,
    );
    expect(told([pass(NOW_MS, 'active'), pass(NOW_MS + 60 * S, 'active', [closed()])])).toMatch(
      /^1 incident, none open; 0 pages\. Before 2026-11-22 09:31:00Z incidents are not counted/,
    );
  });

  it('of an empty journal says that nobody watched', () => {
    expect(reportText(reportDocument(report([])))).toContain('The cluster was watched for 0 s of 2 h.');
  });

  it('gives times by nearest rank, and none where nothing was timed', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ count: 3, p50Ms: 2, p99Ms: 3 });
    expect(spreadOf([])).toEqual({ count: 0, p50Ms: null, p99Ms: null });
  });
});

describe('a deed that was rehearsed', () => {
  const lag = { code: 'replica-lag-critical', subject: 'patroni3' } as const;
  const row = (of: object, fromMs: number, toMs: number | null): IncidentProblem =>
    problem({ ...of, firstSeenMs: NOW_MS + fromMs, activeSinceMs: NOW_MS + fromMs, endedAtMs: toMs && NOW_MS + toMs });
  const would = (entries: readonly JournalEntry[]): object => {
    const { actions } = report(entries);
    return { ...actions[0]?.would, ...(actions[0]?.lostMs === 0 ? {} : { ms: actions[0]?.lostMs }) };
  };

  it('was not right because a leader was killed later, whose incident its own healed trouble was joined into', () => {
    const of = closed({ problems: [row(lag, 0, 9 * S), row({}, 70 * S, 90 * S)] });
    expect(would([intent(NOW_MS + 2 * S, 'r1', true, lag), ended(of)])).toEqual({ healed: 1 });
  });

  it('nor because one was killed while its own trouble stood still; a worse form of that is worse', () => {
    const then = (worse: object): readonly JournalEntry[] => [
      intent(NOW_MS + 2 * S, 'r1', true, lag),
      ended(closed({ problems: [row(lag, 0, 60 * S), row(worse, 30 * S, 90 * S)] })),
    ];
    expect(would(then(because))).toEqual({ healed: 1 });
    expect(would(then({ code: 'replica-lag-emergency', subject: 'patroni3' }))).toEqual({ worse: 1 });
  });

  it('is judged by the trouble that it was for, not by the same one an hour later in the same incident', () => {
    const of = closed({ problems: [row(lag, 0, 1_900 * S)], endedAtMs: NOW_MS + 2_000 * S });
    const passes = [saw(NOW_MS + 3 * S, 'taken', lag), saw(NOW_MS + 9 * S, 'taken'), saw(NOW_MS + 60 * S, 'taken')];
    const again = saw(NOW_MS + 1_800 * S, 'taken', lag);
    const from = intent(NOW_MS + 2 * S, 'r1', true, lag);
    expect(would([from, ...passes, again, ended(of)])).toEqual({ healed: 1 });
    // Gone for a moment is not gone.
    expect(would([from, ...passes.slice(0, 2), saw(NOW_MS + 20 * S, 'taken', lag), ended(of)])).toEqual({ stood: 1 });
  });

  it('says nothing of an action whose cause only informs: that a replica is level passes by itself', () => {
    const well = { code: 'replica-recovered', subject: 'patroni3', level: 'info' } as const;
    const of = closed({ problems: [row(lag, 0, 9 * S), row(well, 20 * S, 25 * S)] });
    expect(would([intent(NOW_MS + 21 * S, 'r1', true, well), ended(of)])).toEqual({ unknown: 1 });
  });

  it.each<[string, object, readonly JournalEntry[]]>([
    [
      'elects 18 s later',
      { lost: 1, ms: 18 * S },
      [saw(NOW_MS + 2 * S, 'none', because), saw(NOW_MS + 20 * S, 'taken')],
    ],
    [
      'elects as soon as the deed would have',
      { healed: 1 },
      [saw(NOW_MS + 2 * S, 'none'), saw(NOW_MS + 3 * S, 'taken')],
    ],
    ['never takes writes away', { healed: 1 }, [saw(NOW_MS + 2 * S, 'taken', because), saw(NOW_MS + 60 * S, 'taken')]],
  ])('for a dead leader is weighed by the time without writes: Patroni %s', (_, found, passes) => {
    const of = closed({ problems: [row({}, 0, 15 * S)] });
    expect(would([intent(NOW_MS + 2 * S, 'r1', true), ...passes, ended(of)])).toEqual(found);
  });

  it('counts a second without writes once where it was rehearsed twice, and says how many', () => {
    const of = closed({ problems: [row({}, 0, 60 * S)] });
    const entries = [
      saw(NOW_MS + 1 * S, 'none', because),
      intent(NOW_MS + 2 * S, 'r1', true),
      intent(NOW_MS + 12 * S, 'r2', true),
      saw(NOW_MS + 20 * S, 'taken'),
      ended(of),
    ];
    expect(would(entries)).toEqual({ lost: 2, ms: 18 * S });
    const text = reportText(reportDocument(report(entries)));
    expect(text).toContain('the cluster went on without writes for 18 s in all');
    expect(text).toMatch(/expedite-failover +2 +2 +0 +0/);
  });
});

describe('what nobody could see', () => {
  it('is neither watched nor told as zero, though the last pass is as blind as the first', () => {
    const blind = Array.from({ length: 5 }, (_, index) => saw(NOW_MS + index * 60 * S, 'blind'));
    const open = closed({
      endedAtMs: null,
      withoutWrites: { ms: 0, unsureMs: 0, sinceMs: null, untoldSinceMs: NOW_MS },
    });
    const found = report([...blind, entry(NOW_MS, { kind: 'incident', change: 'opened', of: open })], NOW_MS + 300 * S);
    expect(found).toMatchObject({ watchedMs: 0, withoutWrites: { ms: 0, unsureMs: 300 * S } });
    const { summary, sections } = reportDocument(found);
    expect(summary.join(' ')).toContain('No time without writes was seen; nobody could tell for 5 min.');
    expect(sections.flatMap(({ rows }) => rows).filter((row) => row.includes('none seen (±5 min)'))).toHaveLength(2);
    expect(report([saw(NOW_MS, 'taken'), saw(NOW_MS + 9 * S, 'taken')], NOW_MS + 9 * S).watchedMs).toBe(9 * S);
  });
});

describe('times at the edge of the span', () => {
  const OLD = NOW_MS - 4_000 * S;
  const because3 = { code: 'member-down', subject: 'patroni3' } as const;

  it('are not of an incident whose first request lies before it', () => {
    const of = closed({
      openedAtMs: OLD,
      problems: [problem({ firstSeenMs: OLD, activeSinceMs: OLD + 1 * S })],
      remediations: ['r0', 'r1'].map((id) => ({ id, action: 'expedite-failover', target: 'patroni1' })),
    });
    expect(report([intent(NOW_MS, 'r1', false), ended(of)]).times.act.count).toBe(0);
    // The journal no longer has its beginning.
    expect(report([intent(NOW_MS, 'r1', false), ended({ ...of, openedAtMs: NOW_MS - 9 * S })]).times.act.count).toBe(0);
  });

  it('are not of a deed of which only a later step is left', () => {
    const { times } = report([
      intent(NOW_MS + 9 * S, 'r1', false, because, 1),
      verdict(NOW_MS + 10 * S, 'r1', 'succeeded'),
      ended(closed()),
    ]);
    expect([times.act.count, times.verify.count]).toEqual([0, 0]);
  });

  it('count from the first sight of what the request was for where an older incident was joined', () => {
    const of = closed({
      openedAtMs: NOW_MS - 600 * S,
      problems: [problem({ ...because3, firstSeenMs: NOW_MS - 600 * S }), problem()],
    });
    expect(report([intent(NOW_MS + 2 * S, 'r1', false), ended(of)]).times.act).toMatchObject({
      count: 1,
      p50Ms: 2 * S,
    });
  });
});

describe('what a member, a person or an incident is called', () => {
  const hostile = reportDocument(
    report([
      ended(closed({ subject: HOSTILE })),
      entry(NOW_MS, { kind: 'switch', change: 'on', by: HOSTILE, switch: { subject: HOSTILE } }),
    ]),
  );

  it('is text in a terminal: no control character, no line of its own', () => {
    const text = reportText(hostile);
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').filter((line) => line.startsWith('# '))).toEqual([]);
  });

  it('is text in HTML: no tag of it', () => {
    const html = reportHtml(hostile);
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;');
  });

  it('is text in Markdown: each row keeps its cells, no tag', () => {
    const markdown = reportMarkdown(hostile);
    expect(markdown).not.toContain('<script');
    const rows = markdown.split('\n').filter((line) => line.includes('alert'));
    expect(rows.map((line) => line.match(/(?<!\\)\|/g)?.length)).toEqual([7, 4]);
  });
});

describe('the page of reports', () => {
  it('shows the real output of a journal of the lab', async () => {
    const entries = await recorded('leader-killed-4.1');
    const [first, last] = [entries[0]?.atMs ?? 0, entries.at(-1)?.atMs ?? 0];
    const { take, value } = reporter('email-cluster', first, last);
    for (const one of entries) take(one);
    const page = readFileSync(new URL('../../../docs/reports.md', import.meta.url), 'utf8');
    expect(page).toContain(`\`\`\`text\n${reportText(reportDocument(value()))}\n\`\`\``);
  });
});
