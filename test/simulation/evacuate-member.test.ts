import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import { ask, told } from '../support/asking.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, stagesOf, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
/** What repairs replicas is automatic: it would start a member that somebody stopped. */
const policy = testPolicy(
  {},
  {
    switchover: APPROVE,
    'stop-member': { mode: 'approve', timeoutMs: 30_000 },
    'proxy-nudge': { mode: 'auto' },
    'start-member': { mode: 'auto' },
  },
);

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  return ekimi;
}

const hostOf = (ekimi: Rig, name: string): string => ekimi.cluster.inspect(name).host.state;
const requests = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => !text.includes('health'));
const OUT = { name: 'evacuate-member', member: 'patroni1' } as const;
const ALL = ['switchover from patroni1', 'drain-replica patroni1', 'stop-member patroni1'];

describe('a member that is taken out', () => {
  it('leads no more, has no readers, is stopped, and is started by nobody until it is given back', async () => {
    const ekimi = await quiet();
    expect(stagesOf(await startStaged(ekimi, OUT))).toEqual(ALL);
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail: expect.stringContaining('is stopped') as string,
    });
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    await ekimi.run(200);
    expect(hostOf(ekimi, 'patroni1')).toBe('stopped');
    expect(requests(ekimi)).toEqual([
      expect.stringContaining('POST /switchover on patroni1'),
      'haproxy> set server postgres_replicas/patroni1 state drain',
      'host stop patroni1 (killed after 60 s)',
    ]);
    expect(ekimi.notifier.pages.map(({ code }) => code)).toEqual(['too-few-replicas']);

    expect(stagesOf(await startStaged(ekimi, { name: 'give-back', member: 'patroni1' }))).toEqual([
      'start-member patroni1',
      'streams patroni1',
      'undrain-replica patroni1',
    ]);
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({
      name: 'give-back',
      phase: 'succeeded',
      detail: 'patroni1 runs and streams',
    });
    expect(requests(ekimi).slice(3)).toEqual([
      'host start patroni1',
      'haproxy> set server postgres_replicas/patroni1 state ready',
    ]);
    expect(ekimi.session.ledger.evacuations ?? []).toEqual([]);
  });

  it('marked only, it runs on and nothing touches it', async () => {
    const ekimi = await quiet();
    await startStaged(ekimi, { ...OUT, member: 'patroni3', parameters: { then: 'mark' } });
    await ekimi.run(30);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(hostOf(ekimi, 'patroni3')).toBe('running');
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(90);
    expect(requests(ekimi)).toEqual(['haproxy> set server postgres_replicas/patroni3 state drain']);
    const other = await ask(ekimi, { name: 'start-member', target: 'patroni3' });
    expect(told(other)).toContain('kill-switch: dba took patroni3 out: new memory');
  });

  it('that leads after all and dies is answered as any leader is', async () => {
    const ekimi = await quiet({
      policy: testPolicy({}, { 'stop-member': APPROVE, 'expedite-failover': { mode: 'auto' } }),
    });
    await startStaged(ekimi, { ...OUT, member: 'patroni3', parameters: { then: 'mark' } });
    await ekimi.run(30);
    ekimi.cluster.killContainer('patroni2');
    await ekimi.run(5);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(90);
    expect(ekimi.requests().filter((text) => text.startsWith('etcd: delete the leader key'))).toHaveLength(1);
    expect(ekimi.cluster.leader()).toBe('patroni3');
  });

  it('is not taken where it is the last that serves readers: the plan says so, and nothing is sent', async () => {
    const ekimi = await quiet();
    await startStaged(ekimi, { ...OUT, member: 'patroni3' });
    await ekimi.run(60);
    const answer = await startStaged(ekimi, { ...OUT, member: 'patroni2', dryRun: true });
    expect(JSON.stringify(answer)).toContain('other replicas');
    await startStaged(ekimi, { ...OUT, member: 'patroni2' });
    const before = ekimi.requests().length;
    await ekimi.run(60);
    expect(ekimi.requests().length).toBe(before);
  });

  it('ended in the middle it says what it leaves, and repairs are free to mend it', async () => {
    const ekimi = await quiet();
    await startStaged(ekimi, OUT);
    await ekimi.run(4);
    expect(await changeStaged(ekimi, 'abort')).toMatchObject({ ok: true });
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('patroni1 runs') as string,
    });
    expect(ekimi.session.ledger.evacuations ?? []).toEqual([]);
    expect(requests(ekimi).some((text) => text.startsWith('host stop'))).toBe(false);
  });

  it('in dry-run every stage is shown with its requests and nothing is kept', async () => {
    const ekimi = await quiet({
      policy: testPolicy({ mode: 'dry-run' }, { switchover: APPROVE, 'stop-member': APPROVE }),
    });
    expect(stagesOf(await startStaged(ekimi, OUT))).toEqual(ALL);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.ledger.evacuations ?? []).toEqual([]);
  });

  it.each([
    ['a member that is none', { member: 'patroni9' }, 'patroni9 is not a member of'],
    ['another end', { parameters: { then: 'burn' } }, 'then is "burn": it is stop or mark'],
    ['a parameter that there is not', { parameters: { force: 'yes' } }, 'takes no parameter force'],
    ['itself as who leads', { candidate: 'patroni1' }, 'patroni1 cannot lead in its own place'],
    ['nobody', { member: null }, 'evacuate-member needs a member'],
  ])('%s is refused', async (_, asked, why) => {
    const ekimi = await quiet();
    expect(stagesOf(await startStaged(ekimi, { ...OUT, ...asked }))).toEqual([expect.stringContaining(why)]);
  });

  it('twice is refused, and so is giving back what nobody took', async () => {
    const ekimi = await quiet();
    const back = await startStaged(ekimi, { name: 'give-back', member: 'patroni3' });
    expect(stagesOf(back)).toEqual([expect.stringContaining('nobody took patroni3 out')]);
    await startStaged(ekimi, { ...OUT, member: 'patroni3', parameters: { then: 'mark' } });
    await ekimi.run(30);
    const again = await startStaged(ekimi, { ...OUT, member: 'patroni3' });
    expect(stagesOf(again)).toEqual([expect.stringContaining('dba took patroni3 out already (new memory)')]);
  });

  it.each(['add-replica', 'remove-member'] as const)(
    'is not touched by %s of another person, who is told whose it is',
    async (name) => {
      const ekimi = await quiet();
      await startStaged(ekimi, { ...OUT, member: 'patroni3', parameters: { then: 'mark' } });
      await ekimi.run(30);
      const before = ekimi.requests().length;
      expect(stagesOf(await startStaged(ekimi, { name, member: 'patroni3' }))).toEqual([
        expect.stringContaining('dba took patroni3 out already (new memory): ekimi run-procedure give-back patroni3'),
      ]);
      await ekimi.run(30);
      expect(ekimi.requests().length).toBe(before);
      expect(ekimi.session.ledger.evacuations).toMatchObject([{ member: 'patroni3', by: 'dba' }]);
    },
  );

  it('what is stopped needs a host driver that says what runs there', async () => {
    const ekimi = await quiet({ without: ['host'] });
    expect(stagesOf(await startStaged(ekimi, OUT))).toEqual([expect.stringContaining('--set then=mark')]);
  });
});

const STRIDE = everyNth(6);

describe('our death while a member is taken out', () => {
  const story = async (after: number) => {
    const doom = doomed();
    const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    doom.arm(after);
    void startRun(first.session, stagedRequest(OUT), 'dba');
    await first.run(90);
    return { first, doom };
  };

  it('after every sixth of its effects (each with EVERY_POINT=1): the next holder of tenure finishes it, and nothing is sent twice or started again', async () => {
    const { doom: whole } = await story(Infinity);
    for (let after = 2; after <= whole.effects.length; after += STRIDE) {
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(3_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
      await next.run(90);
      if (newestRun(next)?.phase === 'held') {
        await changeStaged(next, 'continue');
        await next.run(60);
      }
      const run = newestRun(next);
      if (run === undefined) expect(requests(next), where).toEqual([]);
      else {
        expect(run.phase, where).toBe('succeeded');
        expect(hostOf(next, 'patroni1'), where).toBe('stopped');
      }
      expect(
        requests(next).filter((text) => text.startsWith('host start')),
        where,
      ).toEqual([]);
      expect(new Set(requests(next)).size, where).toBe(requests(next).length);
    }
  }, 60_000);
});
