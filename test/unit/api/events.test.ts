import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventStreams, type Sink } from '../../../src/api/events.js';
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

  write(text: string): boolean {
    this.written.push(text);
    if (!this.reads) this.writableLength += text.length;
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

const LIMITS = { maxClients: 2, maxUnreadBytes: 200_000, heartbeatMs: 5000 };
let streams: EventStreams;
const open = (controller: FakeController): EventStreams => {
  streams = new EventStreams(controller, () => NOW_MS, String, LIMITS);
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
    expect(last).toMatch(/^event: entry\ndata: .*drain-replica patroni2 held by mode.*\n\n$/);
    expect(last.length).toBeLessThan(1000);
  });

  it('cut off a reader that leaves too much unread, and keep the others', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const [slow, quick] = [new FakeSink(), new FakeSink()];
    slow.reads = false;
    const hub = open(controller);
    hub.add(slow);
    hub.add(quick);
    for (let pass = 0; pass < 100 && !slow.destroyed; pass += 1) controller.show(SCENARIOS.lagHeld());
    expect(slow.destroyed).toBe(true);
    expect(slow.writableLength).toBeLessThan(2 * LIMITS.maxUnreadBytes);
    const before = quick.written.length;
    controller.show(SCENARIOS.healthy());
    expect(quick.written.length).toBe(before + 1);
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
    expect(sink.written.slice(before)).toEqual([`event: heartbeat\ndata: {"nowMs":${NOW_MS}}\n\n`]);
  });

  it('never let a text from outside start a message of its own', () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const sink = new FakeSink();
    open(controller).add(sink);
    controller.write(NOW_MS, { kind: 'stop', reason: 'x\n\nevent: snapshot\ndata: {}\n\n' });
    expect((sink.written.at(-1) ?? '').split('\n')).toHaveLength(4);
  });
});
