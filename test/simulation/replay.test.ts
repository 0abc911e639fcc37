import { describe, expect, it } from 'vitest';
import { endSession } from '../../src/kernel/stop.js';
import { openJournal } from '../../src/journal/open.js';
import { readJournal } from '../../src/journal/read.js';
import type { EntryBody, JournalEntry } from '../../src/model/entry.js';
import type { ActionPolicy, Policy } from '../../src/model/policy.js';
import type { Redecided } from '../../src/replay/redecided.js';
import { replayer } from '../../src/replay/replay.js';
import { cli, entriesFrom } from '../support/fake-cli.js';
import { testPolicy } from '../support/policy.js';
import { scratch } from '../support/scratch.js';
import { rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';

const withDrain = (mode: ActionPolicy['mode']): Policy => testPolicy({}, { 'drain-replica': { mode } });

const startOf = (policy: Policy): JournalEntry => ({
  seq: 0,
  prev: '',
  hash: '',
  atMs: 0,
  scope: 'demo',
  body: { kind: 'start', version: '', instance: 'test', configHash: '', policyHash: 'hash', policy },
});

/** A replica that falls 200 MB behind, under a policy; with the entry of the start in front, as a daemon writes it. */
async function lagged(policy: Policy): Promise<readonly JournalEntry[]> {
  const ekimi = rig({ policy });
  await ekimi.run(15);
  lagEmergency(ekimi);
  await ekimi.run(20);
  const { scope } = ekimi.cluster.options;
  return [{ ...startOf(policy), scope }, ...ekimi.journal.entries];
}

const replay = (entries: readonly JournalEntry[], policy: Policy | null = null): readonly Redecided[] => {
  const redecide = replayer(policy);
  return entries.map(redecide).filter((row) => row !== null);
};
const changesIn = (rows: readonly Redecided[]) =>
  rows.flatMap((row) => (row.kind === 'skipped' ? [] : row.changes.map((change) => ({ ...change, row }))));

describe('a journal', () => {
  it('is decided again as it was, second looks included', async () => {
    const rows = replay(await lagged(withDrain('auto')));
    expect(changesIn(rows)).toEqual([]);
    expect(rows.filter(({ kind }) => kind === 'second-look')).toHaveLength(1);
    expect(rows.filter(({ kind }) => kind === 'pass').length).toBeGreaterThan(2);
    expect(rows.every(({ kind }) => kind !== 'skipped')).toBe(true);
  });

  it('that ends with a stop has a last pass that decided nothing', async () => {
    const ekimi = rig({ policy: withDrain('auto') });
    await ekimi.run(5);
    await endSession(ekimi.session, Promise.resolve());
    const { scope } = ekimi.cluster.options;
    const rows = replay([{ ...startOf(ekimi.session.policy), scope }, ...ekimi.journal.entries]);
    expect(ekimi.entries('pass').at(-1)?.body.isLast).toBe(true);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ kind }) => kind === 'pass')).toBe(true);
  });

  it('whose first files were pruned goes by the policy at the head of the next', async () => {
    const policy = withDrain('auto');
    const [start, ...entries] = await lagged(policy);
    const head = { kind: 'policy', change: 'in-force', hash: 'hash', detail: '', policy } as const;
    const rows = replay([{ ...start!, body: head }, ...entries]);
    expect(changesIn(rows)).toEqual([]);
    expect(rows.every(({ kind }) => kind !== 'skipped')).toBe(true);
  });

  it('shows what another policy would have done, by which gate, and from where on that is a guess', async () => {
    const rows = replay(await lagged(withDrain('approve')), withDrain('auto'));
    const [first, ...later] = changesIn(rows);
    expect(first).toMatchObject({ what: 'drain-replica patroni3', is: 'acts', gates: ['approval'] });
    expect(first?.was).toContain('held by approval');
    expect(first?.row).toMatchObject({ parts: true, isBeyond: false });
    expect(later.every(({ row }) => row.isBeyond && !row.parts)).toBe(true);
  });

  it('shows that a request would not have been sent', async () => {
    const rows = replay(await lagged(withDrain('auto')), withDrain('off'));
    expect(changesIn(rows).find(({ row }) => row.kind === 'second-look')).toMatchObject({
      what: 'drain-replica patroni3',
      was: 'sent',
      is: 'the situation changed between plan and request: nothing was sent',
    });
  });

  it('that was tampered with does not pass: a decision that its situation does not give', async () => {
    const entries = await lagged(withDrain('auto'));
    const forged = entries.map((entry) =>
      entry.body.kind === 'pass' && entry.body.decisions.length > 0
        ? { ...entry, body: { ...entry.body, decisions: [] } }
        : entry,
    );
    expect(changesIn(replay(forged)).length).toBeGreaterThan(0);
  });

  it('of an older version, or without the entry that holds its policy, is not called the same', async () => {
    const [start, ...entries] = await lagged(withDrain('auto'));
    const old = entries.map((entry) => {
      if (entry.body.kind !== 'pass') return entry;
      const { circumstances: _, ...body } = entry.body;
      return { ...entry, body: body };
    });
    const whys = (rows: readonly Redecided[]) =>
      new Set(rows.flatMap((row) => (row.kind === 'skipped' ? [row.why] : [])));
    expect([...whys(replay([start!, ...old]))]).toEqual([
      'written by a version that did not keep what its decisions were made of',
    ]);
    expect([...whys(replay(entries))]).toEqual(['its policy is not in the journal: the entry that held it was pruned']);
  });
});

/** The journal as a daemon writes it, on a disk, after `change` of each body. */
async function onDisk(entries: readonly JournalEntry[], change: (body: EntryBody) => EntryBody): Promise<string> {
  const directory = scratch('replay');
  const [{ scope }] = entries as [JournalEntry];
  const journal = await openJournal({ directory, scope, maxFileBytes: 1e9, keepFiles: 0, run: 'aaaaaaaa' });
  for (const { atMs, body } of entries) await journal.append({ atMs, scope, body: change(body) });
  await journal.close();
  return directory;
}

describe('ekimi replay of a journal that anybody may have written', () => {
  const replayed = async (change: (body: EntryBody) => EntryBody) => {
    const directory = await onDisk(await lagged(withDrain('auto')), change);
    return cli(`replay ${directory}`, {
      backend: { readJournal: (from, options) => readJournal(from, options), replayer: async () => replayer() },
    });
  };

  it('finds each entry as it was', async () => {
    expect(await replayed((body) => body)).toMatchObject({ exit: 0, err: '' });
  });

  it.each<[string, object, string]>([
    ['is bound to what no drain is bound to', { params: { actuators: 'all' } }, 'drain-replica patroni3'],
    ['is of an action that nobody knows', { action: 'drink-tea' }, 'drink-tea patroni3'],
    ['is no plan', { params: null }, 'drain-replica patroni3'],
  ])('refuses the line of an intent whose plan %s, by its file and number, and goes on', async (_what, part, told) => {
    const { exit, err, out } = await replayed((body) =>
      body.kind === 'intent' ? { ...body, plan: { ...body.plan, ...part } } : body,
    );
    expect(err).toMatch(
      new RegExp(
        `^ekimi: skipped email-cluster/journal-000001-aaaaaaaa.jsonl:\\d+: it is about ${told}, with parameters`,
      ),
    );
    expect(out).toContain('1 entry not replayed');
    expect(out).toContain('and 0 second looks');
    expect(exit).toBe(1);
  });

  it('refuses a pass whose ledger has such a run', async () => {
    const { exit, err } = await replayed((body) => {
      if (body.kind !== 'pass' || body.circumstances === undefined) return body;
      const { ledger } = body.circumstances;
      const remediations = ledger.remediations.map((row) => ({
        ...row,
        plan: { ...row.plan, params: { actuators: 7 } },
      }));
      return { ...body, circumstances: { ...body.circumstances, ledger: { ...ledger, remediations } } };
    });
    expect(err).toContain(': its ledger has drain-replica patroni3, with parameters that this version does not know');
    expect(exit).toBe(1);
  });

  it('tells one by which nothing can be decided, and goes on', async () => {
    const { exit, out } = await replayed((body) =>
      body.kind === 'pass' ? ({ ...body, states: { ...body.states, problems: [7] }, problems: [7] } as never) : body,
    );
    expect(out).toContain('not replayed: this version cannot decide by it: ');
    expect(exit).toBe(1);
  });
});

describe('ekimi replay', () => {
  const run = async (argv: string, entries: readonly JournalEntry[], policy: Policy | null = null) =>
    cli(argv, { backend: { readJournal: () => entriesFrom(entries), replayer: async () => replayer(policy) } });

  it('ends with 0 where everything is the same, and says how much that was', async () => {
    const { exit, out } = await run('replay /j', await lagged(withDrain('auto')));
    expect(exit).toBe(0);
    expect(out).toMatch(
      /^same: \d+ passes and 1 second look, .* decided again under the recorded policy: each as it was\n$/,
    );
  });

  it('prints each difference with its gates and ends with 1', async () => {
    const { exit, out } = await run(
      'replay /j --policy other.yaml',
      await lagged(withDrain('approve')),
      withDrain('auto'),
    );
    expect(exit).toBe(1);
    expect(out).toContain('pass: drain-replica patroni3\n');
    expect(out).toMatch(/was {2}held by approval .*\n +is {3}acts \[approval\]\n/);
    expect(out.match(/from here on the recorded future no longer holds/g)).toHaveLength(1);
    expect(out).toMatch(
      /DIFFERS: \d+ of \d+ passes .* under other.yaml; gates that made the difference: approval \d+\n$/,
    );
  });

  it('keeps to a time, with the policy of an entry before it', async () => {
    const entries = await lagged(withDrain('auto'));
    const sentAtMs = entries.find(({ body }) => body.kind === 'intent')!.atMs;
    const from = new Date(sentAtMs - 1).toISOString();
    const { exit, out } = await run(`replay /j --from ${from} --json`, entries);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ looks: 1, skipped: 0, differing: [] });
    expect((JSON.parse(out) as { firstMs: number }).firstMs).toBeGreaterThanOrEqual(sentAtMs - 1);
  });

  it('an empty stretch is no success', async () => {
    const { exit, err } = await run('replay /j --from 2099-01-01T00:00:00Z', await lagged(withDrain('auto')));
    expect(exit).toBe(66);
    expect(err).toContain('holds no decision of that time');
  });
});

describe('what the second look decides on', () => {
  it('leaves what the pass saw and made of it as it is', async () => {
    const ekimi = rig({ policy: withDrain('auto') });
    await ekimi.run(15);
    lagEmergency(ekimi);
    while (!ekimi.requests().includes(DRAIN)) {
      await ekimi.pass();
      const { view, states } = ekimi.session;
      const passes = ekimi.entries('pass');
      if (ekimi.requests().length > 0) {
        expect(passes.at(-1)?.body.view).toBe(view);
        expect(passes.at(-1)?.body.states).toBe(states);
        expect(ekimi.entries('intent').at(-1)?.body.look?.view).not.toBe(view);
      }
      ekimi.cluster.advance(500);
    }
    expect(ekimi.entries('intent')).toHaveLength(1);
  });
});
