import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { renderIncident, renderIncidents } from '../../../src/cli/render/incident.js';
import type { EntryBody, JournalEntry } from '../../../src/model/entry.js';
import { narrate } from '../../../src/words/narrate.js';
import { cli } from '../../support/fake-cli.js';
import { incident } from '../../support/scenarios.js';
import { NOW_MS, plan } from '../../support/snapshots.js';

const PLAIN = { color: false, columns: 100, nowMs: NOW_MS };
const one = incident();
const ended = {
  ...incident(NOW_MS - 600_000),
  id: '0badcafe',
  withoutWrites: { ms: 2_000, unsureMs: 1_000, sinceMs: null, untoldSinceMs: null },
  quietSinceMs: NOW_MS - 600_000,
  endedAtMs: NOW_MS - 600_000,
};

const entry = (seq: number, agoMs: number, body: EntryBody): JournalEntry => ({
  seq,
  atMs: NOW_MS - agoMs,
  scope: 'email-cluster',
  body,
  prev: 'p',
  hash: 'h',
});
const of = (which: typeof one) => ({ kind: 'incident', change: 'opened', of: which, incident: which.id }) as const;
const STORY = [
  entry(1, 660_000, of(ended)),
  entry(2, 600_000, { ...of(ended), change: 'ended' }),
  entry(3, 53_000, of(one)),
  entry(4, 52_900, {
    kind: 'intent',
    id: 'r1',
    plan: plan('expedite-failover', 'patroni1', 'leader-down'),
    step: 0,
    request: "etcd: delete the leader key if it is patroni1's at mod revision 77",
    shadow: false,
    epoch: '1',
    incident: one.id,
  }),
  entry(5, 50_000, { kind: 'switch', change: 'on', by: 'ann', switch: {} as never }),
  entry(6, 12_000, {
    kind: 'page',
    code: 'leaderless',
    subject: 'email-cluster',
    text: 'nobody leads',
    incident: one.id,
  }),
];
const backend = {
  readJournal: async function* () {
    yield* STORY;
  },
};

describe('ekimi incidents --since and --tz', () => {
  const list = (argv: string) => cli(`incidents --journal /j ${argv}`, { backend });

  it('lists all that were open from then on, and no earlier one', async () => {
    expect((await list('--since 1h')).out).toMatch(/0badcafe[^]*|7f3a19c2/);
    const { out } = await list('--since 5m');
    expect(out).toContain(one.id);
    expect(out).not.toContain('0badcafe');
  });

  it('asked of a daemon elsewhere are found by it, in its journal too', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const url = request.url ?? '';
      asked.push(url);
      response.setHeader('content-type', 'application/json');
      const body = url === '/v1/clusters' ? { clusters: [{ scope: 'email-cluster' }] } : { incidents: [one, ended] };
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { out, err, exit } = await cli(`incidents --since 1h --url ${url} --scope email-cluster --json`);
    server.close();
    expect([exit, err]).toEqual([0, '']);
    expect(asked).toContain(`/v1/clusters/email-cluster/incidents?since=${NOW_MS - 3_600_000}`);
    const [{ incidents = [] } = {}] = JSON.parse(out) as { incidents?: { id: string; endedAtMs: number | null }[] }[];
    expect(incidents.map(({ id, endedAtMs }) => [id, endedAtMs])).toEqual([
      [one.id, null],
      [ended.id, ended.endedAtMs],
    ]);
  });

  it('is for the list alone', async () => {
    expect(await list(`${one.id} --since 1h`)).toMatchObject({
      exit: 64,
      err: expect.stringContaining('--since is for the list'),
    });
  });

  it('shows times in the zone that is asked for, and in JSON as ever', async () => {
    const utc = (await list(one.id)).out;
    const there = (await list(`${one.id} --tz Asia/Kolkata`)).out;
    expect(utc).toMatch(/first seen at 2026-11-22 09:29:06Z/);
    expect(there).toMatch(/first seen at 2026-11-22 14:59:06\+05:30/);
    expect(there).not.toMatch(/\d\dZ/);
    expect((await list(`${one.id} --tz Asia/Kolkata --json`)).out).toBe((await list(`${one.id} --json`)).out);
  });

  it.each(['CEST+1', 'Europe/Nowhere', '""'])('--tz %s is a wrong command line, with the remedy', async (zone) => {
    const { exit, err } = await list(`--tz ${zone}`);
    expect(exit).toBe(64);
    expect(err).toContain('Write a name of IANA, like Europe/Berlin');
  });
});

describe('ekimi incident', () => {
  it('lists the open ones and those that ended', () => {
    expect(renderIncidents('email-cluster', [one, ended], PLAIN)).toMatchInlineSnapshot(`
      "email-cluster
        7f3a19c2  leader-down patroni1: open for 54 s; 54 s without writes until now (±2 s); 2 problems, 1 action, 1 page
        0badcafe  leader-down patroni1: over after 54 s, at 09:20:00Z; 2 s without writes (±1 s); 2 problems, 1 action, 1 page"
    `);
  });

  it('tells one as a timeline', () => {
    const lines = STORY.filter(({ body }) => body.incident === one.id).map(narrate);
    expect(renderIncident(one, lines, PLAIN)).toMatchInlineSnapshot(`
      "incident 7f3a19c2: leader-down patroni1
      first seen at 2026-11-22 09:29:06Z; open for 54 s; 54 s without writes until now (±2 s); 2 problems,
        1 action, 1 page

      PROBLEMS
            +0.0 s  leader-down patroni1, stood for 14 s
            +2.0 s  leaderless email-cluster, stands

      WHAT HAPPENED
        09:29:07Z     +1.0 s  incident 7f3a19c2: leader-down patroni1, first seen at 09:29:06Z
        09:29:07Z     +1.1 s  expedite-failover patroni1, step 1: sends etcd: delete the leader key if it
                              is patroni1's at mod revision 77
        09:29:48Z    +42.0 s  paged for leaderless email-cluster: nobody leads"
    `);
  });

  it('tells each thing once: a request with its answer, and of a pass what is new', () => {
    const waits = (...codes: readonly string[]) => ({
      kind: 'pass' as const,
      tick: 1,
      cluster: '',
      problems: [],
      view: null,
      states: null,
      decisions: codes.map((code) => ({
        kind: 'waiting' as const,
        code: code as 'leaderless',
        subject: 'email-cluster',
        why: 'counts at 09:29:42Z if it persists',
        untilMs: null,
      })),
    });
    const reply = { effect: 'done', status: 200, text: 'ok', tookMs: 3 } as const;
    const told = [
      ...STORY.slice(2, 4),
      entry(7, 52_000, { kind: 'outcome', id: 'r1', step: 0, reply, shadow: false }),
      entry(8, 51_000, waits('leaderless')),
      entry(9, 50_000, waits('leaderless')),
      entry(10, 49_000, waits('leaderless', 'member-down')),
    ];
    const text = renderIncident(one, told.map(narrate), PLAIN);
    expect(text.match(/sends etcd[^]*?revision 77: done 200 in 3 ms: ok/)).not.toBeNull();
    expect(text.match(/waiting on leaderless/g)).toHaveLength(1);
    expect(text).toContain('waiting on member-down email-cluster: counts at');
    expect(text).toContain('left out: 1 pass that said nothing new; --json has them');
  });

  it('tells what is held once, whatever its evidence counts, and never of nobody', () => {
    const held = (why: string, ...gates: readonly string[]) => ({
      kind: 'held' as const,
      plan: plan('reinitialize-replica', 'patroni2', 'replica-start-failed'),
      why,
      blocks: gates.map((gate) => ({ gate, because: '', unblock: '', retryAtMs: null }) as never),
      steps: [],
    });
    const waiting = {
      kind: 'waiting',
      code: 'member-down',
      subject: 'a2',
      why: 'start-member is off; fails',
      untilMs: null,
    };
    const pass = (agoMs: number, ...decisions: readonly object[]): JournalEntry =>
      entry(agoMs, agoMs, {
        kind: 'pass',
        tick: 1,
        cluster: '',
        problems: [],
        view: null,
        states: null,
        decisions,
      } as never);
    const log = (time: string, rate: string) =>
      `fails to start; log: ${time} UTC [41] FATAL: no pg_control; WAL grows by ${rate}`;
    const told = [
      pass(50_000, held(log('2026-11-22 09:28:10.101', '58 s of disk'), 'blast-radius', 'blast-radius'), waiting),
      pass(49_000, held('PostgreSQL fails; another line of its log', 'blast-radius'), waiting),
      pass(48_000, waiting),
      pass(47_000, held(log('2026-11-22 09:28:13', '1 min 3 s of disk'), 'blast-radius'), waiting),
      pass(46_000, held('PostgreSQL fails', 'blast-radius', 'cooldown'), waiting),
    ];
    const text = renderIncident(one, told.map(narrate), { ...PLAIN, columns: 400 });
    expect(text.match(/held by/g)).toHaveLength(2);
    expect(text).toContain('held by blast-radius: fails to start; log: ');
    expect(text).toContain('held by blast-radius, cooldown: ');
    expect(text.match(/waiting on member-down a2: start-member is off; fails/g)).toHaveLength(1);
    expect(text).not.toContain('a person must act on');
    expect(text).toContain('left out: 3 passes that said nothing new');
  });

  it('says a time of two parts as one of one part: only the figures differ', () => {
    const pass = (agoMs: number, why: string): JournalEntry =>
      entry(agoMs, agoMs, {
        ...{ kind: 'pass', tick: 1, cluster: '', problems: [], view: null, states: null },
        decisions: [{ kind: 'waiting', code: 'member-down', subject: 'a2', why, untilMs: null }],
      } as never);
    const told = [pass(9_000, 'down for 58 s'), pass(5_000, 'down for 1 min 2 s')];
    expect(renderIncident(one, told.map(narrate), PLAIN).match(/waiting on/g)).toHaveLength(1);
  });

  it('lists its problems by their first sight, though one was joined later', () => {
    const joined = { ...one, problems: [...one.problems].reverse() };
    expect(renderIncident(joined, [], PLAIN)).toMatch(/\+0\.0 s  leader-down patroni1[^]*\+2\.0 s  leaderless/);
  });

  it.each([60, 80, 120])('keeps to %i columns', (columns) => {
    const text = renderIncident(one, STORY.map(narrate), { ...PLAIN, columns });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('says so where there is none', () => {
    expect(renderIncidents('email-cluster', [], PLAIN)).toBe(
      'email-cluster  no incident is open, and none ended of late',
    );
  });

  it('finds one in the files of a journal by the beginning of its id, with nothing of another', async () => {
    const { out, exit } = await cli('incident 7f3a --journal /j', { backend });
    expect(exit).toBe(0);
    expect(out).toContain('delete the leader key');
    expect(out).toContain('nobody leads');
    expect(out).not.toContain('0badcafe');
    expect(out).not.toContain('paused');
  });

  it('lists what a journal has, the last of each', async () => {
    const { out } = await cli('incident --journal /j', { backend });
    expect(out.match(/0badcafe/g)).toHaveLength(1);
    expect(out).toContain('2 s without writes (±1 s)');
  });

  it('names those that there are when there is none of this id', async () => {
    const { err, exit } = await cli('incident 99 --journal /j', { backend });
    expect([exit, err]).toEqual([66, 'ekimi: there is no one incident 99\n  There are: 7f3a19c2, 0badcafe.\n']);
  });
});
