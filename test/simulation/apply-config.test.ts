import { describe, expect, it } from 'vitest';
import { configNow } from '../../src/actions/cluster-config.js';
import { startRun } from '../../src/kernel/runs.js';
import { situationOf } from '../../src/kernel/situation.js';
import { leftOf } from '../../src/decide/run-left.js';
import { markOf, type RunAnswer, type RunChange, type RunRequest } from '../../src/model/procedure-run.js';
import { recallMemory } from '../../src/kernel/recall.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
const policy = testPolicy(
  {},
  {
    switchover: APPROVE,
    'restart-member': APPROVE,
    'restart-leader': APPROVE,
    'patch-config': APPROVE,
    'proxy-nudge': { mode: 'auto' },
  },
);

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  return ekimi;
}

const ASKED = stagedRequest({ name: 'apply-config', reason: 'more clients' });
const CONNECTIONS = 'postgresql.parameters.max_connections';

const start = (
  ekimi: Rig,
  parameters: Readonly<Record<string, string>>,
  more: Partial<RunRequest> = {},
): Promise<RunAnswer> => startStaged(ekimi, { ...ASKED, parameters, ...more });

/** A person who has seen what is left now, and agrees to that. */
function change(ekimi: Rig, what: RunChange) {
  const left = leftOf(situationOf(ekimi.session, ekimi.session.view ?? raise()), newestRun(ekimi) ?? raise()) ?? [];
  return changeStaged(ekimi, what, markOf(left.map(({ key }) => key)));
}

/** Each request once, in order, by its first words. */
const sent = (ekimi: Rig): readonly string[] =>
  ekimi.requests().flatMap((text) => /^(POST \/(restart|switchover) on \S+|etcd: merge)/.exec(text)?.[0] ?? []);
const connections = (ekimi: Rig): readonly (string | undefined)[] =>
  ['patroni1', 'patroni2', 'patroni3'].map((name) => ekimi.cluster.inspect(name).postgres.running['max_connections']);

function documentIn(ekimi: Rig) {
  const now = configNow(ekimi.session.view ?? raise());
  return typeof now === 'string' ? now : now.document;
}
const raise = (): never => {
  throw new Error('nothing was seen');
};

const RAISED = [
  'etcd: merge',
  'POST /restart on patroni2',
  'POST /restart on patroni3',
  'POST /switchover on patroni1',
];
const LOWERED = ['etcd: merge', 'POST /restart on patroni1', 'POST /restart on patroni2', 'POST /restart on patroni3'];

describe('a change of the configuration', () => {
  it('that raises what a standby must have as high as its primary goes to the replicas first', async () => {
    const ekimi = await quiet();
    expect((await start(ekimi, { [CONNECTIONS]: '300' })).kind).toBe('started');
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(sent(ekimi)).toEqual(RAISED);
    expect(connections(ekimi)).toEqual(['300', '300', '300']);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
  });

  it('that lowers it restarts the leader first, where it leads, and no replica is left with the old value', async () => {
    const ekimi = await quiet();
    await start(ekimi, { [CONNECTIONS]: '120' });
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(sent(ekimi)).toEqual(LOWERED);
    expect(connections(ekimi)).toEqual(['120', '120', '120']);
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });

  it('that needs no restart is one write, and every member is seen to have it', async () => {
    const ekimi = await quiet();
    await start(ekimi, { 'postgresql.parameters.work_mem': '"8MB"', ttl: '40' });
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail: 'changed: postgresql.parameters.work_mem none -> 8MB, ttl 30 -> 40',
    });
    expect(sent(ekimi)).toEqual(['etcd: merge']);
  });

  it('shown, or in dry-run, prints the difference and every request, and sends nothing', async () => {
    for (const [options, more] of [
      [{}, { dryRun: true }],
      [{ policy: testPolicy({ mode: 'dry-run' }) }, {}],
    ] as const) {
      const ekimi = await quiet(options);
      expect(await start(ekimi, { [CONNECTIONS]: '120' }, more)).toMatchObject({
        kind: 'planned',
        stages: [
          {
            key: 'patch-config',
            text: `change ${CONNECTIONS} none -> 120 (restart)`,
            requests: [expect.stringContaining('{"postgresql":{"parameters":{"max_connections":120}}}')],
          },
          { key: 'every member has it' },
          { key: 'restart-leader patroni1' },
          { key: 'replicas have replayed it' },
          { key: 'restart-member patroni2' },
          { key: 'restart-member patroni3' },
        ],
      });
      await ekimi.run(30);
      expect(ekimi.requests()).toEqual([]);
    }
  });

  it('is held where somebody else wrote in between, and goes on over that when a person agrees to it', async () => {
    const other = await quiet();
    const answer = start(other, { ttl: '40' });
    other.cluster.patchConfig({ loop_wait: 9 });
    await answer;
    await other.run(20);
    expect(newestRun(other)).toMatchObject({ phase: 'held', detail: expect.stringContaining('over mod revision') });
    expect(other.requests()).toEqual([]);
    await change(other, 'continue');
    await other.run(20);
    expect(newestRun(other)).toMatchObject({ phase: 'succeeded' });
    expect(documentIn(other)).toMatchObject({ ttl: 40, loop_wait: 9 });
  });

  it('ended in the middle says who still runs with the old value', async () => {
    const ekimi = await quiet();
    await start(ekimi, { [CONNECTIONS]: '300' });
    await ekimi.run(2);
    await change(ekimi, 'abort');
    await ekimi.run(40);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'aborted', detail: expect.stringContaining('not restarted') });
  });

  it.each([
    ['300', RAISED],
    ['120', LOWERED],
  ])('to %s, ended after one restart: the same command does the rest in the same order', async (value, requests) => {
    const ekimi = await quiet();
    await start(ekimi, { [CONNECTIONS]: value });
    while (sent(ekimi).length < 2) await ekimi.run(1);
    await change(ekimi, 'abort');
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringMatching(
        new RegExp(`with the old value; to go on: ekimi run-procedure apply-config --set ${CONNECTIONS}=${value}$`),
      ) as string,
    });
    expect(sent(ekimi)).toEqual(requests.slice(0, 2));
    expect(await start(ekimi, { [CONNECTIONS]: value })).toMatchObject({ kind: 'started' });
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(sent(ekimi)).toEqual(requests);
    expect(connections(ekimi)).toEqual([value, value, value]);
  });

  it('to 300, ended after one restart, is taken back: whoever has the new value already is restarted', async () => {
    const ekimi = await quiet();
    await start(ekimi, { [CONNECTIONS]: '300' });
    while (sent(ekimi).length < 2) await ekimi.run(1);
    await change(ekimi, 'abort');
    await ekimi.run(60);
    expect(await start(ekimi, { [CONNECTIONS]: '200' })).toMatchObject({ kind: 'started' });
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(connections(ekimi)).toEqual(['200', '200', '200']);
  });

  it('done by hand meanwhile is not done again', async () => {
    const ekimi = await quiet();
    const answer = start(ekimi, { [CONNECTIONS]: '300' });
    ekimi.cluster.patchConfig({ postgresql: { parameters: { max_connections: 300 } } });
    await answer;
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(sent(ekimi)).toEqual(RAISED.slice(1));
  });
});

describe('a change of the configuration is refused', () => {
  const REFUSED: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{}, 'nothing is named'],
    [{ ttl: '10' }, 'ttl is a whole number of at least 20'],
    [{ ttl: '25' }, 'would be less than loop_wait'],
    [{ ttl: 'soon' }, 'ttl is a whole number'],
    [{ pause: 'true' }, 'pause-cluster'],
    [{ 'tags.noloadbalance': 'true' }, 'is not changed here'],
    [{ failsafe_mode: 'maybe' }, 'true or false'],
    [{ 'postgresql.parameters.max_conections': '5' }, 'knows no parameter max_conections'],
    [{ [CONNECTIONS]: '300000' }, 'at most 262143'],
    [{ [CONNECTIONS]: '10' }, 'below 25 is not heeded'],
    [{ [CONNECTIONS]: 'many' }, 'takes a number'],
    [{ 'postgresql.parameters.autovacuum': 'perhaps' }, 'takes on or off'],
    [{ 'postgresql.parameters.log_statement': 'some' }, 'takes none, ddl, mod, all'],
    [{ 'postgresql.parameters.block_size': '16384' }, 'cannot be changed'],
    [{ 'postgresql.parameters.port': '5433' }, 'is not heeded'],
    [{ 'postgresql.parameters.archive_command': 'cp' }, 'may hold a secret'],
    [{ [CONNECTIONS]: '300', 'postgresql.parameters.max_locks_per_transaction': '32' }, 'one falls and another rises'],
    [{ ttl: '30' }, 'so already'],
  ];

  it('for everything that PostgreSQL or Patroni would not take, with what is wrong', async () => {
    const ekimi = await quiet();
    for (const [parameters, why] of REFUSED)
      expect(await start(ekimi, parameters), JSON.stringify(parameters)).toMatchObject({
        kind: 'refused',
        text: expect.stringContaining(why),
      });
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a controller that dies', () => {
  const story = async (value: string, after: number) => {
    const doom = doomed();
    const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    doom.arm(after);
    void startRun(first.session, { ...ASKED, parameters: { [CONNECTIONS]: value } }, 'dba');
    await first.run(90);
    return { first, doom };
  };

  it.each(['300', '120'])(
    'after some of its effects (each with EVERY_POINT=1) of a change to %s: the next one finishes it, and nothing is sent twice',
    async (value) => {
      const { doom: whole } = await story(value, Infinity);
      const stride = everyNth(Math.ceil(whole.effects.length / 2));
      for (let after = 1 + (value === '120' ? 3 : 0); after <= whole.effects.length; after += stride) {
        const { first } = await story(value, after);
        const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
        first.cluster.advance(3_000);
        const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
        const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
        await next.run(250);
        expect(new Set(sent(next)).size, where).toBe(sent(next).length);
        if (newestRun(next)?.phase === 'held') {
          expect(newestRun(next)?.detail, where).toMatch(/ ineffective: |does not show it/);
          await change(next, 'continue');
          await next.run(250);
        }
        const run = newestRun(next);
        if (run === undefined) expect(sent(next), where).toEqual([]);
        else {
          expect(run, where).toMatchObject({ phase: 'succeeded' });
          expect(connections(next), where).toEqual([value, value, value]);
        }
        expect(next.cluster.primaries(), where).toEqual([next.cluster.leader()]);
      }
    },
    60_000,
  );
});
