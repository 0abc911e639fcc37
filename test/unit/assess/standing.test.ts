import { describe, expect, it } from 'vitest';
import { postgresName, slotNameOf } from '../../../src/model/names.js';
import { archivedUpTo } from '../../../src/assess/archive.js';
import { leaderlessCandidates, candidatesFor } from '../../../src/assess/candidates.js';
import { isServedBy } from '../../../src/assess/upstream.js';
import { byPerson } from '../../../src/decide/candidate.js';
import { blocksFor } from '../../../src/decide/gates.js';
import { ACTIONS } from '../../../src/actions/index.js';
import { isBeingRewound } from '../../../src/assess/rewinding.js';
import { rememberStanding } from '../../../src/machines/standing.js';
import { memberName } from '../../../src/model/names.js';
import type { Intention } from '../../../src/model/intention.js';
import { trailOf } from '../../support/standing-situations.js';
import {
  api,
  assessmentOf,
  at,
  CLEAN_MEMORY,
  findingOf,
  host,
  inputOf,
  lags,
  MB,
  NO_TAGS,
  notStreaming,
  NOW_MS,
  planOf,
  seenIn,
  silent,
  sql,
  startFailed,
  statesOf,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const declared =
  (name: string, ...intentions: readonly Intention[]): Change =>
  (view) => ({ ...view, intentions: { [name]: intentions } });

/** patroni3 replays a little behind, at a position that the leader left `minutes` ago. */
const standsSince = (minutes: number): Change => {
  const lsn = (BigInt(0x4fff00000) + BigInt((60 - minutes) * 1_000)) as never;
  return (view) =>
    [
      sql('patroni3', { replayLsn: lsn }),
      api('patroni3', {
        xlog: {
          location: null,
          receivedLocation: at(0),
          replayedLocation: lsn,
          replayedAtMs: NOW_MS,
          replayPaused: false,
        },
      }),
    ].reduce((now, change) => change(now), view);
};
const lagCodes = (...changes: readonly Change[]): readonly string[] =>
  seenIn(assessmentOf(viewOf(...changes), { memory: trailOf(60) })).filter((code) => code.startsWith('replica-lag'));

describe('[P5] what a replica shows is old though few bytes are missing', () => {
  it('counts by time, level by level', () => {
    expect(lagCodes(standsSince(0))).toEqual([]);
    expect(lagCodes(standsSince(2))).toEqual(['replica-lagging/patroni3']);
    expect(lagCodes(standsSince(7))).toEqual(['replica-lagging/patroni3', 'replica-lag-critical/patroni3']);
    expect(lagCodes(standsSince(20))).toContain('replica-lag-emergency/patroni3');
  });

  it('says how old, with the limit, by each channel', () => {
    const finding = findingOf(assessmentOf(viewOf(standsSince(20)), { memory: trailOf(60) }), 'replica-lag-emergency');
    expect(finding?.channels).toEqual(['sql', 'api']);
    expect(finding?.evidence[0]?.text).toBe('SQL: what patroni3 shows is 19 min old (limit 100 MiB or 15 min)');
    expect(finding?.facts['lagMs']).toBe(19 * 60_000);
  });

  it('is no matter where the leader wrote nothing', () => {
    const memory = { ...trailOf(60), leaderTrail: [{ lsn: '5/00000000', atMs: NOW_MS - 3_600_000 }] };
    expect(seenIn(assessmentOf(viewOf(), { memory }))).toEqual([]);
  });

  it('does not believe a clock of a member', () => {
    expect(lagCodes(sql('patroni3', { replayLagSeconds: 86_400 }))).toEqual([]);
  });
});

describe('[P6] a replica without a source', () => {
  it('grows old by what the leader wrote since, also on the timeline before', () => {
    const before: Change = (view) => [notStreaming('patroni3'), standsSince(20)].reduce((now, one) => one(now), view);
    expect(lagCodes(before)).toContain('replica-lag-emergency/patroni3');
  });
});

describe('[S8] what is as intended', () => {
  it.each([
    ['tag nostream', api('patroni3', { replicationState: null, tags: { ...NO_TAGS, raw: { nostream: true } } })],
    ['declared archive-only', declared('patroni3', 'archive-only')],
  ])('%s: it is not asked for a stream', (_case, change) => {
    expect(seenIn(assessmentOf(viewOf(notStreaming('patroni3'), change)))).not.toContain(
      'replica-not-streaming/patroni3',
    );
  });

  it('archive recovery with replay that moves is a source', () => {
    const view = viewOf(notStreaming('patroni3'), api('patroni3', { replicationState: 'in archive recovery' }));
    const moved = (ms: number) => ({
      memory: { ...CLEAN_MEMORY, replay: { patroni3: { lsn: '5/00000000', changedAtMs: NOW_MS - ms } } },
    });
    expect(seenIn(assessmentOf(view, moved(30_000)))).not.toContain('replica-not-streaming/patroni3');
    expect(seenIn(assessmentOf(view, moved(600_000)))).toContain('replica-not-streaming/patroni3');
  });

  it('an apply delay is no lag, in bytes or in time, until it is more than the delay', () => {
    const delayed = sql('patroni3', { applyDelayMs: 30 * 60_000 });
    const since = (minutes: number) => ({ memory: trailOf(minutes) });
    expect(seenIn(assessmentOf(viewOf(lags('patroni3', 500 * MB), delayed), since(10)))).toEqual([
      'as-intended/patroni3',
    ]);
    expect(lagCodes(standsSince(25), delayed)).toEqual([]);
    expect(lagCodes(standsSince(50), delayed)).toContain('replica-lag-emergency/patroni3');
  });

  it('a member that is declared delayed is late on purpose, however late', () => {
    expect(lagCodes(lags('patroni3', 500 * MB), declared('patroni3', 'delayed'))).toEqual([]);
  });

  it('[P21] a member that is retired is neither missed nor counted nor promoted', () => {
    const view = viewOf(stopped('patroni3'), declared('patroni3', 'retired'));
    expect(seenIn(assessmentOf(view))).toEqual(['as-intended/patroni3']);
    const rows = leaderlessCandidates(viewOf(declared('patroni3', 'retired')), CLEAN_MEMORY);
    expect(rows.find(({ name }) => name === 'patroni3')?.barred).toEqual(['is declared retired']);
  });
});

describe('[P24] a rewind', () => {
  const memory = {
    ...CLEAN_MEMORY,
    lastPrimary: { patroni2: { timeline: 6, lsn: '4/00000000', atMs: NOW_MS - 60_000 } },
  };
  const reader = { client: '10.0.0.3', sinceMs: 500 };
  const rewinding = [startFailed('patroni2'), sql('patroni1', { rewinds: [{ client: '10.0.0.2', sinceMs: 5_000 }] })];

  it('that is under way is told as such and as nothing else', () => {
    expect(seenIn(assessmentOf(viewOf(...rewinding), { memory })).filter((code) => code.endsWith('/patroni2'))).toEqual(
      ['member-rewinding/patroni2'],
    );
  });

  it('that is under way lets nothing be sent to its member', () => {
    const input = inputOf([], { view: viewOf(...rewinding), states: statesOf([], memory) });
    for (const name of ['restart-member', 'reinitialize-replica', 'start-member'] as const) {
      const plan = planOf(name, 'patroni2');
      const blocks = blocksFor(input, byPerson(plan));
      expect(blocks.map((block) => block.because)).toContain('patroni2 is being rewound');
    }
  });

  it('of a replica that was ahead is told of that one, and not of the leader that died before', () => {
    const died = [
      host('patroni2', { state: 'stopped', id: 'c2' }),
      silent('patroni2', 'api', 'refused'),
      silent('patroni2', 'sql', 'refused'),
    ];
    const ahead = [startFailed('patroni3'), sql('patroni1', { rewinds: [reader], replicas: [] })];
    const view = viewOf(...died, ...ahead);
    const told = seenIn(assessmentOf(view, { memory })).filter((code) => code.startsWith('member-rewinding'));
    expect(told).toEqual(['member-rewinding/patroni3']);
    // A replica that was ahead never led: nothing that could be lost with it stops its start.
    expect(rememberStanding(memory, view).rewindingSinceMs).toEqual({});
  });

  it('of a replica that was ahead is not remembered of a leader of whom nothing is known', () => {
    const gone = [
      silent('patroni2', 'api', 'timeout'),
      silent('patroni2', 'sql', 'timeout'),
      silent('patroni2', 'host'),
    ];
    const view = viewOf(...gone, startFailed('patroni3'), sql('patroni1', { rewinds: [reader], replicas: [] }));
    expect(isBeingRewound({ view, memory }, view.members[2]!)).toBe(true);
    expect(rememberStanding(memory, view).rewindingSinceMs).toEqual({});
  });

  it('that lost its power leaves a session behind, which is not that of a replica that fails to start', () => {
    const seenBefore = { ...memory, rewindingSinceMs: { patroni2: NOW_MS - 60_000 } };
    const off = [
      host('patroni2', { state: 'stopped', id: 'c2' }),
      silent('patroni2', 'api', 'refused'),
      silent('patroni2', 'sql', 'refused'),
    ];
    const view = viewOf(...off, startFailed('patroni3'), sql('patroni1', { rewinds: [reader], replicas: [] }));
    expect(view.members.filter((member) => isBeingRewound({ view, memory: seenBefore }, member))).toEqual([]);
  });

  it('is that of a member whose Patroni answers, whatever its host driver says', () => {
    const elsewhere = viewOf(...rewinding, host('patroni2', { state: 'stopped', id: 'c9' }));
    expect(isBeingRewound({ view: elsewhere, memory }, elsewhere.members[1]!)).toBe(true);
  });

  it('whose reader is not known leaves both alone that may be it, and nothing is remembered of either', () => {
    const both = { ...memory, rewindingSinceMs: { patroni3: NOW_MS - 60_000 } };
    const view = viewOf(startFailed('patroni3'), ...rewinding, sql('patroni1', { rewinds: [reader], replicas: [] }));
    const told = assessmentOf(view, { memory: both });
    expect(seenIn(told).filter((code) => code.startsWith('member-rewinding'))).toEqual([
      'member-rewinding/patroni2',
      'member-rewinding/patroni3',
    ]);
    expect(rememberStanding(both, view).rewindingSinceMs).toEqual(both.rewindingSinceMs);
    const blocks = blocksFor(
      inputOf([], { view, states: statesOf([], both) }),
      byPerson(planOf('restart-member', 'patroni2')),
    );
    expect(blocks.map(({ because }) => because)).toContain('patroni2 is being rewound');
  });

  it('that was interrupted lets nobody start its member', () => {
    const interrupted = { ...memory, rewindingSinceMs: { patroni2: NOW_MS - 60_000 } };
    const view = viewOf(
      stopped('patroni2'),
      host('patroni2', { state: 'stopped', id: 'c2' }),
      silent('patroni2', 'api', 'refused'),
    );
    const at = assessmentOf(view, { memory: interrupted });
    const plan = { ...planOf('start-member', 'patroni2'), params: { id: 'c2' } };
    expect(ACTIONS['start-member'].refuse(at, plan)).toMatch(/middle of a rewind/);
  });
});

it('[P16] a member whose replay is paused may not lead unasked', () => {
  const [best] = candidatesFor(viewOf(sql('patroni2', { replayPaused: true })), CLEAN_MEMORY, 'patroni1');
  expect(best?.name).toBe('patroni3');
  const rows = candidatesFor(viewOf(sql('patroni2', { replayPaused: true })), CLEAN_MEMORY, 'patroni1');
  expect(rows.find(({ name }) => name === 'patroni2')?.against).toEqual(['has its replay paused']);
});

describe('[S9] names longer than PostgreSQL keeps', () => {
  const long = `patroni-${'x'.repeat(71)}`;
  it('are compared as it has them', () => {
    expect(postgresName(long)).toHaveLength(63);
    expect(slotNameOf('Db-1.eu')).toBe('db_1_eu');
    const view = viewOf(
      sql('patroni1', {
        replicas: [
          {
            applicationName: long.slice(0, 63),
            state: 'streaming',
            syncState: 'async',
            sentLsn: null,
            replayLsn: null,
            lagBytes: 0,
          },
        ],
      }),
    );
    const [leader, replica] = view.members;
    expect(isServedBy(leader!, { ...replica!, name: memberName(long) })).toBe(true);
  });
});

it('[P11] the archive is safe up to the end of the file that was archived last', () => {
  expect(archivedUpTo('000000070000000500000042')).toBe(0x5_4300_0000n);
  expect(archivedUpTo('0000000700000005000000FF')).toBe(0x6_0000_0000n);
  expect(archivedUpTo('00000007.history')).toBeNull();
  expect(archivedUpTo(null)).toBeNull();
});

it('[P11] a leader that fails to archive is not handed over on purpose', () => {
  const archiver = {
    failedAgoMs: 5_000,
    failedWal: '000000070000000500000000',
    archivedAgoMs: null,
    archivedWal: null,
  };
  const plan = {
    ...planOf('switchover', 'patroni1'),
    params: { leader: 'patroni1', candidate: 'patroni2', scheduledAt: null },
  };
  expect(ACTIONS.switchover.refuse(assessmentOf(viewOf(sql('patroni1', { archiver }))), plan)).toMatch(
    /fails to archive/,
  );
  expect(ACTIONS.switchover.refuse(assessmentOf(viewOf()), plan)).toBeNull();
});

it('[P29] a timeline that the leader never had is told, and its member is not rebuilt for it', () => {
  const view = viewOf(notStreaming('patroni3'), sql('patroni3', { timeline: 9 }), api('patroni3', { timeline: 9 }));
  const found = seenIn(assessmentOf(view));
  expect(found).toContain('timeline-foreign/patroni3');
  expect(found).not.toContain('timeline-diverged/patroni3');
});
