import { describe, expect, it } from 'vitest';
import { incidentNews, incidentsAfter, incidentsKnown, type IncidentInput } from '../../../src/ledger/incidents.js';
import { incidentOf, incidentOfEntry } from '../../../src/ledger/incident-of.js';
import { livedIncident } from '../../../src/ledger/lived.js';
import { isOpen, withoutWritesMs, type Incident } from '../../../src/model/incident.js';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import type { Problem } from '../../../src/model/problem.js';
import { incidentText } from '../../../src/words/incident.js';
import {
  CLEAN_MEMORY,
  leaderKey,
  ledgerOf,
  NOW_MS,
  planOf,
  problemOf,
  remediationOf,
  SCOPE,
  statesOf,
  viewOf,
  type Change,
} from '../../support/view.js';

interface Look {
  readonly problems?: readonly Problem[];
  readonly changes?: readonly Change[];
  readonly part?: Partial<IncidentInput>;
  readonly afterMs?: number;
}

/** Passes one after the other, two seconds apart unless said otherwise; what was there after each of them. */
function passes(...looks: readonly Look[]): readonly (readonly Incident[])[] {
  let ids = 0;
  let atMs = NOW_MS;
  let incidents: readonly Incident[] = [];
  return looks.map(({ problems = [], changes = [], part = {}, afterMs = 2_000 }, index) => {
    const lastPassMs = index === 0 ? null : atMs;
    atMs += index === 0 ? 0 : afterMs;
    incidents = incidentsAfter(incidents, {
      view: { ...viewOf(...changes), atMs },
      states: statesOf(problems),
      ledger: EMPTY_LEDGER,
      canTell: true,
      lastPassMs,
      calmMs: 2_000,
      instance: 'me',
      newId: () => `i${(ids += 1)}`,
      ...part,
    });
    return incidents;
  });
}

const last = (...looks: readonly Look[]): readonly Incident[] => passes(...looks).at(-1) ?? [];
const seen = (code: Problem['code'], subject: string, part: Partial<Problem> = {}): Problem =>
  problemOf(code, subject, { firstSeenMs: NOW_MS - 3_000, ...part });
const suspect = { phase: 'suspect', activeSinceMs: null } as const;
const keysOf = (incident: Incident | undefined): readonly string[] =>
  (incident?.problems ?? []).map(({ code, subject }) => `${code} ${subject}`).sort();

describe('what was only rehearsed', () => {
  it('is a rehearsal of the incident, and no action of it', () => {
    const row = (id: string, shadow: boolean) =>
      remediationOf('start-member', 'patroni2', { id, shadow, createdAtMs: NOW_MS }, 'member-down');
    const textOf = (...rows: readonly boolean[]): string => {
      const ledger = ledgerOf({ remediations: rows.map((shadow, at) => row(`r${at}`, shadow)) });
      const [one] = last({ problems: [seen('member-down', 'patroni2')], part: { ledger } });
      return incidentText(one!, NOW_MS);
    };
    expect(textOf(true, true)).toMatch(/; 1 problem, 0 actions, 2 rehearsals \(nothing sent\), 0 pages$/);
    expect(textOf(true, false)).toMatch(/; 1 problem, 1 action, 1 rehearsal \(nothing sent\), 0 pages$/);
    expect(textOf(false)).toMatch(/; 1 problem, 1 action, 0 pages$/);
  });
});

describe('an incident begins', () => {
  it('with a problem that is active, and counts from its first sight', () => {
    expect(last({ problems: [seen('member-down', 'patroni2')] })).toMatchObject([
      { id: 'i1', cause: 'member-down', subject: 'patroni2', level: 'critical', openedAtMs: NOW_MS - 3_000, by: 'me' },
    ]);
  });

  it.each([
    ['a suspicion', seen('member-down', 'patroni2', suspect)],
    ['what only informs', seen('pending-restart', 'patroni2')],
    ['a warning that nobody is told of and nobody answers', seen('replica-lagging', 'patroni2')],
  ])('not with %s', (_what, problem) => {
    expect(last({ problems: [problem] })).toEqual([]);
  });

  it('not with a consequence while its cause is suspected: that one begins it, and takes the consequence in', () => {
    const few = seen('too-few-replicas', SCOPE, { firstSeenMs: NOW_MS - 5_000 });
    const [early, late] = passes(
      { problems: [few, seen('member-down', 'patroni2', suspect)] },
      { problems: [few, seen('member-down', 'patroni2')] },
    );
    expect(early).toEqual([]);
    expect(late).toMatchObject([{ cause: 'member-down', subject: 'patroni2' }]);
    expect(keysOf(late?.[0])).toEqual(['member-down patroni2', `too-few-replicas ${SCOPE}`]);
  });

  it('anew when another leader falls after the trouble with the first is over, though its copy is still missing', () => {
    const first = seen('leader-down', 'patroni1');
    const copy = seen('member-down', 'patroni1');
    const [, , third] = passes(
      { problems: [first] },
      { problems: [copy] },
      { problems: [copy, seen('leader-down', 'patroni2', { firstSeenMs: NOW_MS + 90_000 })], afterMs: 90_000 },
    );
    expect(third?.map(({ subject }) => subject)).toEqual(['patroni1', 'patroni2']);
  });
});

describe('what belongs together is one', () => {
  it.each<[string, readonly Problem[]]>([
    ['two forms of one lag', [seen('replica-lag-emergency', 'patroni2'), seen('replica-lag-critical', 'patroni2')]],
    [
      'a dead leader, no leader and no candidate',
      [seen('leader-down', 'patroni1'), seen('leaderless', SCOPE), seen('no-failover-candidate', SCOPE)],
    ],
    [
      'a dead leader and the replicas that miss it',
      [
        seen('leader-down', 'patroni1'),
        seen('replica-not-streaming', 'patroni2'),
        seen('replica-not-streaming', 'patroni3'),
      ],
    ],
    [
      'a member that is down and does not start',
      [seen('member-down', 'patroni2'), seen('replica-start-failed', 'patroni2')],
    ],
    [
      'all replicas with one trouble',
      [
        seen('replica-lag-critical', 'patroni2'),
        seen('replica-lag-critical', 'patroni3'),
        seen('all-replicas-affected', SCOPE, { facts: { kind: 'lag', replicas: 2 } }),
      ],
    ],
    [
      'a site and what stands on it',
      [
        seen('site-lost', 'north', { facts: { names: 'patroni2,etcd2' } }),
        seen('member-down', 'patroni2'),
        seen('dcs-member-down', 'etcd2'),
      ],
    ],
  ])('%s', (_what, problems) => {
    const found = last({ problems });
    expect(found).toHaveLength(1);
    expect(found[0]?.problems).toHaveLength(problems.length);
  });

  it.each<[string, readonly Problem[]]>([
    [
      'two members that are down',
      [seen('member-down', 'patroni2'), seen('member-down', 'patroni3'), seen('too-few-replicas', SCOPE)],
    ],
    [
      'a slot that kept WAL for weeks, and the death of its leader',
      [seen('slot-retains-wal', 'patroni1', { firstSeenMs: NOW_MS - 900_000 }), seen('leader-down', 'patroni1')],
    ],
    ['a replica and an endpoint of etcd', [seen('member-down', 'patroni2'), seen('dcs-member-down', 'etcd3')]],
  ])('and not %s', (_what, problems) => {
    expect(last({ problems })).toHaveLength(2);
  });

  it('two that turn out to have one cause are joined: the older goes on, the other says where it went', () => {
    const two = seen('replica-lag-critical', 'patroni2');
    const three = seen('replica-lag-critical', 'patroni3');
    const all = seen('all-replicas-affected', SCOPE, { facts: { kind: 'lag', replicas: 2 } });
    const [, before, after] = passes({ problems: [two] }, { problems: [two, three] }, { problems: [two, three, all] });
    expect(before?.map(({ id }) => id)).toEqual(['i1', 'i2']);
    expect(after).toMatchObject([
      { id: 'i2', joinedTo: 'i1' },
      { id: 'i1', endedAtMs: null },
    ]);
    expect(keysOf(after?.[1])).toHaveLength(3);
    expect(incidentNews(before ?? [], after ?? []).map(({ change, incident: { id } }) => [change, id])).toEqual([
      ['joined', 'i2'],
    ]);
    expect(incidentOf(after ?? [], three)?.id).toBe('i1');
  });

  it('trouble with the leader takes in what its replicas showed before it was sure', () => {
    const lost = seen('replica-not-streaming', 'patroni2');
    const [, after] = passes({ problems: [lost] }, { problems: [lost, seen('leader-down', 'patroni1')] });
    expect(after?.filter(isOpen)).toMatchObject([
      { id: 'i1', problems: [{ subject: 'patroni2' }, { subject: 'patroni1' }] },
    ]);
  });
});

describe('an incident ends', () => {
  const down = seen('member-down', 'patroni2');

  it('half a minute after nothing of it was left, at the moment from which that was so', () => {
    const looks = passes({ problems: [down] }, {}, { afterMs: 20_000 }, { afterMs: 20_000 });
    expect(looks.map(([one]) => one?.endedAtMs ?? null)).toEqual([null, null, null, NOW_MS + 2_000]);
    expect(incidentNews(looks[2] ?? [], looks[3] ?? [])).toMatchObject([{ change: 'ended', incident: { id: 'i1' } }]);
  });

  it('not if it comes back meanwhile', () => {
    const [one] = last({ problems: [down] }, {}, { problems: [down], afterMs: 20_000 }, { afterMs: 20_000 });
    expect(one).toMatchObject({ id: 'i1', endedAtMs: null });
  });

  it('not while nobody can tell what is left of it', () => {
    const blind = { part: { canTell: false }, afterMs: 60_000 };
    expect(last({ problems: [down] }, blind, blind)).toMatchObject([
      { endedAtMs: null, problems: [{ endedAtMs: null }] },
    ]);
  });

  it.each([
    [
      'a request of it is in flight',
      {
        remediations: [
          remediationOf(
            'start-member',
            'patroni2',
            { createdAtMs: NOW_MS, phase: 'verifying', endedAtMs: null },
            'member-down',
          ),
        ],
      },
    ],
    [
      'a drain of it stands',
      {
        remediations: [remediationOf('drain-replica', 'patroni2', { createdAtMs: NOW_MS }, 'member-down')],
        drains: [
          {
            member: 'patroni2',
            actuators: ['proxy'],
            sinceMs: NOW_MS,
            remediationId: 'drain-replica-patroni2',
            shadow: false,
          },
        ],
      },
    ],
  ] as const)('not while %s', (_what, ledger) => {
    const part = { ledger: ledgerOf(ledger) };
    const later = { part, afterMs: 60_000 };
    expect(last({ problems: [{ ...down, subject: 'patroni2' }], part }, later, later)).toMatchObject([
      { endedAtMs: null },
    ]);
  });

  it('and the last ten of them are kept, for a day', () => {
    const looks = Array.from({ length: 15 }, (_, index): readonly Look[] => [
      { problems: [seen('member-down', `p${index}`, { firstSeenMs: NOW_MS + index * 62_000 })] },
      {},
      { afterMs: 60_000 },
    ]).flat();
    expect(last(...looks)).toHaveLength(10);
    expect(last(...looks, { afterMs: 86_400_000 })).toEqual([]);
  });
});

describe('the time without writes', () => {
  const nobody = [leaderKey(null)];
  const leaderless = { problems: [seen('leaderless', SCOPE)], changes: nobody };

  it('is from the first pass without a leader to the first with one, and says how sure that is', () => {
    const [one] = last(leaderless, leaderless, leaderless, {});
    expect(one?.withoutWrites).toEqual({ ms: 6_000, unsureMs: 4_000, sinceMs: null, untoldSinceMs: null });
  });

  it('goes on while it lasts', () => {
    const [one] = last(leaderless, leaderless);
    expect(withoutWritesMs(one!, NOW_MS + 10_000)).toBe(10_000);
  });

  it('began when the passes before saw it begin', () => {
    const memory = { ...CLEAN_MEMORY, leadership: { ...CLEAN_MEMORY.leadership!, idleSinceMs: NOW_MS - 8_000 } };
    const [one] = last({ ...leaderless, part: { states: statesOf(leaderless.problems, memory) } }, {});
    expect(one?.withoutWrites.ms).toBe(10_000);
  });

  it.each<[string, Look, object]>([
    [
      'is unsure since the last that the former holder noted, where it ended before a successor counts',
      {},
      { ms: 32_000, unsureMs: 2_000 + 26_000, sinceMs: null },
    ],
    ['is unsure for as long where it lasts', leaderless, { ms: 0, unsureMs: 2_000 + 26_000, sinceMs: NOW_MS }],
  ])('%s', (_what, look, expected) => {
    // A page 6 s after the first sight is the last that it wrote; its own passes went on for another 4 s.
    const pages = [{ code: 'leaderless', subject: SCOPE, atMs: NOW_MS + 6_000 }];
    const [one] = passes(leaderless, { ...leaderless, part: {} })[1] ?? [];
    const left = { ...one!, pages } as Incident;
    const [after] = incidentsAfter([left], {
      view: { ...viewOf(...(look.changes ?? [])), atMs: NOW_MS + 32_000 },
      states: statesOf(look.problems ?? []),
      ledger: EMPTY_LEDGER,
      canTell: true,
      lastPassMs: null,
      calmMs: 2_000,
      instance: 'other',
      newId: () => 'new',
    });
    expect(after?.withoutWrites).toEqual({ untoldSinceMs: null, ...expected });
  });

  it('that begins before a successor counts began at any time since then', () => {
    const api = { problems: [seen('leader-api-silent', 'patroni1')] };
    const later = { ...leaderless, problems: [...api.problems, ...leaderless.problems], afterMs: 30_000 };
    const [one] = last(api, { ...later, part: { lastPassMs: null } });
    expect(one?.withoutWrites).toEqual({ ms: 0, unsureMs: 33_000, sinceMs: NOW_MS + 30_000, untoldSinceMs: null });
  });

  it('is nothing where the leader takes writes, whatever else is wrong with it', () => {
    const api = { problems: [seen('leader-api-silent', 'patroni1')] };
    expect(last(api, api)[0]?.withoutWrites).toMatchObject({ ms: 0, sinceMs: null });
  });

  it.each(['leader-read-only', 'leader-cannot-write', 'commits-wait'] as const)('counts while %s', (code) => {
    const refuses = { problems: [seen(code, 'patroni1', { facts: { isServer: true } })] };
    expect(last(refuses, refuses, {})[0]?.withoutWrites.ms).toBe(4_000);
  });

  it('is not told of an incident that has nothing to do with it', () => {
    const disk = { problems: [seen('disk-filling', 'patroni3')], changes: nobody };
    expect(last(disk, disk)[0]?.withoutWrites).toMatchObject({ ms: 0 });
  });
});

describe('the list', () => {
  it('is the very same one while nothing of it changes', () => {
    const down = { problems: [seen('member-down', 'patroni2')] };
    const [first, second] = passes(down, down);
    expect(second).toBe(first);
  });

  it('is that of the ledger, with what this instance opened while it could not write there', () => {
    const [mine] = last({ problems: [seen('dcs-quorum-lost', SCOPE)] });
    const theirs = { ...mine!, id: 'theirs' };
    expect(incidentsKnown([theirs], [mine!]).map(({ id }) => id)).toEqual(['theirs', 'i1']);
    expect(incidentsKnown([{ ...mine!, level: 'info' }], [mine!])).toEqual([mine]);
  });

  it('goes on for as long as was lived when the clock is set', () => {
    const [one] = last({ problems: [seen('leaderless', SCOPE)], changes: [leaderKey(null)] });
    const moved = livedIncident(one!, 3_600_000);
    expect(moved.openedAtMs - one!.openedAtMs).toBe(3_600_000);
    expect(withoutWritesMs(moved, NOW_MS + 3_600_000)).toBe(withoutWritesMs(one!, NOW_MS));
  });
});

describe('an entry is part of an incident', () => {
  const run = remediationOf('start-member', 'patroni2', { createdAtMs: NOW_MS }, 'member-down');
  const [incident] = last({
    problems: [seen('member-down', 'patroni2')],
    part: { ledger: ledgerOf({ remediations: [run] }) },
  });
  const of = (body: Parameters<typeof incidentOfEntry>[0]) => incidentOfEntry(body, [incident!]);
  const plan = planOf('start-member', 'patroni2', {}, 'member-down');
  const reply = { effect: 'done', status: 200, text: '', tookMs: 1 } as const;

  it('by its request, its verdict, its page, or because it was open', () => {
    expect(of({ kind: 'intent', id: 'new', plan, step: 0, request: '', shadow: false, epoch: '1' })).toBe('i1');
    expect(of({ kind: 'outcome', id: run.id, step: 0, reply, shadow: false })).toBe('i1');
    expect(of({ kind: 'verdict', id: run.id, remediation: run })).toBe('i1');
    expect(of({ kind: 'page', code: 'member-down', subject: 'patroni2', text: '' })).toBe('i1');
    expect(of({ kind: 'pass', tick: 1, cluster: '', problems: [], decisions: [], view: null, states: null })).toEqual([
      'i1',
    ]);
  });

  it('or of none: a person asked, or it is about something else', () => {
    const asked = { ...plan, because: { code: 'operator', subject: 'patroni2' } } as const;
    expect(of({ kind: 'intent', id: 'x', plan: asked, step: 0, request: '', shadow: false, epoch: '1' })).toBeNull();
    expect(of({ kind: 'page', code: 'member-down', subject: 'patroni3', text: '' })).toBeNull();
    expect(of({ kind: 'stop', reason: '' })).toBeNull();
  });
});
