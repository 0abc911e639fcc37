import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivered, NotificationsConfig, Outgoing } from '../../../src/model/notify.js';
import { openHub, type Hub } from '../../../src/notify/hub.js';
import { openSpool, type Spool } from '../../../src/notify/spool.js';
import type { Clock } from '../../../src/ports/clock.js';
import { CHAT, config, ended, message, NOW_MS, PAGER } from './notices.js';

/** Virtual time: sleepers wake in order. */
class TestClock implements Clock {
  #nowMs = NOW_MS;
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  now = (): number => this.#nowMs;
  monotonic = (): number => this.#nowMs;
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else {
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
        this.#sleepers.push({ atMs: this.#nowMs + ms, wake: resolve });
      }
    });
  }
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const [next] = this.#sleepers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#sleepers = this.#sleepers.filter((one) => one !== next);
      next.wake();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
};

interface Got {
  readonly channel: string;
  readonly atMs: number;
  readonly body: string;
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ekimi-spool-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

class Rig {
  readonly clock = new TestClock();
  readonly got: Got[] = [];
  readonly tries: string[] = [];
  readonly logged: string[] = [];
  answer: (channel: string, body: string) => Delivered = () => ({ kind: 'sent' });
  #ids = 0;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  hub!: Hub;
  isOneOfSeveral = false;

  /** What opening the spool gives, the first time and again. */
  spools: (() => Spool | null)[] = [];

  #spool(): Spool | null {
    return (this.spools.shift() ?? (() => openSpool(directory)))();
  }

  open(settings: Partial<NotificationsConfig> = {}, instance = 'one'): Hub {
    const channels = config(settings).channels;
    const run = Math.random().toString(36).slice(2);
    this.#stop = new AbortController();
    this.hub = openHub({
      config: config(settings),
      channels: Object.fromEntries(
        channels.map(({ name }) => [
          name,
          {
            send: async (outgoing: Outgoing, atMs: number): Promise<Delivered> => {
              const body = outgoing.via === 'http' ? outgoing.body : outgoing.text;
              this.tries.push(name);
              const delivered = this.answer(name, body);
              if (delivered.kind === 'sent') this.got.push({ channel: name, atMs, body });
              return delivered;
            },
            reach: () => Promise.resolve(null),
            close: () => undefined,
          },
        ]),
      ),
      clock: this.clock,
      random: () => 1,
      newId: () => `${run}-${(this.#ids += 1)}`,
      spool: this.#spool(),
      reopen: () => {
        const spool = this.#spool();
        if (spool === null) throw new Error('EACCES');
        return spool;
      },
      isOneOfSeveral: this.isOneOfSeveral,
      redact: (text) => text.replaceAll('geheim', '[secret]'),
      instance,
      isOpen: () => true,
      log: {
        info: (_fields, text) => this.logged.push(text),
        warn: ({ code }) => this.logged.push(code),
        error: ({ code }) => this.logged.push(code),
      },
    });
    this.#running = this.hub.run(this.#stop.signal);
    return this.hub;
  }

  /** As kill -9: nothing is closed, nothing is finished. */
  kill(): void {
    this.answer = () => ({ kind: 'retry', why: 'killed' });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.clock.pass(3_000);
    await this.#running;
  }

  to(channel: string): readonly string[] {
    return this.got.filter((one) => one.channel === channel).map(({ body }) => body);
  }

  /** What PagerDuty was sent, as `action key`. */
  get events(): readonly string[] {
    return this.to('pager').map((body) => {
      const { event_action: action, dedup_key: key } = JSON.parse(body) as Record<string, string>;
      return `${action} ${key}`;
    });
  }
}

const down = (): Delivered => ({ kind: 'retry', why: 'status 503' });
const KEY = 'email-cluster/7f3a19c2';

describe('an incident', () => {
  it('is triggered, acknowledged and resolved under one key', async () => {
    const rig = new Rig();
    const { notifier } = rig.open();
    notifier.page(message());
    notifier.page(message({ code: 'leaderless', subject: 'email-cluster' }));
    notifier.page(message({ change: 'acknowledged', toldBy: 'one' }));
    await rig.clock.pass(1_000);
    notifier.page(ended({ isLast: false }));
    notifier.page(ended({ code: 'leaderless' }));
    await rig.clock.pass(1_000);
    expect(rig.events).toEqual([`trigger ${KEY}`, `trigger ${KEY}`, `acknowledge ${KEY}`, `resolve ${KEY}`]);
    await rig.close();
  });

  it('arrives once the channel is back after an hour, once, its end behind its beginning', async () => {
    const rig = new Rig();
    rig.open();
    rig.answer = (channel) => (channel === 'pager' ? down() : { kind: 'sent' });
    rig.hub.notifier.page(message());
    await rig.clock.pass(20 * 60_000);
    rig.hub.notifier.page(message({ change: 'reminder' }));
    await rig.clock.pass(20 * 60_000);
    rig.hub.notifier.page(message({ change: 'reminder' }));
    rig.hub.notifier.page(ended());
    await rig.clock.pass(20 * 60_000);
    expect(rig.events).toEqual([]);
    const tries = rig.tries.filter((name) => name === 'pager').length;
    // Less and less often: 1 s, 2 s, ... 5 min.
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(30);
    expect(rig.hub.failing()).toMatchObject([{ name: 'pager', why: 'status 503' }]);
    rig.answer = () => ({ kind: 'sent' });
    await rig.clock.pass(5 * 60_000);
    expect(rig.events).toEqual([`trigger ${KEY}`, `trigger ${KEY}`, `resolve ${KEY}`]);
    expect(rig.hub.failing()).toEqual([]);
    await rig.close();
  });

  it('survives a kill: the next run sends it, and knows what was told', async () => {
    const rig = new Rig();
    rig.open();
    rig.answer = (channel) => (channel === 'pager' ? down() : { kind: 'sent' });
    rig.hub.notifier.page(message());
    await rig.clock.pass(1_000);
    rig.kill();
    const next = new Rig();
    next.open({}, 'two');
    await next.clock.pass(1_000);
    expect(next.events).toEqual([`trigger ${KEY}`]);
    expect(next.to('chat')).toEqual([]);
    next.hub.notifier.page(ended({ toldBy: 'two' }));
    await next.clock.pass(1_000);
    expect(next.events).toEqual([`trigger ${KEY}`, `resolve ${KEY}`]);
    expect(next.to('chat')).toHaveLength(1);
    await next.close();
  });

  it('has no end for people where it had no beginning; where incidents are counted the last end goes out, and nothing else', async () => {
    const rig = new Rig();
    rig.open();
    rig.hub.notifier.page(ended({ isLast: false }));
    rig.hub.notifier.page(message({ change: 'acknowledged', toldBy: 'one' }));
    await rig.clock.pass(1_000);
    expect(rig.to('pager')).toEqual([]);
    rig.hub.notifier.page(ended());
    await rig.clock.pass(1_000);
    expect(rig.events).toEqual([`resolve ${KEY}`]);
    expect(rig.to('chat')).toEqual([]);
    await rig.close();
  });

  it('that goes on under another key is over where incidents are counted, and nowhere else', async () => {
    const rig = new Rig();
    rig.open();
    rig.hub.notifier.page(message());
    rig.hub.notifier.page(ended({ isHandedOver: true }));
    await rig.clock.pass(1_000);
    expect(rig.events).toEqual([`trigger ${KEY}`, `resolve ${KEY}`]);
    expect(rig.to('chat')).toHaveLength(1);
    await rig.close();
  });

  it.each([
    ['another instance told it', 'another'],
    ['its spool was lost', 'one'],
  ])('is resolved where %s', async (_case, toldBy) => {
    const rig = new Rig();
    rig.open({
      routes: [{ to: ['pager'], levels: ['critical'], subjects: ['*'], clusters: ['*'], during: null }],
    });
    rig.hub.notifier.page(ended({ toldBy, level: 'warning' }));
    await rig.clock.pass(1_000);
    expect(rig.events).toEqual([`resolve ${KEY}`]);
    await rig.close();
  });

  it('is ended where it was told, whatever routes say by then', async () => {
    const rig = new Rig();
    rig.open({
      routes: [{ to: ['pager'], levels: ['critical'], subjects: ['*'], clusters: ['*'], during: null }],
    });
    rig.hub.notifier.page(message());
    await rig.clock.pass(1_000);
    rig.hub.notifier.page(ended({ level: 'warning' }));
    await rig.clock.pass(1_000);
    expect(rig.events).toEqual([`trigger ${KEY}`, `resolve ${KEY}`]);
    expect(rig.to('chat')).toEqual([]);
    await rig.close();
  });
});

describe('a channel', () => {
  it('that refuses one message for good is told, and takes the next', async () => {
    const rig = new Rig();
    rig.open({ channels: [CHAT] });
    rig.answer = (_channel, body) =>
      body.includes('patroni1') ? { kind: 'refused', why: 'status 400' } : { kind: 'sent' };
    rig.hub.notifier.page(message());
    await rig.clock.pass(1_000);
    expect(rig.hub.failing()).toMatchObject([{ name: 'chat', why: 'status 400' }]);
    expect(rig.logged).toContain('NOTIFY_LOST');
    rig.hub.notifier.page(message({ subject: 'patroni2', key: 'other', text: 'x' }));
    await rig.clock.pass(1_000);
    expect(rig.to('chat')).toHaveLength(1);
    await rig.close();
  });

  it('is not told to fail for days where nothing waits for it', async () => {
    const rig = new Rig();
    rig.open({ channels: [CHAT] });
    rig.answer = () => ({ kind: 'refused', why: 'status 400' });
    rig.hub.notifier.page(message());
    await rig.clock.pass(2 * 60_000);
    expect(rig.hub.failing()).toHaveLength(1);
    await rig.clock.pass(10 * 60_000);
    expect(rig.hub.failing()).toEqual([]);
    rig.hub.notifier.page(message());
    await rig.clock.pass(1_000);
    expect(rig.hub.failing()).toMatchObject([{ sinceMs: NOW_MS + 12 * 60_000 }]);
    await rig.close();
  });

  it('is not held up by one message that it never takes', async () => {
    const rig = new Rig();
    rig.open({ channels: [PAGER] });
    rig.answer = (_channel, body) => (body.includes('"email-cluster/bad"') ? down() : { kind: 'sent' });
    rig.hub.notifier.page(message({ key: 'bad' }));
    rig.hub.notifier.page(message({ key: 'good' }));
    await rig.clock.pass(10_000);
    expect(rig.events).toEqual(['trigger email-cluster/good']);
    await rig.close();
  });

  it('that fails is told by the others, not by itself', async () => {
    const rig = new Rig();
    rig.open();
    rig.hub.notifier.page(message({ code: 'notify-failed', subject: 'notify:pager', level: 'warning', key: 'n' }));
    await rig.clock.pass(1_000);
    expect(rig.to('pager')).toEqual([]);
    expect(rig.to('chat')).toHaveLength(1);
    await rig.close();
  });

  it('waits as long as it asks for', async () => {
    const rig = new Rig();
    rig.open({ channels: [CHAT] });
    rig.answer = () => ({ kind: 'retry', why: 'status 429', afterMs: 120_000 });
    rig.hub.notifier.page(message());
    await rig.clock.pass(100_000);
    expect(rig.tries).toHaveLength(1);
    await rig.clock.pass(30_000);
    expect(rig.tries).toHaveLength(2);
    await rig.close();
  });
});

describe('a storm', () => {
  it('comes as one message where people read it, and one by one where incidents are counted', async () => {
    const rig = new Rig();
    rig.open({ digest: { count: 3, withinMs: 60_000 } });
    for (let index = 0; index < 20; index += 1) {
      rig.hub.notifier.page(message({ subject: `patroni${index}`, key: `k${index}` }));
      await rig.clock.pass(100);
    }
    await rig.clock.pass(120_000);
    expect(rig.events).toHaveLength(20);
    expect(rig.to('chat')).toHaveLength(4);
    expect(rig.to('chat')[3]).toContain('17 messages at once: 17 critical');
    await rig.close();
  });

  it('that is refused for one of its messages costs that one alone', async () => {
    const rig = new Rig();
    rig.open({ channels: [CHAT], digest: { count: 3, withinMs: 60_000 } });
    rig.answer = (_channel, body) =>
      body.includes('patroni7') ? { kind: 'refused', why: 'status 413' } : { kind: 'sent' };
    for (let index = 0; index < 10; index += 1)
      rig.hub.notifier.page(message({ subject: `patroni${index}`, text: `patroni${index}`, key: `k${index}` }));
    await rig.clock.pass(10 * 60_000);
    const told = rig.to('chat').join();
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((index) => !told.includes(`patroni${index}`))).toEqual([7]);
    expect(rig.hub.health()).toMatchObject([{ waiting: 0, lost: 1 }]);
    await rig.close();
  });
});

describe('the spool', () => {
  it('keeps the oldest when it is full, and that is told', async () => {
    const rig = new Rig();
    rig.open({ channels: [PAGER], spool: { directory, maxBytes: 2_000 } });
    rig.answer = down;
    for (let index = 0; index < 20; index += 1) rig.hub.notifier.page(message({ key: `k${index}` }));
    await rig.clock.pass(1_000);
    expect(rig.hub.failing().map(({ name }) => name)).toEqual(['pager', 'spool']);
    expect(rig.logged).toContain('NOTIFY_LOST');
    rig.hub.notifier.page(ended({ key: 'k19' }));
    rig.answer = () => ({ kind: 'sent' });
    await rig.clock.pass(10 * 60_000);
    expect(rig.events).toContain('trigger email-cluster/k0');
    expect(rig.events.length).toBeLessThan(10);
    expect(rig.events.filter((event) => event.startsWith('resolve'))).toEqual([]);
    await rig.close();
  });

  it('that is full takes the end of what was told', async () => {
    const rig = new Rig();
    rig.open({ channels: [PAGER, CHAT], spool: { directory, maxBytes: 2_000 } });
    rig.hub.notifier.page(message({ key: 'told' }));
    await rig.clock.pass(1_000);
    rig.answer = down;
    for (let index = 0; index < 20; index += 1) rig.hub.notifier.page(message({ key: `k${index}` }));
    rig.hub.notifier.page(message({ key: 'told', change: 'acknowledged', toldBy: 'one' }));
    rig.hub.notifier.page(ended({ key: 'told' }));
    expect(rig.hub.failing().map(({ name }) => name)).toContain('spool');
    rig.answer = () => ({ kind: 'sent' });
    await rig.clock.pass(10 * 60_000);
    expect(rig.events.filter((event) => event.endsWith('/told'))).toEqual(
      ['trigger', 'acknowledge', 'resolve'].map((action) => `${action} email-cluster/told`),
    );
    expect(rig.to('chat').at(-1)).toContain('over:');
    await rig.close();
  });

  it('that cannot be opened is tried again, with what was told meanwhile and what was on the disk', async () => {
    const before = new Rig();
    before.open({ channels: [PAGER] });
    before.answer = down;
    before.hub.notifier.page(message({ key: 'before' }));
    await before.clock.pass(1_000);
    const rig = new Rig();
    rig.spools = [() => null, () => null];
    rig.open({ channels: [PAGER] });
    rig.answer = down;
    rig.hub.notifier.page(message({ key: 'meanwhile' }));
    await rig.clock.pass(61_000);
    expect(rig.hub.failing().map(({ name }) => name)).toEqual(['pager', 'spool']);
    await rig.clock.pass(61_000);
    expect(rig.hub.failing().map(({ name }) => name)).toEqual(['pager']);
    const next = openSpool(directory);
    expect(next.outbox.items.map(({ notice }) => notice.key)).toEqual([
      'email-cluster/before',
      'email-cluster/meanwhile',
    ]);
    next.close();
  });

  it('gives up after a day what nobody took, and says so', async () => {
    const rig = new Rig();
    rig.open({ channels: [PAGER] });
    rig.answer = down;
    rig.hub.notifier.page(message());
    await rig.clock.pass(25 * 60 * 60_000);
    expect(rig.hub.health()).toMatchObject([{ name: 'pager', waiting: 0, lost: 1 }]);
    await rig.close();
  });

  it('holds no secret', async () => {
    const rig = new Rig();
    rig.open({ channels: [CHAT] });
    rig.answer = down;
    rig.hub.notifier.page(message({ text: 'the password is geheim', unblock: ['try geheim'] }));
    await rig.clock.pass(1_000);
    const kept = readFileSync(join(directory, 'outbox.jsonl'), 'utf8');
    expect(kept).toContain('the password is [secret]');
    expect(kept).not.toContain('geheim');
    rig.answer = () => ({ kind: 'sent' });
    await rig.clock.pass(60_000);
    expect(rig.to('chat')[0]).toContain('[secret]');
    await rig.close();
  });
});

it('a message carries the links to its incident and its question, and its end the incident alone', async () => {
  const rig = new Rig();
  rig.open({ channels: [CHAT] });
  rig.hub.notifier.page(message({ approvals: ['a-1'] }));
  rig.hub.notifier.page(ended());
  await rig.clock.pass(1_000);
  const [first = '', last = ''] = rig.to('chat');
  for (const place of [
    'incident/7f3a19c2|',
    'approval/a-1/approve|',
    'approval/a-1/reject|',
    'incident/7f3a19c2/acknowledge|',
  ])
    expect(first).toContain(`https://ekimi.example.com/#/email-cluster/${place}`);
  expect(last).toContain('/incident/7f3a19c2|');
  expect(last).not.toMatch(/approve|acknowledge/);
  await rig.close();
});

it('a message about what is part of no incident carries the link to take it on, and one that nobody can take on has none', async () => {
  const rig = new Rig();
  rig.open({ channels: [CHAT] });
  const { incident: _incident, ...alone } = message({ code: 'observer-impaired', key: 'ekimi/email-cluster' });
  rig.hub.notifier.page({ ...alone, page: 'ekimi/email-cluster' });
  rig.hub.notifier.page({ ...alone, key: 'pass-failed/one' });
  await rig.clock.pass(1_000);
  const [own = '', loop = ''] = rig.to('chat');
  expect(own).toContain('/#/email-cluster/page/ekimi%2Femail-cluster/acknowledge|');
  expect(own).toContain('ekimi acknowledge email-cluster/ekimi/email-cluster --reason');
  expect(loop).not.toContain('acknowledge');
  await rig.close();
});

it.each([
  [false, 'ekimi run-procedure reseed-dcs'],
  [true, 'ekimi run-procedure --scope email-cluster reseed-dcs'],
])('a command in a message can be typed as it stands; of several clusters: %s', async (isOneOfSeveral, command) => {
  const rig = new Rig();
  rig.isOneOfSeveral = isOneOfSeveral;
  rig.open({ channels: [CHAT] });
  const way = 'gone for good: ekimi run-procedure reseed-dcs';
  rig.hub.notifier.page(message({ text: `etcd is silent; what you can do: ${way}`, unblock: [way] }));
  await rig.clock.pass(1_000);
  const [body = ''] = rig.to('chat');
  expect(body).toContain(command);
  expect(body.includes('--scope')).toBe(isOneOfSeveral);
  await rig.close();
});

it('an escalation goes to its own channels', async () => {
  const rig = new Rig();
  rig.open({
    routes: [{ to: ['chat'], levels: ['critical'], subjects: ['*'], clusters: ['*'], during: null }],
    escalation: [{ afterMs: 900_000, levels: ['critical'], to: ['pager'] }],
  });
  rig.hub.notifier.page(message());
  rig.hub.notifier.page(message({ change: 'escalated', step: 0, toldBy: 'one' }));
  await rig.clock.pass(1_000);
  expect(rig.to('chat')).toHaveLength(1);
  expect(rig.events).toEqual([`trigger ${KEY}`]);
  await rig.close();
});

it('a report goes to the channels that it names, is kept over an outage, and calls nobody', async () => {
  const rig = new Rig();
  rig.open({ channels: [PAGER, CHAT] });
  rig.answer = down;
  const summary = ['the password is geheim'];
  const document = { title: 'Report of email-cluster', summary, sections: [] };
  rig.hub.report({ scope: 'email-cluster', atMs: NOW_MS, text: summary[0] ?? '', document, to: ['chat', 'pager'] });
  await rig.clock.pass(10_000);
  await rig.close();
  rig.open({ channels: [PAGER, CHAT] });
  rig.answer = () => ({ kind: 'sent' });
  await rig.clock.pass(600_000);
  expect(rig.to('chat')).toHaveLength(1);
  expect(rig.to('chat')[0]).toContain('the password is [secret]');
  expect(rig.to('pager')).toEqual([]);
  await rig.close();
});
