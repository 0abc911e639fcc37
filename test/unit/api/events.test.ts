import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventStreams, type Sink, type StreamLimits } from '../../../src/api/events.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

class FakeSink implements Sink {
  readonly written: string[] = [];
  writableLength = 0;
  ended = false;
  destroyed = false;
  /** A reader that has gone quiet leaves everything unread. */
  reads = true;
  #closed: () => void = () => undefined;

  write(piece: Uint8Array): boolean {
    this.written.push(Buffer.from(piece).toString('utf8'));
    if (!this.reads) this.writableLength += piece.length;
    return this.reads;
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  once(_event: 'close', listener: () => void): void {
    this.#closed = listener;
  }

  close(): void {
    this.#closed();
  }
}

const LIMITS = {
  maxClients: 2,
  maxUnreadBytes: 200_000,
  startPatienceMs: 60_000,
  maxUnreadOfAllBytes: 1_000_000,
  keptBytes: 20_000,
  heartbeatMs: 5000,
  patienceMs: 60_000,
};
let streams: EventStreams;
let nowMs = NOW_MS;
const open = (controller: FakeController, limits: Partial<StreamLimits> = {}, run = 'a1'): EventStreams => {
  nowMs = NOW_MS;
  streams = new EventStreams({ controller, now: () => nowMs, redact: String, run, limits: { ...LIMITS, ...limits } });
  return streams;
};

afterEach(() => {
  streams.close();
  vi.useRealTimers();
});

describe('event streams', () => {
  it('send a sentence for an entry and not the readings that it holds', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const sink = new FakeSink();
    open(controller).add(sink);
    const { view, states, decisions } = SCENARIOS.lagHeld();
    controller.write(NOW_MS, { kind: 'pass', tick: 1, cluster: 'lagging', problems: [], decisions, view, states });
    const last = sink.written.at(-1) ?? '';
    expect(last).toMatch(/^id: a1-2\nevent: entry\ndata: .*drain-replica patroni2 held by mode.*\n\n$/);
    expect(last.length).toBeLessThan(1000);
  });

  it('cut off a reader that leaves too much unread, and keep the others', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const [slow, quick] = [new FakeSink(), new FakeSink()];
    slow.reads = false;
    const hub = open(controller);
    hub.add(slow);
    hub.add(quick);
    const startBytes = slow.writableLength;
    for (let pass = 0; pass < 100 && !slow.destroyed; pass += 1) controller.show(SCENARIOS.lagHeld(NOW_MS + pass));
    expect(slow.destroyed).toBe(true);
    expect(slow.writableLength).toBeLessThan(startBytes + LIMITS.maxUnreadBytes + 100_000);
    const before = quick.written.length;
    controller.show(SCENARIOS.healthy());
    expect(quick.written.length).toBeGreaterThan(before);
    expect(hub.size).toBe(1);
  });

  it('have room again when a reader leaves', () => {
    const hub = open(new FakeController(SCENARIOS.healthy()));
    const [first, second] = [new FakeSink(), new FakeSink()];
    hub.add(first);
    hub.add(second);
    expect(hub.hasRoom).toBe(false);
    first.close();
    expect(hub.hasRoom).toBe(true);
  });

  it('beat, so that silence means something', () => {
    vi.useFakeTimers();
    const sink = new FakeSink();
    open(new FakeController(SCENARIOS.healthy())).add(sink);
    const before = sink.written.length;
    vi.advanceTimersByTime(LIMITS.heartbeatMs);
    expect(sink.written.slice(before)).toEqual([`id: a1-1\nevent: heartbeat\ndata: {"nowMs":${NOW_MS}}\n\n`]);
  });

  it('never let a text from outside start a message of its own', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const sink = new FakeSink();
    open(controller).add(sink);
    controller.write(NOW_MS, { kind: 'stop', reason: 'x\n\nevent: snapshot\ndata: {}\n\n' });
    expect((sink.written.at(-1) ?? '').split('\n')).toHaveLength(5);
  });
});

describe('event streams in form of changes', () => {
  const CHANGES = { form: 'changes', lastId: null } as const;
  const said = (sink: FakeSink, from = 0): string => sink.written.slice(from).join('');

  it('tell the whole once, then in a few hundred bytes what a pass changed', () => {
    const controller = new FakeController(SCENARIOS.lagHeld(NOW_MS));
    const sink = new FakeSink();
    open(controller).add(sink, CHANGES);
    const [whole, before] = [said(sink).length, sink.written.length];
    controller.show(SCENARIOS.lagHeld(NOW_MS + 2000));
    expect(said(sink, before)).toMatch(/^id: a1-2\nevent: change\ndata: /);
    expect(said(sink, before).length).toBeLessThan(whole / 20);
  });

  it('say nothing where nothing differs', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const sink = new FakeSink();
    open(controller).add(sink, CHANGES);
    const before = sink.written.length;
    controller.show(SCENARIOS.healthy());
    expect(sink.written).toHaveLength(before);
  });

  it('go on where a client was cut off, lines among it, and tell no state again', () => {
    const controller = new FakeController(SCENARIOS.healthy(NOW_MS));
    const [first, again, other] = [new FakeSink(), new FakeSink(), new FakeSink()];
    const hub = open(controller);
    hub.add(first, CHANGES);
    hub.add(other);
    first.close();
    controller.show(SCENARIOS.healthy(NOW_MS + 2000));
    controller.write(NOW_MS, { kind: 'stop', reason: 'work' });
    hub.add(again, { form: 'changes', lastId: 'a1-1' });
    expect(said(again).match(/(?<=event: ).*/g)).toEqual(['change', 'entry', 'heartbeat']);
    expect(said(again)).toContain('id: a1-3\nevent: heartbeat');
  });

  it.each([
    ['of another run', 'b2-1'],
    ['that was never given', 'a1-99'],
    ['that is none', 'a1-1\u00e9'],
    ['older than what is kept', 'a1-2'],
  ])('begin anew for an id %s', (_which, lastId) => {
    const controller = new FakeController(SCENARIOS.healthy(NOW_MS));
    const sink = new FakeSink();
    const hub = open(controller, { keptBytes: 3_000 });
    hub.add(new FakeSink());
    for (let pass = 1; pass < 50; pass += 1) controller.show(SCENARIOS.lagHeld(NOW_MS + pass * 2000));
    hub.add(sink, { form: 'changes', lastId });
    expect(said(sink).match(/(?<=event: ).*/g)).toEqual(['snapshot', 'heartbeat']);
  });

  it('keep nothing once nobody has listened for a minute, and let nobody go on from before that', () => {
    const controller = new FakeController(SCENARIOS.healthy(NOW_MS));
    const [first, again] = [new FakeSink(), new FakeSink()];
    const hub = open(controller);
    hub.add(first, CHANGES);
    first.close();
    nowMs += LIMITS.patienceMs;
    controller.show(SCENARIOS.lagHeld(nowMs));
    hub.add(again, { form: 'changes', lastId: 'a1-1' });
    expect(said(again)).toContain('event: snapshot');
    expect(said(again)).toContain('"lagging"');
  });

  it('cut off who has not taken its start within a minute, however long that is, and keep who has', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const [silent, reader] = [new FakeSink(), new FakeSink()];
    silent.reads = false;
    open(controller, { maxUnreadBytes: 100 });
    streams.add(silent);
    streams.add(reader);
    expect(silent.writableLength).toBeGreaterThan(100);
    nowMs += 59_000;
    streams.beat();
    expect([silent.destroyed, reader.destroyed]).toEqual([false, false]);
    nowMs += 1_000;
    streams.beat();
    expect([silent.destroyed, reader.destroyed]).toEqual([true, false]);
  });

  it('cut off who leaves most unread once all together leave too much', () => {
    const controller = new FakeController(SCENARIOS.healthy(NOW_MS));
    const sinks = Array.from({ length: 8 }, () => new FakeSink());
    const hub = open(controller, { maxClients: 9, maxUnreadBytes: 5_000_000, maxUnreadOfAllBytes: 300_000 });
    const slow = sinks.slice(0, 7);
    for (const sink of sinks) hub.add(sink);
    for (const sink of slow) sink.reads = false;
    for (let pass = 1; pass < 40; pass += 1) controller.show(SCENARIOS.lagHeld(NOW_MS + pass));
    const left = sinks.filter(({ destroyed }) => !destroyed);
    expect(left).toContain(sinks[7]);
    expect(left.reduce((sum, { writableLength }) => sum + writableLength, 0)).toBeLessThanOrEqual(300_000);
  });
});
