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
const intent = (atMs: number, id: string, shadow: boolean, why: object = because): JournalEntry =>
  entry(atMs, { kind: 'intent', id, shadow, plan: { action: 'expedite-failover', target: 'patroni1', because: why } });
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
    expect(actions).toEqual([{ action: 'expedite-failover', did: { succeeded: 1 }, would: {} }]);
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
    expect(told([pass(NOW_MS, 'active', [])])).toMatch(/^0 incidents, none open; 0 pages\. \S+ s without/);
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
