import { describe, expect, it } from 'vitest';
import { checkResult } from '../../../src/cli/render/check.js';
import { demoEnd, demoHead, demoLine, demoSay } from '../../../src/cli/render/demo.js';
import { renderConfigReport, renderDoctor } from '../../../src/cli/render/doctor.js';
import { renderEntry, renderEntryLine, renderJournalReport } from '../../../src/cli/render/journal.js';
import { clean, type Style } from '../../../src/cli/render/paint.js';
import { spanText, bytesText } from '../../../src/words/amounts.js';
import { NO_ANSWER } from '../../../src/words/no-answer.js';
import { renderPlan } from '../../../src/cli/render/plan.js';
import type { ProcedureRun } from '../../../src/model/procedure-run.js';
import { renderStatus } from '../../../src/cli/render/status.js';
import { answer, renderWhy, type Question } from '../../../src/cli/render/why.js';
import { NO_STORY, tellNext, type StoryLine } from '../../../src/words/story.js';
import type { EntryBody, JournalEntry } from '../../../src/model/entry.js';
import { HOSTILE_NAME, losing, SCENARIOS, type ScenarioName } from '../../support/scenarios.js';
import { eachProxy } from '../../support/proxies.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import { NOW_MS, plan, problem, remediation } from '../../support/snapshots.js';
import { noAnswerOf, twoProxies } from '../../support/two-proxies.js';

const PLAIN: Style = { color: false, columns: 100, nowMs: NOW_MS + 500 };
const COLOR: Style = { ...PLAIN, color: true };
const golden = (name: string): string => `./goldens/${name}.txt`;
const names = Object.keys(SCENARIOS) as ScenarioName[];
const COMMANDS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

const entry = (seq: number, agoMs: number, body: EntryBody): JournalEntry => ({
  seq,
  atMs: NOW_MS - agoMs,
  scope: 'email-cluster',
  body,
  prev: `prev${seq}`,
  hash: `hash${seq}`,
});

const drain = plan('drain-replica', 'patroni2', 'replica-lag-emergency');
const acted = SCENARIOS.lagActed();
const story: readonly JournalEntry[] = [
  entry(1, 7_200_000, { kind: 'policy', change: 'reloaded', hash: 'x', detail: 'long ago', policy: null }),
  entry(2, 80_000, {
    kind: 'pass',
    tick: 300,
    cluster: 'lagging',
    problems: SCENARIOS.lagHeld().states!.problems,
    decisions: SCENARIOS.lagHeld().decisions,
    view: null,
    states: null,
  }),
  entry(3, 60_000, {
    kind: 'policy',
    change: 'reloaded',
    hash: 'y',
    detail: 'mode: dry-run is now enforce',
    policy: null,
  }),
  entry(4, 20_000, {
    kind: 'intent',
    id: 'r1',
    plan: drain,
    step: 0,
    request: 'haproxy> set server postgres_replicas/patroni2 state drain',
    shadow: false,
    epoch: '4398',
  }),
  entry(5, 19_990, {
    kind: 'outcome',
    id: 'r1',
    step: 0,
    reply: { effect: 'done', status: null, text: '', tookMs: 4 },
    shadow: false,
  }),
  entry(6, 10_000, {
    kind: 'verdict',
    id: 'r1',
    remediation: remediation(drain, 'succeeded', NOW_MS, { detail: 'the read pool no longer routes to patroni2' }),
  }),
];

describe('a member that is held for a run', () => {
  const held = { member: 'patroni2', by: 'dba', reason: 'more readers', sinceMs: NOW_MS - 1_000, run: 'r-1' };
  const adding: ProcedureRun = {
    id: 'r-1',
    name: 'add-replica',
    goal: { member: 'patroni2' },
    by: 'dba',
    reason: 'more readers',
    phase: 'running',
    agreed: [],
    startedAtMs: NOW_MS - 1_000,
    endedAtMs: null,
    detail: 'started',
    continuedAtMs: NOW_MS - 1_000,
  };
  it.each([
    ['under way', held, [adding], 'add-replica has it: ekimi procedures'],
    [
      'removed by one that is over',
      { ...held, removed: true as const },
      [],
      'ekimi run-procedure add-replica patroni2',
    ],
    [
      'taken by one that is over',
      held,
      [{ ...adding, phase: 'succeeded' as const }],
      'ekimi run-procedure give-back patroni2',
    ],
  ])('%s: the way back is the one that is not refused', (_, row, procedures, text) => {
    const healthy = SCENARIOS.healthy();
    const shown = renderStatus({ ...healthy, ledger: { ...healthy.ledger, evacuations: [row], procedures } }, PLAIN);
    expect(shown.replaceAll(/\s+/g, ' ')).toContain(`more readers (${text})`);
  });
});

describe('where no address answers', () => {
  const healthy = SCENARIOS.healthy();
  const nothing = unknown('unreachable', 'no answer', NOW_MS, 'api');
  const blind = {
    ...healthy,
    view: {
      ...healthy.view!,
      members: healthy.view!.members.map((one) => ({ ...one, api: nothing, sql: nothing, host: nothing })),
      dcs: {
        ...healthy.view!.dcs,
        keys: nothing,
        endpoints: healthy.view!.dcs.endpoints.map((one) => ({ ...one, status: nothing })),
      },
      proxies: healthy.view!.proxies.map((one) => ({ ...one, seen: nothing })),
    },
  };

  it.each([
    ['an etcd endpoint', { dcs: { ...blind.view.dcs, endpoints: healthy.view!.dcs.endpoints } }],
    ['a proxy', { proxies: healthy.view!.proxies }],
    [
      'a member that refuses our login',
      { members: blind.view.members.map((one) => ({ ...one, sql: unknown('denied', 'no', NOW_MS, 'sql') })) },
    ],
  ])('it is not said where %s does', (_, part) => {
    const seen = { ...blind, view: { ...blind.view, ...part } };
    expect(renderStatus(seen, PLAIN)).not.toContain('No address answers');
    expect(renderPlan(seen, PLAIN)).not.toContain('No address answers');
    expect(checkResult([seen], NOW_MS).line).not.toContain('no address');
  });

  it('plan does not say that nothing is due where etcd was not read', () => {
    const seen = { ...blind, decisions: [], view: { ...blind.view, proxies: healthy.view!.proxies } };
    expect(renderPlan(seen, PLAIN)).toContain('as far as is known: etcd was not read');
    expect(renderPlan({ ...healthy, decisions: [] }, PLAIN)).toContain('Nothing is due.');
  });

  it.each([
    ['status', renderStatus(blind, PLAIN)],
    ['plan', renderPlan(blind, PLAIN)],
    ['why', renderWhy(answer({ subject: null, atMs: null, snapshot: blind, entries: [] }), PLAIN)],
  ])('%s says that one cause, and the command that tells which', (_, text) => {
    expect(text.replaceAll(/\s+/g, ' ')).toContain('No address answers: everything is down, the addresses');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('To tell which: ekimi doctor');
  });

  it('the doctor says of which cluster, each with its remedy', () => {
    const reach = {
      check: 'reach',
      verdict: 'fail',
      detail: 'no address answers',
      disables: [],
      remedy: 'look',
    } as const;
    const text = renderDoctor(
      [
        { ...reach, scope: 'email' },
        { ...reach, scope: 'web' },
      ],
      PLAIN,
    );
    expect(text).toMatch(/FAIL {2}email: reach .*\n +to mend: look\nFAIL {2}web: reach .*\n +to mend: look/);
  });
});

describe('status', () => {
  it.each(names)('of %s', async (name) => {
    await expect(renderStatus(SCENARIOS[name](), PLAIN)).toMatchFileSnapshot(golden(`status-${name}`));
  });

  it.each([
    [{ bytes: 1_460_000, seconds: 14 }, 'loses at least 1.3 MiB (about 14 s of writes)'],
    [{ bytes: 7, seconds: null }, 'loses at least 7 B (for how many seconds of writes is unknown)'],
    [{ bytes: null, seconds: null }, 'loses an unknown number of bytes'],
  ])('states what an approval loses: %j', (loss, text) => {
    expect(renderStatus(losing(SCENARIOS.waitingApproval(), loss), PLAIN)).toContain(text);
  });

  it('[S5] has a line for each of several proxies, of 80 columns at most, and names the one that is silent', () => {
    const healthy = SCENARIOS.healthy();
    const view = healthy.view === null ? null : noAnswerOf('south')(twoProxies(healthy.view));
    const lines = renderStatus({ ...healthy, view }, PLAIN).split('\n');
    expect(lines).toContain('proxy     north: writes to patroni1; ro 2 of 3; reports 2 of 3');
    expect(lines).toContain('unknown   proxy of south: south: no answer in time');
    const many = Array.from({ length: 12 }, (_, index) => `reports-${index}`);
    const long = view === null ? null : eachProxy(view, ({ pools }) => ({ pools: { ...pools, reads: many } }));
    const cut = renderStatus({ ...healthy, view: long }, PLAIN)
      .split('\n')
      .find((line) => line.startsWith('proxy'));
    expect(cut).toHaveLength(80);
  });

  it('lists what lies aside of members and of etcd members: where, how large, why, and how a person deletes it', () => {
    const healthy = SCENARIOS.healthy();
    const lying = (name: string, path: string) => fresh([{ name, path, bytes: 3 * 1024 ** 2 }], NOW_MS, 'host');
    const view = healthy.view && {
      ...healthy.view,
      asides: { patroni3: lying('data.ekimi-1', '/data/data.ekimi-1') },
      storeAsides: { etcd1: lying('member.ekimi-2', '/etcd-data/member.ekimi-2') },
    };
    const goal = { aside: { stores: ['etcd1'], suffix: 'ekimi-2' } };
    const run = { name: 'reseed-dcs', by: 'dba', reason: 'the volumes are gone', phase: 'succeeded', goal } as const;
    const ledger = { ...healthy.ledger, procedures: [run as unknown as ProcedureRun] };
    const text = renderStatus({ ...healthy, view, ledger }, PLAIN).replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      'patroni3 /data/data.ekimi-1 (3.0 MiB) (ekimi run-procedure remove-aside patroni3 --set directory=data.ekimi-1)',
    );
    expect(text).toContain(
      'etcd1 /etcd-data/member.ekimi-2 (3.0 MiB), reseed-dcs by dba: the volumes are gone (delete it by hand, once nobody needs its keys: rm -r /etcd-data/member.ekimi-2)',
    );
  });

  it('has a line for each pooler, also where its console is silent', () => {
    const healthy = SCENARIOS.healthy();
    const database = { name: 'app', paused: false, servers: 4, waiting: 0, maxWaitMs: 0 };
    const report = { version: '1.24.1', allPaused: false, databases: [database] };
    const poolers = [
      { name: 'bouncer', seen: fresh(report, NOW_MS, 'console of bouncer') },
      { name: 'mute', seen: unknown('timeout', 'no answer in time', NOW_MS, 'console of mute') } as const,
    ];
    const lines = renderStatus({ ...healthy, view: { ...healthy.view!, poolers } }, PLAIN).split('\n');
    expect(lines).toContain('pooler    bouncer: passes clients on; app: 4 server connections, 0 clients wait');
    expect(lines).toContain('pooler    mute: no answer in time');
  });

  it('says so when the snapshot is old', () => {
    const late = renderStatus(SCENARIOS.healthy(), { ...PLAIN, nowMs: NOW_MS + 95_000 });
    expect(late).toContain('STALE: the last pass ended 1 min 35 s ago');
  });

  it('is the same text with colour, apart from the colour', () => {
    const colored = renderStatus(SCENARIOS.lagHeld(), COLOR);
    expect(colored).toContain('\u001b[');
    expect(colored.replace(/\u001b\[\d+m/g, '').replace(/ +$/gm, '')).toBe(renderStatus(SCENARIOS.lagHeld(), PLAIN));
  });
});

describe('plan', () => {
  it.each(['lagHeld', 'waitingApproval', 'healthy'] as const)('of %s', async (name) => {
    await expect(renderPlan(SCENARIOS[name](), PLAIN)).toMatchFileSnapshot(golden(`plan-${name}`));
  });
});

describe('why', () => {
  it.each([40, 80, 120])('keeps what it saw and what it did not do within %i columns', (columns) => {
    const snapshot = SCENARIOS.lagHeld();
    const text = renderWhy(answer({ subject: null, atMs: null, snapshot, entries: [] }), { ...PLAIN, columns });
    const long = text.split('\n').filter((line) => line.length > columns && line.trim().includes(' '));
    expect(long.filter((line) => line.trimStart().split(' ').length > 2)).toEqual([]);
    expect(text).toContain('WHAT IT SAW');
  });

  it('tells the evidence of a fence with its steps, asked about the member', () => {
    const fence = plan('fence-member', 'patroni1', 'leader-frozen');
    const log = { kind: 'fresh', value: ['the last words'], atMs: NOW_MS, source: 'docker' } as const;
    const body = {
      kind: 'evidence',
      id: 'r7',
      plan: fence,
      moment: 'before',
      leaderKey: null,
      members: [],
      log,
    } as const;
    const found = answer({
      subject: 'patroni1',
      atMs: null,
      snapshot: acted,
      entries: [...story, entry(7, 5_000, body)],
    });
    expect(renderWhy(found, PLAIN)).toMatch(/WHAT IT DID[^]*evidence before fence-member patroni1[^]*the last words/);
  });

  const now: Question = { subject: null, atMs: null, snapshot: acted, entries: story };
  const told = (question: Question): string => renderWhy(answer(question), PLAIN);

  it('now, about everything', async () => {
    await expect(told(now)).toMatchFileSnapshot(golden('why-now'));
  });

  it('now, about a member', async () => {
    await expect(told({ ...now, subject: 'patroni2' })).toMatchFileSnapshot(golden('why-patroni2'));
  });

  it('then, from the journal alone: what was decided then, not what would be decided today', async () => {
    const then = told({ subject: null, atMs: NOW_MS - 70_000, snapshot: null, entries: story });
    expect(then).not.toContain('the read pool no longer routes');
    await expect(then).toMatchFileSnapshot(golden('why-then'));
  });

  it('finds what came of an intent although an outcome names no member', () => {
    const { done } = answer({ ...now, subject: 'drain-replica' });
    expect(done.map((line) => line.kind)).toEqual(['intent', 'outcome', 'verdict']);
    expect(answer({ ...now, subject: 'patroni3' }).done).toEqual([]);
  });

  it('about a member that nothing names, says that', () => {
    expect(told({ ...now, subject: 'patroni3' })).toContain('Nothing was decided about patroni3: no problem names it.');
  });

  it('about an action that is off, says that the policy has it off', () => {
    const off = { ...acted.policy.actions['restart-member'], mode: 'off' as const };
    const snapshot = {
      ...acted,
      policy: { ...acted.policy, actions: { ...acted.policy.actions, 'restart-member': off } },
    };
    expect(told({ ...now, subject: 'restart-member', snapshot })).toContain('The policy has restart-member off');
  });

  it('before the journal began, says that there is nothing', () => {
    expect(told({ subject: null, atMs: 5, snapshot: null, entries: story })).toContain(
      'has no pass at or before that time',
    );
  });
});

describe('journal', () => {
  it('lists a sentence an entry', async () => {
    const text = story.map((one) => renderEntryLine(one, PLAIN)).join('\n');
    await expect(text).toMatchFileSnapshot(golden('journal-list'));
  });

  it('shows an entry whole', async () => {
    await expect(renderEntry(story[3]!, PLAIN)).toMatchFileSnapshot(golden('journal-show'));
  });

  const report = { files: 2, entries: 812, firstSeq: 101, lastSeq: 912, torn: 1, faults: [] };
  it('says that a journal is whole', () => {
    expect(renderJournalReport(report, PLAIN)).toBe(
      'whole: 812 entries (101 to 912) in 2 files, 1 torn line that nothing relied on, every link of the chain holds',
    );
  });
  it('says where a journal is broken', () => {
    const faults = [{ where: 'journal-000002.jsonl:17', why: 'the hash does not fit' }];
    expect(renderJournalReport({ ...report, files: 0 }, PLAIN)).not.toContain('0 files');
    expect(renderJournalReport({ ...report, torn: 0, faults }, PLAIN)).toBe(
      'BROKEN: 812 entries (101 to 912) in 2 files, 1 fault\n  journal-000002.jsonl:17: the hash does not fit',
    );
  });
});

describe('doctor and config check', () => {
  it('lists checks and what each takes away', async () => {
    const rows = [
      { check: 'patroni1 api', verdict: 'ok', detail: 'Patroni of patroni1 answers', disables: [] },
      {
        check: 'patroni2 sql',
        verdict: 'warn',
        detail: 'refused the connection',
        disables: ['cancel-blocking-queries'],
        remedy:
          'correct clusters[].postgres.members, or open the way from this machine to it; then: pg_isready -h MEMBER -p 5432',
      },
      { check: 'dcs read', verdict: 'fail', detail: 'no quorum', disables: ['every action'], remedy: 'start them' },
      ...(['start-member', 'restart-member'] as const).map((name) => ({
        check: `action ${name}`,
        verdict: 'off' as const,
        detail: 'needs host',
        disables: [name],
        remedy: 'name hosts',
      })),
    ] as const;
    await expect(renderDoctor(rows, PLAIN)).toMatchFileSnapshot(golden('doctor'));
  });

  it('says that everything can run when nothing is taken away', () => {
    const text = renderDoctor([{ check: 'x', verdict: 'ok', detail: 'answers', disables: [] }], PLAIN);
    expect(text).toContain('Every action can run');
  });

  it('names each fault of a file', async () => {
    const report = {
      files: [
        { file: 'ekimi.yaml', faults: [], warnings: ['proxy.runtime is not set: drains go by tag only'] },
        {
          file: 'policy.yaml',
          faults: ['line 3: mode: found "on", expected observe, dry-run or enforce'],
          warnings: [],
        },
      ],
    };
    await expect(renderConfigReport(report, PLAIN)).toMatchFileSnapshot(golden('config-check'));
  });
});

describe('check', () => {
  it.each(names)('of %s', async (name) => {
    const { exitCode, line } = checkResult([SCENARIOS[name]()], NOW_MS + 500);
    await expect(`${exitCode} ${line}`).toMatchFileSnapshot(golden(`check-${name}`));
  });

  it('counts a problem within its grace, because one look sees no other', () => {
    const lagging = SCENARIOS.lagHeld();
    const suspects = lagging.states!.problems.map((one) => ({ ...one, phase: 'suspect' as const }));
    const snapshot = {
      ...SCENARIOS.healthy(),
      states: { ...SCENARIOS.healthy().states!, problems: suspects },
    };
    expect(checkResult([snapshot], NOW_MS).exitCode).toBe(2);
  });

  it('is unknown when the last look is too old, however healthy it was', () => {
    const result = checkResult([SCENARIOS.healthy()], NOW_MS + 60_000);
    expect(result).toMatchObject({ exitCode: 3, line: expect.stringContaining('last looked at 1 min ago') });
  });

  it('is unknown when there is nothing to look at', () => {
    expect(checkResult([], NOW_MS).line).toBe('EKIMI UNKNOWN - no cluster is configured');
  });

  it('gives several clusters labels of their own and the worst level', () => {
    const other = { ...SCENARIOS.healthy(), scope: 'web' };
    const { exitCode, line } = checkResult([other, SCENARIOS.leaderless()], NOW_MS);
    expect(exitCode).toBe(2);
    expect(line).toContain('web_lag_patroni3=16384B;1048576;10485760;0');
  });

  it('has one bar, whatever the names hold', () => {
    const odd = { ...SCENARIOS.healthy(), scope: "a|b'c=d" };
    const { line } = checkResult([odd, odd], NOW_MS);
    expect(line.split('|')).toHaveLength(2);
    expect(line.split('|')[1]).toContain("'a/b_c_d_lag_patroni3'=16384B");
  });
});

const tellAll = (entries: readonly JournalEntry[]): readonly StoryLine[] => {
  let told = NO_STORY;
  return entries.flatMap((one) => {
    const { story: next, lines } = tellNext(told, one);
    told = next;
    return lines;
  });
};

describe('demo', () => {
  it('tells the story by the time since it began', async () => {
    const start = story[1]!.atMs;
    const text = [
      demoHead('http://127.0.0.1:8470', PLAIN),
      demoSay('patroni2 stops replaying.', start, start, PLAIN),
      ...tellAll(story.slice(1)).map((one) => demoLine(one, start, 'http://127.0.0.1:8470', PLAIN)),
      demoEnd(['requests sent  1'], PLAIN),
    ].join('\n');
    await expect(text).toMatchFileSnapshot(golden('demo'));
  });
});

describe('what another version wrote', () => {
  const newer = plan('upgrade-member' as never, 'patroni2', 'moon-phase' as never);
  const base = SCENARIOS.lagActed();
  const run = remediation(newer, 'resting' as never, NOW_MS);
  const foreign = {
    list: 'remediations',
    id: 'n1',
    action: 'upgrade-member',
    target: 'patroni2',
    inFlight: true,
    createdAtMs: NOW_MS,
    row: {},
  } as const;
  const snapshot = {
    ...base,
    states: { ...base.states!, cluster: { state: 'eclipsed' as never, sinceMs: NOW_MS } },
    decisions: [
      ...base.decisions,
      { kind: 'act', plan: newer, why: 'w', steps: ['s'] } as const,
      { kind: 'ponder', about: 'x' } as never,
    ],
    ledger: { ...base.ledger, remediations: [...base.ledger.remediations, run], foreign: [foreign] },
  };

  it('is shown by status, plan, why and check without a fault', () => {
    for (const style of [PLAIN, COLOR]) {
      const status = renderStatus(snapshot, style);
      expect(status).toContain('ECLIPSED');
      expect(status).toContain('upgrade-member patroni2 is in flight, begun by another version');
      expect(renderPlan(snapshot, style)).toContain('a decision of a kind that this version does not know: ponder');
      const why = renderWhy(answer({ subject: null, atMs: null, snapshot, entries: [] }), style);
      expect(why).toContain('until "ekimi resume --subject foreign-work"');
    }
    expect(checkResult([snapshot], NOW_MS).exitCode).toBe(2);
  });

  it('is never OK to check', () => {
    const healthy = SCENARIOS.healthy();
    const states = { ...healthy.states!, cluster: { state: 'eclipsed' as never, sinceMs: NOW_MS } };
    expect(checkResult([{ ...healthy, states }], NOW_MS).exitCode).toBe(3);
    const ledger = { ...healthy.ledger, foreign: [foreign] };
    expect(checkResult([{ ...healthy, ledger }], NOW_MS).exitCode).toBe(1);
  });

  it('is a line in the journal list', () => {
    const bodies = [
      { kind: 'verdict', id: 'n', remediation: run },
      { kind: 'verdict', id: 'n' },
      { kind: 'tenure', change: 'lent', detail: '' },
      { kind: 'pass', tick: 1, cluster: 'x', problems: [], decisions: snapshot.decisions, view: null, states: null },
      { kind: 'pass' },
      { kind: 'dance' },
    ] as unknown as EntryBody[];
    for (const [seq, body] of bodies.entries())
      expect(renderEntryLine(entry(seq, 0, body), COLOR).split('\n')).toHaveLength(1);
    expect(renderEntryLine(entry(9, 0, bodies[1]!), PLAIN)).toContain(
      'a verdict entry in a form that this version does not know',
    );
    const asked = {
      subject: null,
      atMs: NOW_MS,
      snapshot: null,
      entries: bodies.map((body, seq) => entry(seq, 0, body)),
    };
    expect(renderWhy(answer({ ...asked, entries: asked.entries.slice(0, 4) }), PLAIN)).toContain('upgrade-member');
  });
});

describe('texts from a cluster', () => {
  it('never reach the terminal as commands', () => {
    const snapshot = SCENARIOS.hostile();
    for (const text of [
      renderStatus(snapshot, PLAIN),
      renderPlan(snapshot, PLAIN),
      renderWhy(answer({ subject: null, atMs: null, snapshot, entries: [] }), PLAIN),
      checkResult([snapshot], NOW_MS).line,
      renderEntry(entry(1, 0, { kind: 'stop', reason: `${HOSTILE_NAME}\u202e\u0007` }), PLAIN),
    ])
      expect(text).not.toMatch(COMMANDS);
  });

  it('stay on one line', () => {
    expect(clean('a\nb\rc')).toBe('a\ufffdb\ufffdc');
  });
});

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [10 * 1024 * 1024, '10 MiB'],
    [104_857_599, '99.9 MiB'],
    [268_435_456, '256 MiB'],
  ])('[O11] %i bytes are %s, in the units of the policy', (value, text) => {
    expect(bytesText(value)).toBe(text);
  });
  it.each([
    [-5, '0 s'],
    [420, '0.4 s'],
    [59_999, '59 s'],
    [754_000, '12 min 34 s'],
    [7_260_000, '2 h 1 min'],
    [273_600_000, '3 d 4 h'],
  ])('%i ms are %s', (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });
});

describe('what only informs', () => {
  const healthy = SCENARIOS.healthy();
  const note = problem(
    { code: 'replica-recovered', subject: 'patroni3', level: 'info', phase: 'active', seenForMs: 10, evidence: [] },
    NOW_MS,
  );
  const drain = {
    member: 'patroni3',
    actuators: ['proxy'] as const,
    sinceMs: NOW_MS,
    remediationId: 'r',
    shadow: false,
  };
  const drained = {
    ...healthy,
    states: { ...healthy.states!, problems: [note] },
    ledger: { ...healthy.ledger, drains: [drain] },
  };

  it('stands under NOTES in status, beside the member that is out of reads, and is no problem of check', () => {
    const text = renderStatus(drained, PLAIN);
    expect(text).toContain('HEALTHY: patroni3 takes no reads (drained by Ekimi)');
    expect(text).toMatch(/NOTES\n\s*replica-recovered/);
    expect(text).not.toContain('PROBLEMS');
    const { line, level } = checkResult([drained], NOW_MS);
    expect(level).toBe('warning');
    expect(line).toContain('patroni3 takes no reads (drained by Ekimi)');
    expect(line).toContain('problems=0;');
  });
});

describe('check, where nothing at all answers', () => {
  it('says the one cause in one sentence', () => {
    const { view, ...snapshot } = SCENARIOS.leaderless();
    if (view === null) throw new Error('the scenario has no view');
    const none = unknown('timeout', 'no answer', NOW_MS, 'a test');
    const members = view.members.map((member) => ({ ...member, api: none, sql: none, host: none }));
    const endpoints = view.dcs.endpoints.map((one) => ({ ...one, status: none }));
    const proxies = view.proxies.map((one) => ({ ...one, seen: none }));
    const blind = {
      ...snapshot,
      view: { ...view, members, proxies, dcs: { ...view.dcs, keys: none, endpoints } },
    } as never;
    const { line, exitCode } = checkResult([blind], NOW_MS);
    expect(exitCode).toBeGreaterThan(1);
    expect(line.split(' | ')[0]).toBe(`EKIMI CRITICAL - email-cluster: ${NO_ANSWER.join(' ')}`);
  });
});
